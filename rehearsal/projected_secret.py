"""A secret as the kubelet mounts it: a file for each key, exchanged all at once when it changes."""

import base64
import shutil
from pathlib import Path

from rehearsal.kubernetes_api import KubernetesApi


class ProjectedSecret:
    """The keys of one secret, as files in a folder."""

    def __init__(self, api: KubernetesApi, *, namespace: str, name: str, path: Path) -> None:
        """Project into the folder `path`, which is made; nothing is asked for yet."""
        self._api = api
        self._secret = f"/api/v1/namespaces/{namespace}/secrets/{name}"
        self._path = path
        self._version: str | None = None
        path.mkdir(parents=True, exist_ok=True)

    def tend(self) -> bool:
        """Bring the files up to date; False when there is no such secret, or nothing in it yet.

        Raises:
            OSError: the API server does not answer.
        """
        secret = self._api.get(self._secret)
        if secret is None or not secret.get("data"):
            return False
        version = secret["metadata"]["resourceVersion"]
        if version != self._version:
            self._write(version, secret["data"])
            self._version = version
        return True

    def _write(self, version: str, data: dict[str, str]) -> None:
        # As the kubelet does: programs watch for the appearance of `..data` and then read every file again.
        fresh = self._path / f"..{version}"
        fresh.mkdir(mode=0o700, exist_ok=True)
        for key, value in data.items():
            file = fresh / key
            file.touch(mode=0o600)
            file.write_bytes(base64.b64decode(value))
        link = self._path / "..data_tmp"
        link.unlink(missing_ok=True)
        link.symlink_to(fresh.name)
        link.replace(self._path / "..data")
        for key in data:
            if not (self._path / key).is_symlink():
                (self._path / key).symlink_to(f"..data/{key}")
        if self._version:
            shutil.rmtree(self._path / f"..{self._version}", ignore_errors=True)
