"""A chart as an OCI registry serves it: the manifest of its version, and the blobs that it names.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
https://helm.sh/docs/topics/registries/
"""

import hashlib
import json
import tarfile
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from rehearsal.charts import ChartSource

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


def registry_files(chart: ChartSource) -> dict[str, tuple[bytes, str]]:
    """Path -> content and its type, for a chart whose repository is `oci://HOST/PATH/NAME` and lies here."""
    assert chart.archive is not None  # noqa: S101  # only such a chart is served
    name = urlsplit(chart.repository).path.strip("/")
    archive, config = chart.archive.read_bytes(), _metadata(chart.archive, chart.name)
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _descriptor(config, _CONFIG),
            "layers": [_descriptor(archive, _CHART)],
        }
    ).encode()
    place = f"/v2/{name}"
    # A tag has no +.
    references = (chart.version.replace("+", "_"), _digest(manifest))
    return {
        "/v2/": (b"{}", "application/json"),
        **{f"{place}/manifests/{reference}": (manifest, _MANIFEST) for reference in references},
        f"{place}/blobs/{_digest(config)}": (config, "application/octet-stream"),
        f"{place}/blobs/{_digest(archive)}": (archive, "application/octet-stream"),
    }


def _metadata(archive: Path, name: str) -> bytes:
    with tarfile.open(archive, "r:gz") as packed:
        member = packed.extractfile(f"{name}/Chart.yaml")
        return json.dumps(yaml.safe_load(member.read()) if member else {}).encode()


def _descriptor(content: bytes, kind: str) -> dict[str, str | int]:
    return {"mediaType": kind, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
