"""Work that would hold up the window, done on a thread of its own; what comes out arrives on the Tk thread."""

from __future__ import annotations

import queue
import threading
import tkinter as tk
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
_POLL_MS = 15


class Background(Generic[T]):
    """One daemon thread that does one piece of work after the other, for as long as `owner` lives.

    `run` and `forget` are for the Tk thread, and the answers come there: the worker makes no Tk call and holds nothing
    that belongs to Tk. The queue is polled only while an answer is due.
    """

    def __init__(self, owner: tk.Misc, name: str) -> None:
        self._owner = owner
        self._name = name
        self._number = 0
        self._waiting: deque[tuple[int, Callable[[], T]]] = deque()
        self._change = threading.Condition()
        self._is_closed = False
        self._answers: queue.SimpleQueue[tuple[int, T | Exception]] = queue.SimpleQueue()
        self._receivers: dict[int, Callable[[T | Exception], None]] = {}
        self._thread: threading.Thread | None = None
        self._timer = ""
        owner.bind("<Destroy>", self._destroyed, add="+")

    def run(self, work: Callable[[], T], receive: Callable[[T | Exception], None]) -> None:
        """Do `work` on the thread, after what waits already; `receive` gets its result, or the exception it raised."""
        if self._is_closed:
            return
        self._number += 1
        self._receivers[self._number] = receive
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        with self._change:
            self._waiting.append((self._number, work))
            self._change.notify()
        if not self._timer:
            self._timer = self._owner.after(_POLL_MS, self._poll)

    def forget(self) -> None:
        """Give up what was asked for: what has not begun is not done, and nothing of it is received any more."""
        with self._change:
            self._waiting.clear()
        self._receivers.clear()

    def _poll(self) -> None:
        self._timer = ""
        while True:
            try:
                number, answer = self._answers.get_nowait()
            except queue.Empty:
                break
            receive = self._receivers.pop(number, None)
            if receive is not None:
                receive(answer)
        if self._receivers and not self._timer and not self._is_closed:
            self._timer = self._owner.after(_POLL_MS, self._poll)

    def _destroyed(self, event: tk.Event[tk.Misc]) -> None:
        if event.widget is not self._owner:
            return
        if self._timer:
            self._owner.after_cancel(self._timer)
            self._timer = ""
        self.forget()
        with self._change:
            self._is_closed = True
            self._change.notify()

    def _work(self) -> None:
        while True:
            with self._change:
                while not self._waiting and not self._is_closed:
                    self._change.wait()
                if self._is_closed:
                    return
                number, work = self._waiting.popleft()
            try:
                answer: T | Exception = work()
            except Exception as exc:  # whatever it is, the receiver decides what the person is told
                answer = exc
            del work
            self._answers.put((number, answer))
            del answer
