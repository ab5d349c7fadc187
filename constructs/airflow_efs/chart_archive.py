"""A chart's archive as what the kubectl handler takes: an asset with the chart's own files at its top."""

import atexit
import shutil
import tarfile
import tempfile
from pathlib import Path

from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct


def chart_asset(scope: Construct, construct_id: str, *, archive: Path) -> s3_assets.Asset:
    """Make an asset of a ``.tgz`` that holds one chart in a folder; the same files give the same asset.

    Raises:
        ValueError: the archive holds something else.
    """
    scratch = Path(tempfile.mkdtemp(prefix="chart-"))
    # Not earlier: an app that stages no assets refers to the folder itself.
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    with tarfile.open(archive, "r:gz") as packed:
        packed.extractall(scratch, filter="data")
    found = [path.parent for path in scratch.glob("*/Chart.yaml")]
    if len(found) != 1:
        raise ValueError(f"{archive} holds {len(found)} charts: name the archive of one chart")
    return s3_assets.Asset(scope, construct_id, path=str(found[0]))
