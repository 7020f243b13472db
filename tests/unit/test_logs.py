from __future__ import annotations

import json
import logging
import pickle
from pathlib import Path

import pytest

from gpu_assistant import logs
from gpu_assistant.domain.secret import Secret
from gpu_assistant.logs import JsonFormatter, redact


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("GET https://x.blob.core.windows.net/a?sv=1&sig=abc%2Bdef%3D&se=2", "abc%2Bdef"),
        ("Authorization: Bearer abcdefghijkl0123", "abcdefghijkl0123"),
        ("token eyJhbGciOiJFUzI1NiJ9.eyJ0aWQiOiJ4In0.c2ln was sent", "eyJ0aWQiOiJ4In0"),
        ('{"primaryKey": "AbCdEf0123456789"}', "AbCdEf0123456789"),
        ("secondary_key='AbCdEf0123456789'", "AbCdEf0123456789"),
        ("refresh_token=0.AXXXsecretpart&x=1", "AXXXsecretpart"),
    ],
)
def test_what_looks_like_a_secret_is_blacked_out(text: str, hidden: str) -> None:
    assert hidden not in redact(text)
    assert "••••" in redact(text)


def test_a_living_secret_is_blacked_out_wherever_it_slips_in() -> None:
    secret = Secret("correct horse battery staple")
    assert redact("it said correct horse battery staple.") == "it said ••••."
    del secret
    assert redact("it said correct horse battery staple.") == "it said correct horse battery staple."


def test_ordinary_text_stays() -> None:
    text = "POST /services/efficientnet-lite0?expand=true answered 200; design=good&x=1"
    assert redact(text) == text


def test_lines_are_json_with_their_context_and_redacted_tracebacks() -> None:
    secret = Secret("hunter2-hunter2")
    try:
        raise ValueError(f"bad key {secret.reveal()}")
    except ValueError:
        import sys

        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed: %s", (secret.reveal(),), sys.exc_info())
    with logs.bound(job_id="7"):
        line = JsonFormatter().format(record)
    read = json.loads(line)
    assert read["job_id"] == "7"
    assert "ValueError" in read["exception"]
    assert "hunter2" not in line


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    root = logging.getLogger()
    before = list(root.handlers)
    level = root.level
    try:
        logs.start_logging(blocked / "logs")
        logging.getLogger("gpu_assistant").info("still alive")
    finally:
        root.handlers[:] = before
        root.setLevel(level)


def test_a_secret_never_shows_itself() -> None:
    secret = Secret("hunter2-hunter2")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>20}", "%s" % secret, str([secret])]  # noqa: UP031
    assert not [text for text in shown if "hunter2" in text]
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
