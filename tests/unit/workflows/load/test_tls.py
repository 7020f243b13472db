"""The load generator over TLS, as against Azure: certificates are checked, and a cut is felt at once."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gpu_assistant.workflows.load.http import Caller, Reply
from gpu_assistant.workflows.load.statistics import Outcome

_BODY = b'{"model_ms": 4.5, "total_ms": 6.0}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stub")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


@contextlib.contextmanager
def tls_service(certificate: Path, *, silent: bool = False) -> Iterator[str]:
    """Answers every request on one connection after another, or never."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(listening, context, silent), daemon=True).start()
    try:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}/score"
    finally:
        listening.close()


def _serve(listening: socket.socket, context: ssl.SSLContext, silent: bool) -> None:
    with contextlib.suppress(OSError):
        while True:
            plain, _ = listening.accept()
            with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
                while connection.recv(65536):
                    if not silent:
                        connection.sendall(ANSWER)


def ask(uri: str, times: int = 1) -> tuple[list[Reply], Caller]:
    caller = Caller(uri, "key", (b"an image",))
    replies = []
    for _ in range(times):
        caller.deadline = time.monotonic() + 10
        replies.append(caller.ask(0))
    caller.close()
    return replies, caller


def test_a_certificate_that_is_trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with tls_service(certificate) as uri:
        replies, caller = ask(uri, times=3)
    assert {reply.outcome for reply in replies} == {Outcome.ANSWERED}
    assert (replies[0].server_ms, replies[0].model_ms) == (6.0, 4.5)
    assert caller.connections == 1, "the connection is kept"


def test_a_certificate_that_nobody_vouches_for(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with tls_service(certificate) as uri:
        replies, caller = ask(uri)
    assert replies[0].outcome is Outcome.NOT_TRUSTED
    assert caller.sent_bytes == 0, "the key has not left"


def test_a_request_can_be_cut(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with tls_service(certificate, silent=True) as uri:
        caller = Caller(uri, "key", (b"an image",))
        caller.deadline = time.monotonic() + 60
        threading.Timer(0.4, caller.cut).start()
        began_s = time.monotonic()
        assert caller.ask(0).outcome is Outcome.CUT
        assert time.monotonic() - began_s < 10
