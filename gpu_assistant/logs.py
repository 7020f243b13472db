"""The log: JSON lines on disk, seven days kept, with every secret blacked out before it is written."""

from __future__ import annotations

import contextlib
import contextvars
import json
import logging
import logging.handlers
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

from gpu_assistant.domain.secret import Secret

_KEPT_DAYS = 7
_BLACK = "••••"
_SHORTEST_SECRET = 6
_PATTERNS = (
    re.compile(r"(?i)(\bsig=)[^&\s\"']+"),  # SAS signatures in blob addresses
    re.compile(r"(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.?[A-Za-z0-9_-]*"),  # JSON web tokens
    re.compile(
        r"(?i)((?:primary_?key|secondary_?key|key_?value|access_token|refresh_token|id_token|client_secret"
        r"|device_code|password)[\"']?\s*[:=]\s*[\"']?)[^\s\"',}&]{6,}"
    ),
)
_context: contextvars.ContextVar[Mapping[str, str] | None] = contextvars.ContextVar("log_fields", default=None)

# These write request lines and bodies when they are talkative, and `listkeys` answers with a body.
_QUIET_LIBRARIES = ("azureml", "azure", "msrest", "msal", "adal", "urllib3", "requests", "keyring", "PIL")


def redact(text: str) -> str:
    """`text` with living secrets and everything that looks like one replaced."""
    for value in Secret.live_values():
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, _BLACK)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{_BLACK}", text)
    return text


@contextlib.contextmanager
def bound(**fields: str) -> Iterator[None]:
    """Add fields such as `job_id` or `service` to every line logged inside."""
    token = _context.set({**(_context.get() or {}), **fields})
    try:
        yield
    finally:
        _context.reset(token)


class JsonFormatter(logging.Formatter):
    """One JSON object a line; redaction is the last thing that happens to it."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "text": record.getMessage(),
            **(_context.get() or {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return redact(json.dumps(line, ensure_ascii=False))


def start_logging(folder: Path, *, level: int = logging.INFO) -> None:
    """Send this process's log to `folder`. With DEBUG the libraries speak too, redacted all the same.

    A log that cannot be written must not stop a clean-up, so an unwritable folder only loses the log.
    """
    root = logging.getLogger()
    root.setLevel(level)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.TimedRotatingFileHandler(
            folder / "gpu-assistant.log", when="midnight", backupCount=_KEPT_DAYS, encoding="utf-8", delay=True
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(JsonFormatter())
    root.addHandler(handler)
    if level > logging.DEBUG:
        for name in _QUIET_LIBRARIES:
            logging.getLogger(name).setLevel(logging.WARNING)
