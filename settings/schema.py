"""The JSON schema of an environment, with which an editor completes and checks the file while one writes.

    python -m settings.schema            write environments/schema.json
    python -m settings.schema --check    exit with status 1 when that file is not current

A schema cannot say everything (two subnets in one zone, a claim of an undefined class): synth says the rest.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from settings.environment import Environment

FILE: Final = Path(__file__).resolve().parent.parent / "environments" / "schema.json"
"""Beside the environments, so that `# yaml-language-server: $schema=schema.json` finds it."""


def schema_text() -> str:
    """The schema as it stands in the file."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Environment.model_json_schema(),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str] | None = None, file: Path = FILE) -> int:
    """Write the schema, or check that the file holds it; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m settings.schema", description="JSON schema of an environment"
    )
    parser.add_argument(
        "--check", action="store_true", help="exit with status 1 when the file is not current"
    )
    if not parser.parse_args(arguments).check:
        file.write_text(schema_text(), encoding="utf-8")
        return 0
    if file.is_file() and file.read_text(encoding="utf-8") == schema_text():
        return 0
    sys.stderr.write(f"{file.name} is not current: run python -m settings.schema and commit the result\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
