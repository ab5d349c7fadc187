import io
import tarfile
from pathlib import Path

import pytest
from aws_cdk import Stack

from airflow_efs.chart_archive import chart_asset

CHART = "aws-efs-csi-driver/Chart.yaml"


def archive_of(path: Path, *members: tarfile.TarInfo) -> Path:
    """Write an archive of a chart, with empty members besides."""
    text = b"name: aws-efs-csi-driver\n"
    with tarfile.open(path, "w:gz") as packed:
        chart = tarfile.TarInfo(CHART)
        chart.size = len(text)
        packed.addfile(chart, io.BytesIO(text))
        for member in members:
            packed.addfile(member)
    return path


def test_the_asset_holds_what_the_folder_of_the_chart_holds(stack: Stack, tmp_path: Path) -> None:
    template = tarfile.TarInfo("aws-efs-csi-driver/templates/csidriver.yaml")
    asset = chart_asset(stack, "Chart", archive=archive_of(tmp_path / "driver.tgz", template))
    folder = Path(asset.asset_path)
    assert (folder / "Chart.yaml").read_text(encoding="utf-8") == "name: aws-efs-csi-driver\n"
    assert (folder / "templates" / "csidriver.yaml").is_file()


@pytest.mark.parametrize("name", ["../outside", "aws-efs-csi-driver/../../outside", "/outside"])
def test_an_archive_that_reaches_out_of_its_folder_is_refused(
    stack: Stack, tmp_path: Path, name: str
) -> None:
    archive = archive_of(tmp_path / "driver.tgz", tarfile.TarInfo(name))
    with pytest.raises(ValueError, match=r"driver\.tgz holds .*outside, which is not in its folder"):
        chart_asset(stack, "Chart", archive=archive)


def test_a_link_in_an_archive_is_left_out(stack: Stack, tmp_path: Path) -> None:
    link = tarfile.TarInfo("aws-efs-csi-driver/link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
    asset = chart_asset(stack, "Chart", archive=archive_of(tmp_path / "driver.tgz", link))
    assert [path.name for path in Path(asset.asset_path).iterdir()] == ["Chart.yaml"]


def test_an_archive_of_two_charts_is_refused(stack: Stack, tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "charts.tgz", tarfile.TarInfo("other/Chart.yaml"))
    with pytest.raises(ValueError, match="holds 2 charts"):
        chart_asset(stack, "Chart", archive=archive)
