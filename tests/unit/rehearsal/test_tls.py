"""Certificates of the proxy's own authority, checked by a real client on loopback."""

import socket
import ssl
import stat
from pathlib import Path
from threading import Thread

import pytest

from rehearsal.tls import CertificateAuthority, context_trusting, write_client_certificate


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path)


def shake_hands(authority: CertificateAuthority, client: ssl.SSLContext, *, served: str, asked: str) -> None:
    """A TLS handshake between a server that poses as one host and a client that asks for another."""
    server, other = socket.socketpair()

    def serve() -> None:
        try:
            with authority.server_context(served).wrap_socket(server, server_side=True) as secure:
                secure.recv(1)
        except OSError:
            server.close()

    thread = Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(other, server_hostname=asked) as secure:
            secure.send(b"1")
    finally:
        other.close()
        thread.join()


def test_a_certificate_is_trusted_for_its_host(authority: CertificateAuthority, tmp_path: Path) -> None:
    client = context_trusting(tmp_path / "proxy-ca.pem")
    host = "elasticfilesystem.ap-northeast-2.amazonaws.com"
    shake_hands(authority, client, served=host, asked=host)


def test_a_certificate_is_not_trusted_for_another_host(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    client = context_trusting(tmp_path / "proxy-ca.pem")
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(authority, client, served="a.amazonaws.com", asked="b.amazonaws.com")


def test_a_certificate_is_not_trusted_with_another_authority(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    CertificateAuthority(other)
    client = context_trusting(other / "proxy-ca.pem")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(authority, client, served="a.amazonaws.com", asked="a.amazonaws.com")


def test_a_certificate_passes_the_strict_checks_of_newer_pythons(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    client = ssl.create_default_context(cafile=str(tmp_path / "proxy-ca.pem"))
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # on by default from Python 3.13
    shake_hands(authority, client, served="a.amazonaws.com", asked="a.amazonaws.com")


def test_a_host_longer_than_a_common_name_has_a_certificate(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    client = context_trusting(tmp_path / "proxy-ca.pem")
    host = f"{'a' * 60}.elasticfilesystem.ap-northeast-2.amazonaws.com"
    shake_hands(authority, client, served=host, asked=host)


def test_a_host_has_one_certificate(authority: CertificateAuthority) -> None:
    assert authority.server_context("a.example") is authority.server_context("a.example")
    assert authority.server_context("a.example") is not authority.server_context("b.example")


def test_only_its_user_can_read_a_key(authority: CertificateAuthority, tmp_path: Path) -> None:
    authority.server_context("a.example")
    assert stat.S_IMODE((tmp_path / "proxy-a.example.pem").stat().st_mode) == 0o600


def test_a_client_shows_who_it_is_by_its_own_certificate(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    certificate, key = write_client_certificate(tmp_path, name="front-proxy-client")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    server_side = authority.server_context("adapter")
    server_side.load_verify_locations(certificate)  # it is its own authority
    server_side.verify_mode = ssl.CERT_REQUIRED
    client_side = context_trusting(tmp_path / "proxy-ca.pem")
    client_side.load_cert_chain(certificate, key)
    server, client = socket.socketpair()
    seen: list[object] = []

    def serve() -> None:
        with server_side.wrap_socket(server, server_side=True) as secure:
            seen.append((secure.getpeercert() or {})["subject"])
            secure.send(b"1")

    thread = Thread(target=serve)
    thread.start()
    with client_side.wrap_socket(client, server_hostname="adapter") as secure:
        assert secure.recv(1) == b"1"
    thread.join()
    assert seen == [((("commonName", "front-proxy-client"),),)]
