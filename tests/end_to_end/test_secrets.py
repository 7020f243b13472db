"""Keys, tokens and SAS signatures are nowhere: not in the data folder, not in anything that was printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import CommandLine
from tests.service_keys import service_keys

_TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}")
_SIGNATURE = re.compile(rb"[?&]sig=(?!\xe2\x80\xa2|%E2%80%A2|REDACTED)[A-Za-z0-9%+/_-]{8,}")
_BEARER = re.compile(rb"[Bb]earer\s+(?!\xe2\x80\xa2)[A-Za-z0-9+/=_-]{16,}")


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def test_nothing_secret_is_written_or_printed(gpu_assistant: CommandLine) -> None:
    line = gpu_assistant
    deploy = ("deploy", "--practice", "--speed", "max", "--debug", "--model", "efficientnet-lite0")
    line(*deploy, "--vm-size", "Standard_NC4as_T4_v3")
    keys = [value.encode() for value in service_keys(line.data_dir)]
    line("score", "--practice", "--debug", "coffee.jpg", "camera.jpg")
    line("status", "--practice", "--debug")
    line("clean-up", "--practice", "--yes", "--debug")

    spoken = "\n".join(line.spoken).encode()
    places = [("what was printed", spoken)]
    for path in _files(line.data_dir):
        if path.stat().st_mode & 0o077 == 0 and b"PRIVATE KEY" in path.read_bytes()[:100]:
            continue
        places.append((str(path.relative_to(line.data_dir)), path.read_bytes()))
    logs = b"".join(content for name, content in places if name.endswith(".log"))
    for talker in (b"azureml", b"urllib3", b"msrest", b"gpu_assistant.practice"):
        assert talker in logs, f"{talker!r} is not in any log: it was not at DEBUG"

    found = [
        f"{name}: {kind} {match.group(0)[:60]!r}"
        for name, content in places
        for kind, pattern in (("token", _TOKEN), ("signature", _SIGNATURE), ("bearer", _BEARER))
        for match in pattern.finditer(content)
    ]
    found += [f"{name}: a service key" for name, content in places for key in keys if key in content]
    assert found == []
