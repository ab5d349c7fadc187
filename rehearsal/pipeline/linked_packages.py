"""`python -m rehearsal.pipeline.linked_packages VENV`: give a new environment the packages of this clone's.

To install them takes minutes in each build. The files are the same ones (hard links), the scripts are written
for the new environment; the project itself is left out, because the build installs its own revision.
"""

import os
import shutil
import sys
import sysconfig
from pathlib import Path

_PROJECT = "airflow_efs_cdk"


def link_packages(environment: Path) -> None:
    """Fill an environment that `python -m venv` has made."""
    packages = Path(sysconfig.get_path("purelib"))
    target = environment / packages.relative_to(sys.prefix)
    shutil.rmtree(target)  # pip's own, which is among those that are linked
    shutil.copytree(packages, target, copy_function=_link, ignore=_left_out, symlinks=True)
    _write_scripts(Path(sys.prefix) / "bin", environment.resolve() / "bin")


def _left_out(folder: str, names: list[str]) -> set[str]:  # noqa: ARG001  # shutil's signature
    return {name for name in names if _PROJECT in name}


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)  # another disk


def _write_scripts(source: Path, target: Path) -> None:
    for script in source.iterdir():
        there = target / script.name
        if there.exists() or there.is_symlink() or not script.is_file() or script.is_symlink():
            continue
        content = script.read_bytes()
        if content.startswith(b"#!"):
            content = content.replace(os.fsencode(source), os.fsencode(target))
        there.write_bytes(content)
        there.chmod(0o755)


if __name__ == "__main__":
    link_packages(Path(sys.argv[1]))
