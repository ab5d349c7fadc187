"""A chart of the driver that lies beside the environment, for clusters that reach no chart repository."""

import tarfile
import zlib
from pathlib import Path
from typing import Final

import yaml

CHART: Final = "aws-efs-csi-driver"
"""The name of the driver's chart."""


def chart_archive_problem(archive: Path) -> str | None:
    """What is wrong with an archive of the driver's chart; None where nothing is."""
    if not archive.is_file():
        return "is no file beside this one"
    try:
        with tarfile.open(archive, "r:gz") as packed:
            names = packed.getnames()
            member = packed.extractfile(f"{CHART}/Chart.yaml")
            chart = yaml.safe_load(member.read()) if member else None
    except (tarfile.TarError, KeyError, OSError, EOFError, zlib.error, yaml.YAMLError):
        return f"is no archive of the chart {CHART}"
    if not isinstance(chart, dict) or chart.get("name") != CHART:
        return f"is no archive of the chart {CHART}"
    outside = [name for name in names if name.split("/")[0] != CHART or ".." in name.split("/")]
    return f"holds {outside[0]}, which is no part of a chart" if outside else None
