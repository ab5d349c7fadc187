"""A buildspec: the commands of a build, and what it hands on.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rehearsal.pipeline.step_failed import StepFailedError

PHASES = ("install", "pre_build", "build", "post_build")
"""In their order."""

_SECTIONS = frozenset({"version", "phases", "env", "artifacts", "cache"})
_OF_PHASE = frozenset({"commands", "runtime-versions"})


@dataclass(frozen=True)
class Buildspec:
    """What a build runs."""

    runtimes: Mapping[str, str]
    """`python` -> the version that the image is to provide."""
    commands: Mapping[str, tuple[str, ...]]
    """Phase -> its commands."""
    variables: Mapping[str, str]
    exported: tuple[str, ...]
    """Variables that later actions may refer to."""
    base_directory: str | None
    """The folder that is handed on; None: the build hands nothing on."""
    cached: tuple[str, ...] = ()
    """Patterns of the paths that a cache keeps, where the project has one."""

    @classmethod
    def read(cls, text: str, source: Path) -> "Buildspec":
        """A buildspec.

        Args:
            text: itself, or the path of its file in the source.
            source: the folder of the source.

        Raises:
            StepFailedError: there is no such file, or it says what is not rehearsed.
        """
        if "\n" not in text and not text.lstrip().startswith("{"):
            file = source / text
            if not file.is_file():
                raise StepFailedError(f"the source has no buildspec {text}")
            text = file.read_text(encoding="utf-8")
        content: dict[str, Any] = yaml.safe_load(text)
        _refuse_unknown(content, _SECTIONS, "the buildspec")
        phases = content.get("phases", {})
        for phase, body in phases.items():
            _refuse_unknown(body, _OF_PHASE, f"the phase {phase}")
        environment = content.get("env", {})
        _refuse_unknown(environment, frozenset({"variables", "exported-variables"}), "env")
        cache = content.get("cache", {})
        _refuse_unknown(cache, frozenset({"paths"}), "cache")
        artifacts = content.get("artifacts")
        if artifacts and artifacts["files"] not in ("**/*", ["**/*"]):
            raise StepFailedError(f"not rehearsed: the artefacts {artifacts['files']}")
        runtimes = phases.get("install", {}).get("runtime-versions", {})
        return cls(
            runtimes={name: str(version) for name, version in runtimes.items()},
            commands={phase: tuple(phases.get(phase, {}).get("commands", ())) for phase in PHASES},
            variables=environment.get("variables", {}),
            exported=tuple(environment.get("exported-variables", ())),
            base_directory=artifacts.get("base-directory", ".") if artifacts else None,
            cached=tuple(cache.get("paths", ())),
        )


def _refuse_unknown(body: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    if unknown := sorted(body.keys() - known):
        raise StepFailedError(f"not rehearsed: {', '.join(unknown)} in {where}")
