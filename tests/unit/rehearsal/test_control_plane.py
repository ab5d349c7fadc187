"""Waiting for the servers of the control plane."""

from pathlib import Path

import pytest

from rehearsal.control_plane import answers


@pytest.mark.parametrize("written", ["", "-----BEGIN CERTIFICATE-----\nMIID"], ids=["nothing", "a part"])
def test_a_server_that_is_still_writing_its_certificate_does_not_answer_yet(
    tmp_path: Path, written: str
) -> None:
    certificate = tmp_path / "apiserver.crt"
    certificate.write_text(written)
    assert not answers("https://127.0.0.1:1/readyz", authority=certificate)
