"""What travels between the program and its SDK process, and how it is packed.

Plain dataclasses, one pickle per message. A `Secret` refuses ordinary pickling; only the pickler in this module
carries one across, because the pipe is private to the two processes.
"""

from __future__ import annotations

import io
import pickle
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from gpu_assistant.backends.base import BackendConfig
from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class Start:
    """The first message to a new process: which adapter ("module:Class") it is to be, and its configuration."""

    adapter: str
    config: BackendConfig


@dataclass(frozen=True, slots=True)
class Request:
    """Call `method` of the adapter. `event_keyword` names the argument that gets a function sending events."""

    id: int
    method: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    event_keyword: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened while request `id` is being answered."""

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to request `id`."""

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class Failure:
    """Request `id` failed; the error is raised where the call was made."""

    id: int
    error: AssistantError


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that the process logged or printed, already redacted. `level` is a number of `logging`."""

    level: int
    source: str
    text: str


Message = Start | Request | Event | Result | Failure | LogLine


class Wire:
    """One end of the pipe. `send` is safe from any thread; `receive` belongs to one reader."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()

    def send(self, message: Message) -> None:
        """Raises OSError when the other end is gone, and what pickle raises for a value it cannot pack."""
        packed = _pack(message)
        with self._sending:
            self._connection.send_bytes(packed)

    def receive(self) -> Message:
        """Wait for the next message. Raises EOFError or OSError when the other end is gone."""
        message: Message = pickle.loads(self._connection.recv_bytes())
        return message

    def close(self) -> None:
        """Close this end; a `receive` in another thread ends by itself once the other end is closed too."""
        self._connection.close()


class _SecretCarrier(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        return (Secret, (value.reveal(),)) if isinstance(value, Secret) else NotImplemented


def _pack(message: Message) -> bytes:
    buffer = io.BytesIO()
    _SecretCarrier(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(message)
    return buffer.getvalue()
