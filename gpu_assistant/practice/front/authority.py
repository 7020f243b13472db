"""A throw-away certificate authority that lets the practice server speak TLS under Azure's host names.

Only a process that is pointed at `ca_bundle` (through `REQUESTS_CA_BUNDLE`) trusts it; nothing is installed
anywhere. The private key stays in the data folder, readable by its owner alone, and is the single secret of
the practice workspace: sign-in tokens and service keys are derived from it (`tokens.py`). That is why a
renewal issues a new certificate over the same key: the keys of services that are already deployed stay
valid, and a client that loaded the previous certificate goes on trusting the server until that one expires.
"""

from __future__ import annotations

import os
import ssl
import tempfile
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from ipaddress import IPv4Network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gpu_assistant.practice.constants import CERTIFIED_DOMAINS, KEY_FILE

CERTIFICATE_FILE = "ca.pem"

LIFETIME = timedelta(days=30)
RENEW_BEFORE = timedelta(days=10)
_CLOCK_SKEW = timedelta(minutes=5)

_SUBJECT = x509.Name(
    [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "gpu-assistant"),
        x509.NameAttribute(NameOID.COMMON_NAME, "gpu-assistant practice workspace (this computer only)"),
    ]
)


def utc_now() -> datetime:
    """The present moment, aware of its zone."""
    return datetime.now(timezone.utc)


class Authority:
    """Issues one short-lived certificate per host. Safe to use from several threads.

    `folder` is created when missing. Raises OSError when it cannot be written and ValueError when the key
    file is there but is no key.
    """

    def __init__(self, folder: Path, *, now: Callable[[], datetime] = utc_now) -> None:
        self._folder = folder
        self._now = now
        self._lock = threading.Lock()
        self._key = load_or_create_key(folder)
        # One key for every leaf, never on disk for longer than it takes OpenSSL to read it.
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._certificate = self._load_or_issue()

    @property
    def ca_bundle(self) -> Path:
        """The PEM file that makes a client trust this server."""
        return self._folder / CERTIFICATE_FILE

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate of the authority in use now."""
        return self._certificate

    def server_context(self, host: str) -> ssl.SSLContext:
        """A TLS context that speaks for `host`; made on first use, and again when the authority is renewed."""
        with self._lock:
            if self._expires_soon(self._certificate):
                self._certificate = self._issue()
                self._contexts.clear()
            context = self._contexts.get(host)
            if context is None:
                context = self._contexts[host] = self._new_context(host)
            return context

    def _expires_soon(self, certificate: x509.Certificate) -> bool:
        return certificate.not_valid_after_utc - self._now() < RENEW_BEFORE

    def _load_or_issue(self) -> x509.Certificate:
        try:
            certificate = x509.load_pem_x509_certificate(self.ca_bundle.read_bytes())
        except (FileNotFoundError, ValueError):  # never issued, or damaged: both are mended by a new one
            return self._issue()
        if certificate.public_key() != self._key.public_key() or self._expires_soon(certificate):
            return self._issue()
        return certificate

    def _issue(self) -> x509.Certificate:
        permitted: list[x509.GeneralName] = [x509.DNSName(domain) for domain in CERTIFIED_DOMAINS]
        permitted.append(x509.IPAddress(IPv4Network("127.0.0.1/32")))
        certificate = (
            self._builder(_SUBJECT, self._key)
            .not_valid_after(self._now() + LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(x509.NameConstraints(permitted, excluded_subtrees=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        _write_atomically(self.ca_bundle, certificate.public_bytes(serialization.Encoding.PEM))
        return certificate

    def _new_context(self, host: str) -> ssl.SSLContext:
        # A common name holds 64 characters; storage hosts can be longer, and clients read the SAN anyway.
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
        leaf = (
            self._builder(subject, self._leaf_key)
            .not_valid_after(self._certificate.not_valid_after_utc)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        pem = leaf.public_bytes(serialization.Encoding.PEM) + _private_pem(self._leaf_key)
        # ssl reads certificates from files only. The folder is private (0700) and gone a moment later.
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".leaf-") as private:
            chain = Path(private) / "leaf.pem"
            chain.write_bytes(pem)
            context.load_cert_chain(chain)
        return context

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(_SUBJECT)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now() - _CLOCK_SKEW)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )


def load_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """The authority's private key. Raises FileNotFoundError when no server ever ran on this folder."""
    pem = (folder / KEY_FILE).read_bytes()
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        # Not chained: the parser's text could quote what it read.
        raise ValueError(f"{folder / KEY_FILE} is damaged; delete it to start anew") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{folder / KEY_FILE} holds a key of another kind; delete it to start anew")
    return key


def load_or_create_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """The authority's private key, made when there is none. Two processes at once end up with the same key."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (folder / KEY_FILE).exists():
        descriptor, draft = tempfile.mkstemp(dir=folder, prefix=".ca-key-")  # mkstemp creates with mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_private_pem(ec.generate_private_key(ec.SECP256R1())))
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, folder / KEY_FILE)  # fails where a rename would overwrite the other process's key
        except FileExistsError:
            pass  # the other process was first; its key is the one to use
        finally:
            os.unlink(draft)
    return load_key(folder)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_atomically(path: Path, content: bytes) -> None:
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
