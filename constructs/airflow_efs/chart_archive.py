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
        ValueError: the archive holds something else, or a file that would be written outside of its folder.
    """
    scratch = Path(tempfile.mkdtemp(prefix="chart-"))
    # Not earlier: an app that stages no assets refers to the folder itself.
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    with tarfile.open(archive, "r:gz") as packed:
        for member in packed:
            _unpack(packed, member, scratch)
    found = [path.parent for path in scratch.glob("*/Chart.yaml")]
    if len(found) != 1:
        raise ValueError(f"{archive} holds {len(found)} charts: name the archive of one chart")
    return s3_assets.Asset(scope, construct_id, path=str(found[0]))


def _unpack(packed: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    # By hand: `filter="data"` came with Python 3.11.4, and extraction without it trusts the archive.
    content = packed.extractfile(member) if member.isfile() else None
    if content is None:
        return  # a folder comes with its files; helm packs no links
    path = folder / member.name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{packed.name!s} holds {member.name}, which is not in its folder: pack it again")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        shutil.copyfileobj(content, target)
