from __future__ import annotations

import ssl
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509

from gpu_assistant.practice.front import authority, tokens
from gpu_assistant.practice.front.authority import LIFETIME, RENEW_BEFORE, Authority

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)


def test_the_key_is_private_and_nothing_else_is_left_behind(tmp_path: Path) -> None:
    made = Authority(tmp_path / "practice")
    made.server_context("management.azure.com")
    assert {file.name for file in (tmp_path / "practice").iterdir()} == {"ca-key.pem", "ca.pem"}
    if sys.platform != "win32":
        assert (tmp_path / "practice" / "ca-key.pem").stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" not in made.ca_bundle.read_bytes()


def test_it_is_short_lived_and_vouches_for_named_domains_only(tmp_path: Path) -> None:
    certificate = Authority(tmp_path).certificate
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= LIFETIME + timedelta(minutes=10)
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    permitted = {str(name.value) for name in constraints.value.permitted_subtrees or ()}
    assert {"azure.com", "windows.net", "microsoftonline.com", "127.0.0.1/32"} <= permitted
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert basic.ca
    assert basic.path_length == 0


def test_a_second_run_uses_the_same_certificate(tmp_path: Path) -> None:
    assert Authority(tmp_path).certificate == Authority(tmp_path).certificate


@pytest.mark.parametrize(
    ("age", "is_renewed"),
    [
        (timedelta(days=1), False),
        (LIFETIME - RENEW_BEFORE + timedelta(minutes=1), True),
        (LIFETIME + timedelta(days=300), True),
    ],
    ids=["fresh", "near its end", "long expired"],
)
def test_a_renewal_keeps_the_key(tmp_path: Path, age: timedelta, is_renewed: bool) -> None:
    first = Authority(tmp_path, now=lambda: NOW).certificate
    secret = tokens.derive_secret(tmp_path, "service keys")
    second = Authority(tmp_path, now=lambda: NOW + age).certificate
    assert (second != first) is is_renewed
    assert second.public_key() == first.public_key()
    assert second.not_valid_after_utc - (NOW + age) >= RENEW_BEFORE
    assert tokens.derive_secret(tmp_path, "service keys") == secret


def test_a_server_that_runs_for_weeks_renews_on_the_way(tmp_path: Path) -> None:
    present = [NOW]
    made = Authority(tmp_path, now=lambda: present[0])
    first, context = made.certificate, made.server_context("management.azure.com")
    assert made.server_context("management.azure.com") is context
    present[0] += LIFETIME - timedelta(days=1)
    assert made.server_context("management.azure.com") is not context
    assert made.certificate != first
    assert x509.load_pem_x509_certificate(made.ca_bundle.read_bytes()) == made.certificate


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_damaged_certificate_is_issued_anew(tmp_path: Path, content: bytes) -> None:
    Authority(tmp_path)
    (tmp_path / "ca.pem").write_bytes(content)
    made = Authority(tmp_path)
    assert x509.load_pem_x509_certificate(made.ca_bundle.read_bytes()) == made.certificate


def test_a_certificate_of_another_key_is_replaced(tmp_path: Path) -> None:
    Authority(tmp_path / "other")
    Authority(tmp_path)
    (tmp_path / "ca.pem").write_bytes((tmp_path / "other" / "ca.pem").read_bytes())
    assert Authority(tmp_path).certificate.public_key() == authority.load_key(tmp_path).public_key()


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_damaged_key_is_named_and_not_overwritten(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ca-key.pem").write_bytes(content)
    with pytest.raises(ValueError, match=r"ca-key\.pem is damaged"):
        Authority(tmp_path)
    assert (tmp_path / "ca-key.pem").read_bytes() == content


def test_several_processes_at_once_end_up_with_one_key(tmp_path: Path) -> None:
    barrier = threading.Barrier(8)
    numbers: set[int] = set()

    def make() -> None:
        barrier.wait()
        key = authority.load_or_create_key(tmp_path / "practice")
        numbers.add(key.private_numbers().private_value)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 1
    assert [file.name for file in (tmp_path / "practice").iterdir()] == ["ca-key.pem"]


def test_names_longer_than_a_common_name_can_be(tmp_path: Path) -> None:
    host = "a" * 60 + ".blob.core.windows.net"
    assert isinstance(Authority(tmp_path).server_context(host), ssl.SSLContext)
