"""Where a rehearsal gets a Helm chart: a folder of the user's, its repository, or the driver's module.

The template that is deployed names a repository, and stays as it is. Where a chart comes from this machine,
the rehearsal's proxy answers in the place of that repository.
"""

import gzip
import io
import os
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urljoin

import requests
import yaml

from rehearsal.binaries import EFS_CSI_DRIVER, module_directory
from rehearsal.errors import RehearsalError

_DRIVER_MODULE = "github.com/kubernetes-sigs/aws-efs-csi-driver"
_REPOSITORY_PATIENCE = 5.0
"""Seconds to wait for a chart repository before it counts as out of reach."""


@dataclass(frozen=True, kw_only=True)
class ChartSource:
    """A chart as the template names it, and what a rehearsal installs for it."""

    name: str
    version: str
    repository: str
    """The URL that the template names, with its trailing slash."""
    archive: Path | None
    """The local archive that is served in the repository's place; None when the repository itself serves."""
    archive_version: str
    """The version of what is installed; differs from `version` when a stand-in had to serve."""
    origin: str

    def describe(self) -> str:
        """A line for a person: what is installed, from where, and in place of what."""
        instead = "" if self.archive_version == self.version else f", in place of {self.version}"
        return f"{self.name} {self.archive_version} from {self.origin}{instead}"


def locate_chart(
    *,
    name: str,
    version: str,
    repository: str,
    directory: Path,
    say: Callable[[str], None],
    digest: str | None = None,
    stand_ins: Path | None = None,
) -> ChartSource:
    """Find a chart: `AIRFLOW_EFS_CHARTS`, then its repository, then (the driver's only) its Go module.

    Args:
        name: the chart.
        version: the version that the template names.
        repository: the URL that the template names.
        directory: where an unpacked chart is packed.
        say: receives a line before a download.
        digest: SHA-256 that the chart's archive must have, `sha256:` and 64 digits. Default: any.
        stand_ins: a folder with charts for tests, taken where the repository does not have the chart.

    Raises:
        RehearsalError: none of them has it, the folder has something else under its name, or the archive has
            another digest.
    """
    repository = repository.rstrip("/") + "/"

    def local(found: tuple[Path, str, str]) -> ChartSource:
        archive, archive_version, origin = found
        if digest is not None:
            _check_digest(f"sha256:{sha256(archive.read_bytes()).hexdigest()}", digest, f"{name} of {origin}")
        return ChartSource(
            name=name,
            version=version,
            repository=repository,
            archive=archive,
            archive_version=archive_version,
            origin=origin,
        )

    if (folder := _charts_folder()) and (
        found := _from_folder(folder, f"AIRFLOW_EFS_CHARTS ({folder})", name, version, directory)
    ):
        return local(found)
    reason = _repository_lacks(name, version, repository, digest)
    if reason is None:
        return ChartSource(
            name=name,
            version=version,
            repository=repository,
            archive=None,
            archive_version=version,
            origin=repository,
        )
    if stand_ins and (found := _from_folder(stand_ins, f"a stand-in ({reason})", name, version, directory)):
        return local(found)
    if name != "aws-efs-csi-driver":
        raise RehearsalError(
            f"the chart {name} {version} cannot be had: {reason}. "
            f"Put {name}-{version}.tgz into a folder and name it in AIRFLOW_EFS_CHARTS."
        )
    chart = module_directory(EFS_CSI_DRIVER, _DRIVER_MODULE, say=say) / "charts" / name
    archive = _pack(chart, directory)
    return ChartSource(
        name=name,
        version=version,
        repository=repository,
        archive=archive,
        archive_version=_archive_version(archive, name),
        origin=f"the driver's Go module {EFS_CSI_DRIVER.version_of(_DRIVER_MODULE)} ({reason})",
    )


def _check_digest(found: str, wanted: str, what: str) -> None:
    if found != wanted:
        raise RehearsalError(
            f"the archive of the chart {what} has the digest {found}, and the environment wants {wanted}: "
            "find out which of the two is right before you install it."
        )


def _charts_folder() -> Path | None:
    """The folder that AIRFLOW_EFS_CHARTS names."""
    value = os.environ.get("AIRFLOW_EFS_CHARTS")
    if not value:
        return None
    folder = Path(value).expanduser().resolve()
    if not folder.is_dir():
        raise RehearsalError(
            f"AIRFLOW_EFS_CHARTS names {value}, which is not a folder: name one, or unset it."
        )
    return folder


def _from_folder(
    folder: Path, origin: str, name: str, version: str, directory: Path
) -> tuple[Path, str, str] | None:
    """The archive, the version in it and the origin; an unpacked chart may be of any version."""
    archive = folder / f"{name}-{version}.tgz"
    if archive.is_file():
        found = _archive_version(archive, name)
        if found != version:
            raise RehearsalError(
                f"{archive} holds {name} {found}, not {version}: "
                f"name it {name}-{found}.tgz, or put the right archive there."
            )
        return archive, found, origin
    if (folder / name / "Chart.yaml").is_file():
        packed = _pack(folder / name, directory)
        return packed, _archive_version(packed, name, source=folder / name), origin
    return None


def _repository_lacks(name: str, version: str, repository: str, digest: str | None) -> str | None:
    """None when the repository serves the chart, else the reason why it does not."""
    if repository.startswith("oci://"):
        return f"{repository} is a registry, which is not asked"
    try:
        answer = requests.get(urljoin(repository, "index.yaml"), timeout=_REPOSITORY_PATIENCE)
        answer.raise_for_status()
    except requests.RequestException:
        return f"{repository} is out of reach"
    try:
        index = yaml.load(answer.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        versions = {entry["version"]: entry.get("digest") for entry in index["entries"].get(name) or []}
    except (yaml.YAMLError, TypeError, KeyError, AttributeError):
        return f"{repository}index.yaml is not the index of a chart repository"
    if version not in versions:
        return f"{repository} has no {name} {version}"
    if digest is not None:
        stated = versions[version]
        _check_digest(f"sha256:{stated}" if stated else "not stated", digest, f"{name} of {repository}")
    return None


def _pack(chart: Path, directory: Path) -> Path:
    """The chart as an archive; the same files give the same bytes."""
    archive = directory / f"{chart.name}.tgz"
    with (
        archive.open("wb") as stream,
        gzip.GzipFile(filename="", fileobj=stream, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT, dereference=True) as packed,
    ):
        packed.add(chart, arcname=chart.name, filter=_anonymous)  # sorted by name
    return archive


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member


def _archive_version(archive: Path, name: str, *, source: Path | None = None) -> str:
    place = source or archive
    try:
        # All of it: an archive of which the end is missing would fail later, in helm.
        content = io.BytesIO(gzip.decompress(archive.read_bytes()))
        with tarfile.open(fileobj=content) as packed:
            member = packed.extractfile(f"{name}/Chart.yaml")
            metadata = yaml.safe_load(member.read()) if member else None
    except (tarfile.TarError, KeyError, yaml.YAMLError, OSError, EOFError, zlib.error) as error:
        raise RehearsalError(f"{place} is not the chart {name}: {error}") from error
    if not isinstance(metadata, dict) or metadata.get("name") != name or "version" not in metadata:
        raise RehearsalError(
            f"{place} is not the chart {name}: its Chart.yaml has another name or no version"
        )
    return str(metadata["version"])
