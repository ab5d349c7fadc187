"""A secret in files, as the kubelet mounts it."""

import base64
import stat
from pathlib import Path
from typing import Any

from rehearsal.projected_secret import ProjectedSecret


class Api:
    """A stand-in of the API server with one secret, or none."""

    def __init__(self) -> None:
        self.secret: Any = None

    def get(self, path: str) -> Any:
        assert path == "/api/v1/namespaces/keda/secrets/certs"
        return self.secret

    def hold(self, version: str, **data: str) -> None:
        encoded = {
            key.replace("_", "."): base64.b64encode(value.encode()).decode() for key, value in data.items()
        }
        self.secret = {"metadata": {"resourceVersion": version}, "data": encoded}


def projected(api: Api, folder: Path) -> ProjectedSecret:
    return ProjectedSecret(
        api,  # type: ignore[arg-type]
        namespace="keda",
        name="certs",
        path=folder / "certs",
    )


def test_without_a_secret_the_folder_is_there_and_empty(tmp_path: Path) -> None:
    assert not projected(Api(), tmp_path).tend()
    assert list((tmp_path / "certs").iterdir()) == []


def test_a_secret_without_data_counts_as_none(tmp_path: Path) -> None:
    api = Api()
    api.secret = {"metadata": {"resourceVersion": "1"}}
    assert not projected(api, tmp_path).tend()


def test_each_key_is_a_file_for_its_user_only(tmp_path: Path) -> None:
    api = Api()
    api.hold("1", tls_crt="certificate", tls_key="key")
    assert projected(api, tmp_path).tend()
    assert (tmp_path / "certs" / "tls.crt").read_text() == "certificate"
    assert stat.S_IMODE((tmp_path / "certs" / "tls.key").stat().st_mode) == 0o600


def test_a_change_exchanges_all_files_at_once(tmp_path: Path) -> None:
    api = Api()
    secret = projected(api, tmp_path)
    api.hold("1", tls_crt="old", tls_key="old")
    secret.tend()
    before = (tmp_path / "certs" / "..data").readlink()
    api.hold("2", tls_crt="new", tls_key="new", ca_crt="new")
    assert secret.tend()
    assert {(tmp_path / "certs" / name).read_text() for name in ("tls.crt", "tls.key", "ca.crt")} == {"new"}
    assert (tmp_path / "certs" / "..data").readlink() != before
    assert not (tmp_path / "certs" / before).exists()


def test_what_has_not_changed_is_not_written_again(tmp_path: Path) -> None:
    api = Api()
    secret = projected(api, tmp_path)
    api.hold("1", tls_crt="old")
    secret.tend()
    (tmp_path / "certs" / "tls.crt").write_text("touched")
    assert secret.tend()
    assert (tmp_path / "certs" / "tls.crt").read_text() == "touched"
