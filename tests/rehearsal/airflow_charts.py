"""Charts that tests put in the place of Airflow's and KEDA's where those cannot be had."""

import os
import shutil
import tarfile
from pathlib import Path

import yaml

from settings.airflow.charts import numbers
from settings.versions import AIRFLOW_CHART

CHARTS = Path(__file__).parents[1] / "charts"


def later_version() -> str:
    """A version of Airflow's chart after the pinned one: of the real chart where `AIRFLOW_EFS_CHARTS` has it.

    Returns:
        The pinned version where the folder has the real chart in no later one.
    """
    folder = Path(os.environ.get("AIRFLOW_EFS_CHARTS", "."))
    versions = [archive.stem.removeprefix("airflow-") for archive in folder.glob("airflow-*.tgz")]
    if AIRFLOW_CHART not in versions:
        return "1.23.0"  # of the stand-in
    return min(
        (one for one in versions if numbers(one) > numbers(AIRFLOW_CHART)), default=AIRFLOW_CHART, key=numbers
    )


def pack(chart: Path, folder: Path, *, version: str, tag: str | None = None) -> Path:
    """Pack a chart as a version of it.

    Args:
        chart: the chart's folder.
        folder: where the archive is put.
        version: the version that it gets.
        tag: the tag of Airflow's image by default, which changes with the version. Default: as it is.
    """
    name = yaml.safe_load((chart / "Chart.yaml").read_text())["name"]
    work = folder / f"{name}-{version}"
    shutil.copytree(chart, work)
    _change(work / "Chart.yaml", version=version)
    if tag is not None:
        _change(work / "values.yaml", defaultAirflowTag=tag)
    archive = folder / f"{name}-{version}.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(work, arcname=name)
    shutil.rmtree(work)
    return archive


def _change(file: Path, **fields: str) -> None:
    content = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**content, **fields}, sort_keys=False))
