"""The other end of the pipe: what runs inside the SDK process.

It imports the adapter (and so the SDK), answers requests in a few threads, and sends everything that is logged
or printed to the program as redacted log lines. When the program goes away, however it goes, it ends at once:
`os._exit` because the SDK's thread pools would otherwise be joined at exit, which can take minutes.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from gpu_assistant.backends.base import BackendConfig
from gpu_assistant.backends.wire import Event, Failure, LogLine, Request, Result, Start, Wire
from gpu_assistant.domain.errors import AssistantError, UnexpectedAnswer
from gpu_assistant.domain.text import Text
from gpu_assistant.logs import redact

_WORKERS = 4

# Below WARNING these write request lines, response bodies and SAS addresses.
_QUIET_LIBRARIES = frozenset({"azureml", "azure", "msrest", "msal", "adal", "adal-python", "urllib3", "requests"})

# Read by the SDK at import. Its own values make one call retry for up to 224 s, which no job could wait for.
_SDK_ENVIRONMENT = {
    "AZUREML_DEFAULT_RETRIES": "1",
    "AZUREML_DEFAULT_BACKOFF": "2",
    "AZUREML_DEFAULT_503_BACKOFF": "2",
    "AZUREML_LOG_DEPRECATION_WARNING_ENABLED": "False",
}

log = logging.getLogger(__name__)


_STANDS_BACK = 5
"""Niceness: importing the SDK takes a processor a second or two, and the window must not stutter meanwhile."""


def run(connection: Connection) -> None:
    """Entry point of the process. Never returns."""
    if hasattr(os, "nice"):
        os.nice(_STANDS_BACK)
    try:
        _serve(Wire(connection))
    finally:
        os._exit(0)


def _serve(wire: Wire) -> None:
    # Ctrl-C reaches the whole process group; the program decides what is stopped.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        start = wire.receive()
        if not isinstance(start, Start):
            return
        os.environ.update(_SDK_ENVIRONMENT)
        os.environ.update(start.config.environment)
        _forward_output(wire)
        _forward_logging(wire, debug=start.config.debug)
        answering = _Answering(wire, start)
        while True:
            message = wire.receive()
            if isinstance(message, Request):
                answering.take(message)
    except (EOFError, OSError):
        return  # the program is gone, or has closed its end


class _Answering:
    """Runs requests on the adapter, a few at a time, in the order they came."""

    def __init__(self, wire: Wire, start: Start) -> None:
        self._wire = wire
        self._adapter: Any = None
        self._failure: AssistantError | None = None
        self._loaded = threading.Event()
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="request")
        # Loaded beside the reader, so that a program that dies during the import is noticed.
        threading.Thread(target=self._load, args=(start,), name="load", daemon=True).start()

    def take(self, request: Request) -> None:
        self._pool.submit(self._answer, request)

    def _load(self, start: Start) -> None:
        try:
            self._adapter = _adapter(start)
        except AssistantError as exc:
            self._failure = exc
        except BaseException as exc:
            self._failure = _unexpected(Text("Loading the Azure SDK"), exc)
        finally:
            self._loaded.set()

    def _answer(self, request: Request) -> None:
        try:
            try:
                answer: Result | Failure = Result(request.id, self._value_of(request))
            except AssistantError as exc:
                answer = Failure(request.id, exc)
            except BaseException as exc:
                answer = Failure(request.id, _unexpected(request.method, exc))
            try:
                self._wire.send(answer)
            except OSError:
                raise
            except Exception as exc:  # pickle raises whatever the value's own code raises
                self._wire.send(Failure(request.id, _unexpected(request.method, exc)))
        except OSError:
            os._exit(0)

    def _value_of(self, request: Request) -> Any:
        self._loaded.wait()
        if self._failure is not None:
            raise self._failure
        method = getattr(self._adapter, request.method)
        kwargs = dict(request.kwargs)
        if request.event_keyword:
            kwargs[request.event_keyword] = partial(self._emit, request.id)
        return method(*request.args, **kwargs)

    def _emit(self, request_id: int, value: object) -> None:
        self._wire.send(Event(request_id, value))


def _adapter(start: Start) -> Any:
    module, _, name = start.adapter.partition(":")
    with _home(start.config):
        return getattr(importlib.import_module(module), name)(start.config)


@contextmanager
def _home(config: BackendConfig) -> Iterator[None]:
    """Give the SDK another home while it is imported: that is when it decides where its caches lie.

    Afterwards the person's own home is back, or a browser started for the sign-in would open without their
    profile and the Azure CLI without its login.
    """
    if config.home is None:
        yield
        return
    config.home.mkdir(parents=True, exist_ok=True)
    before = {name: os.environ.get(name) for name in ("HOME", "USERPROFILE")}
    os.environ.update(dict.fromkeys(before, str(config.home)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _unexpected(what: str, exc: BaseException) -> UnexpectedAnswer:
    try:
        text = str(exc)
    except Exception:  # some SDK exceptions fail in their own __str__
        text = "its message cannot be shown"
    log.error("%s failed unexpectedly", what, exc_info=exc)
    return UnexpectedAnswer(what=what, reason=redact(f"{type(exc).__name__}: {text}"))


# --- what is printed and logged -----------------------------------------------------------------------------


def _forward_output(wire: Wire) -> None:
    """Send what is written to the file descriptors 1 and 2, by Python or by C, as log lines; stdin is empty.

    Works where there is no console at all (`pythonw`): there `sys.stdout` is None and a `print` in the SDK
    would raise.
    """
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 -- it stays open as long as the process lives
    for descriptor, level, source in ((1, logging.DEBUG, "stdout"), (2, logging.INFO, "stderr")):
        reader, writer = os.pipe()
        os.dup2(writer, descriptor)
        os.close(writer)
        threading.Thread(target=_forward_lines, args=(wire, reader, level, source), daemon=True).start()
    sys.stdout = _text_stream(1)
    sys.stderr = _text_stream(2)


def _text_stream(descriptor: int) -> Any:
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", newline="\n", closefd=False)


def _forward_lines(wire: Wire, reader: int, level: int, source: str) -> None:
    with open(reader, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            text = line.rstrip()
            if text:
                try:
                    wire.send(LogLine(level, source, redact(text)))
                except OSError:
                    return


def _forward_logging(wire: Wire, *, debug: bool) -> None:
    root = logging.getLogger()
    root.handlers = [_ForwardingHandler(wire, debug=debug)]
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    logging.captureWarnings(True)


class _ForwardingHandler(logging.Handler):
    """Sends records through the pipe. Talkative libraries are heard from WARNING on, unless it is for debugging.

    What they call an error is no error of this program yet: it becomes one where the exception is turned into
    ours. So theirs are passed on as warnings.
    """

    def __init__(self, wire: Wire, *, debug: bool) -> None:
        super().__init__()
        self._wire = wire
        self._debug = debug

    def filter(self, record: logging.LogRecord) -> bool:
        return self._debug or record.levelno >= logging.WARNING or not _is_quiet_library(record)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = min(record.levelno, logging.WARNING) if _is_quiet_library(record) else record.levelno
            self._wire.send(LogLine(level, record.name, redact(self.format(record))))
        except Exception:  # a log line that cannot be formatted or sent must not fail the work it tells about
            return


def _is_quiet_library(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in _QUIET_LIBRARIES
