"""Environments of a test's own, made from the project's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from rehearsal.cdk import PROJECT


def write_environment(
    folder: Path, name: str, change: Callable[[dict[str, Any]], None], *, like: str = "dynamic-provisioning"
) -> None:
    """Write `NAME.yaml` into a folder: the project's environment `like`, changed by `change`."""
    content = yaml.safe_load((PROJECT / "environments" / f"{like}.yaml").read_text())
    change(content)
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))
