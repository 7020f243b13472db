"""The SDK process, seen from the program: calls with a deadline, and a cancel that really stops.

The Azure SDK cannot be interrupted: it sleeps, retries and waits inside. So it lives in a process of its own,
and stopping a call is ending that process and starting another.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gpu_assistant.backends import child
from gpu_assistant.backends.base import BackendConfig
from gpu_assistant.backends.wire import Event, Failure, LogLine, Request, Result, Start, Wire
from gpu_assistant.domain.errors import AssistantError, Cancelled, DeadlinePassed, OutcomeUnknown, UnexpectedAnswer
from gpu_assistant.domain.text import Text
from gpu_assistant.spawn import start_process

# A threading.Event and a queue cannot be waited for together; a person does not feel 50 ms.
_CANCEL_POLL_S = 0.05
_JOIN_S = 5.0

_sdk_log = logging.getLogger("gpu_assistant.sdk")


@dataclass(frozen=True, slots=True)
class _Ended:
    """Put into the queues of waiting calls when the process is gone."""


_Answers = queue.SimpleQueue[Event | Result | Failure | _Ended]


class SdkProcess:
    """Runs one adapter in a process of its own. Every method may be called from any thread.

    `adapter` is "module:Class"; the class is made in the process from what `config()` gives, which is asked anew
    for every process. The process starts with the first call (or `start`), and again whenever it was ended.
    """

    def __init__(self, adapter: str, config: Callable[[], BackendConfig]) -> None:
        self._adapter = adapter
        self._config = config
        self._lock = threading.Lock()
        self._life: _Life | None = None
        self._closed = False
        self._ids = itertools.count(1)

    @property
    def pid(self) -> int | None:
        """The process id at this moment; None while no process runs."""
        life = self._life
        return life.pid if life is not None and not life.ended else None

    def start(self) -> None:
        """Begin to load the SDK, so that the first call need not wait for all of it. Does not wait."""
        self._living()

    def call(
        self,
        method: str,
        *args: object,
        deadline_s: float,
        what: str = "",
        repeatable: bool = False,
        on_event: Callable[[Any], None] | None = None,
        event_keyword: str = "on_event",
        cancel: threading.Event | None = None,
        **kwargs: object,
    ) -> Any:
        """Call a method of the adapter and wait for its answer. `what` names it in errors, as a sentence begins.

        `on_event` gets what the method gives to its argument `event_keyword`, on the calling thread.
        `deadline_s` is the longest silence: it counts from the call, or from the last event. A `repeatable` call
        (one that only reads) is made once more when the process ended under it for another call's sake.

        Raises what the adapter raises; DeadlinePassed or Cancelled, after the process was ended and another
        started; OutcomeUnknown when the process ended under a call that is not repeatable.
        """
        what = what or method
        request = Request(next(self._ids), method, args, kwargs, event_keyword if on_event is not None else "")
        for _ in range(2 if repeatable else 1):
            if cancel is not None and cancel.is_set():
                raise Cancelled(what=what)
            life = self._living()
            try:
                answer = _wait(life.send(request), what, deadline_s, on_event, cancel)
            except _GiveUp as exc:
                self._replace(life)
                raise exc.error from None
            finally:
                life.forget(request.id)
            if isinstance(answer, Result):
                return answer.value
            if isinstance(answer, Failure):
                raise answer.error
            if self._closed:
                raise Cancelled(what=what)
        if repeatable:
            raise UnexpectedAnswer(what=what, reason=Text("the SDK process ended twice without an answer"))
        raise OutcomeUnknown(what=what)

    def restart(self) -> None:
        """End the process and start another one with a fresh `config()`."""
        life = self._life
        if life is not None:
            self._replace(life)

    def close(self) -> None:
        """End the process for good. Calls in flight, and later ones, raise Cancelled."""
        with self._lock:
            self._closed = True
            life, self._life = self._life, None
        if life is not None:
            life.end()

    def _living(self) -> _Life:
        with self._lock:
            if self._closed:
                raise Cancelled(what=Text("The connection to Azure"))
            if self._life is None or self._life.ended:
                self._life = _Life(self._adapter, self._config())
            return self._life

    def _replace(self, life: _Life) -> None:
        life.end()
        try:
            self._living()
        except (AssistantError, OSError):
            return  # closed meanwhile, or there is no process to be had now: the next call tells


class _Life:
    """One process, from its start to its end."""

    def __init__(self, adapter: str, config: BackendConfig) -> None:
        self._process, ours = start_process(child.run, name="gpu-assistant-sdk")
        self._wire = Wire(ours)
        self._lock = threading.Lock()
        self._waiting: dict[int, _Answers] = {}
        self.ended = False
        threading.Thread(target=self._read, name="sdk-process-reader", daemon=True).start()
        try:
            self._wire.send(Start(adapter, config))
        except OSError:
            self.end()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def send(self, request: Request) -> _Answers:
        """Send a request; the queue gets its events and its answer, or `_Ended`."""
        answers = _Answers()
        with self._lock:
            if self.ended:
                answers.put(_Ended())
                return answers
            self._waiting[request.id] = answers
        try:
            self._wire.send(request)
        except OSError:
            self.end()
        return answers

    def forget(self, request_id: int) -> None:
        """Nobody waits for this request any more."""
        with self._lock:
            self._waiting.pop(request_id, None)

    def end(self) -> None:
        """Kill the process and tell everybody who waits. May be called again."""
        self._process.kill()
        self._process.join(_JOIN_S)
        self._tell_all()

    def _read(self) -> None:
        try:
            while True:
                message = self._wire.receive()
                if isinstance(message, LogLine):
                    _sdk_log.log(message.level, "%s: %s", message.source, message.text)
                elif isinstance(message, Event | Result | Failure):
                    with self._lock:
                        answers = self._waiting.get(message.id)
                    if answers is not None:
                        answers.put(message)
        except (EOFError, OSError):
            self._tell_all()
        finally:
            self._process.join(_JOIN_S)
            self._wire.close()

    def _tell_all(self) -> None:
        with self._lock:
            self.ended = True
            waiting, self._waiting = self._waiting, {}
        for answers in waiting.values():
            answers.put(_Ended())


class _GiveUp(Exception):
    """The caller will not wait any longer; carries the error for the person."""

    def __init__(self, error: AssistantError) -> None:
        super().__init__(error)
        self.error = error


def _wait(
    answers: _Answers,
    what: str,
    deadline_s: float,
    on_event: Callable[[Any], None] | None,
    cancel: threading.Event | None,
) -> Result | Failure | _Ended:
    quiet_since = time.monotonic()
    while True:
        left_s = quiet_since + deadline_s - time.monotonic()
        if cancel is not None and cancel.is_set():
            raise _GiveUp(Cancelled(what=what))
        if left_s <= 0:
            raise _GiveUp(DeadlinePassed(what=what, seconds=deadline_s))
        try:
            message = answers.get(timeout=left_s if cancel is None else min(left_s, _CANCEL_POLL_S))
        except queue.Empty:
            continue
        if not isinstance(message, Event):
            return message
        quiet_since = time.monotonic()
        if on_event is not None:
            on_event(message.value)
