"""Where things that cost minutes to make are kept between rehearsals and shared between clones."""

import os
from pathlib import Path


def cache_directory() -> Path:
    """The folder that `AIRFLOW_EFS_CACHE` names, else `airflow-efs` in the XDG cache folder.

    It lies outside the repository on purpose: a fresh clone of the same versions builds nothing again.
    """
    if named := os.environ.get("AIRFLOW_EFS_CACHE"):
        return Path(named).expanduser().resolve()
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():  # it counts for nothing then: specifications.freedesktop.org/basedir
        base = Path.home() / ".cache"
    return base / "airflow-efs"
