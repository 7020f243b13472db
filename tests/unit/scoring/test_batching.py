"""The queue in front of the model, without a model: every promise of its docstrings, and what must never happen."""

from __future__ import annotations

import ctypes
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

SCORING = Path(__file__).parents[3] / "scoring"
LONG_S = 10.0  # longer than any of these tests may take


@pytest.fixture
def batching(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCORING))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import batching

    return batching


class Model:
    """Squares numbers. Calls wait while `gate` is closed; `batches` is what they were called with."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.batches: list[list[Any]] = []
        self.poison: dict[Any, BaseException] = {}
        self.room = 1_000

    def __call__(self, items: Sequence[Any]) -> list[int]:
        self.batches.append(list(items))
        assert self.gate.wait(LONG_S)
        for item in items:
            if item in self.poison:
                raise self.poison[item]
        if len(items) > self.room:
            raise MemoryError(f"{len(items)} do not fit")
        return [item * item for item in items]


@pytest.fixture
def model() -> Iterator[Model]:
    made = Model()
    yield made
    made.gate.set()


@pytest.fixture
def start(batching: Any, model: Model) -> Iterator[Callable[..., Any]]:
    started = []

    def make(**options: Any) -> Any:
        options = {"runners": 1, "max_batch": 8, "queue_length": 100, **options}
        started.append(batching.Batcher(model, **options))
        return started[-1]

    yield make
    model.gate.set()
    for batcher in started:
        batcher.close()


class Client(threading.Thread):
    """One request: submits an item and keeps the answer or the error."""

    def __init__(self, batcher: Any, item: Any, *, patience_s: float = LONG_S, **options: Any) -> None:
        super().__init__(daemon=True)
        self.answer: Any = None
        self.error: BaseException | None = None
        self._call = lambda: batcher.submit(item, deadline=time.monotonic() + patience_s, **options)
        self.start()

    def run(self) -> None:
        try:
            self.answer = self._call()
        except BaseException as exc:
            self.error = exc

    def wait(self) -> Client:
        self.join(LONG_S)
        assert not self.is_alive(), "the client still waits"
        return self


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.002)


def queued(batcher: Any) -> int:
    return len(batcher._queue)


def occupy(batcher: Any, model: Model, items: Sequence[Any], **options: Any) -> list[Client]:
    """Clients whose items keep a runner each in a call that is held up; the caller opens the gate."""
    model.gate.clear()
    clients = []
    for item in items:
        calls = len(model.batches)
        clients.append(Client(batcher, item, **options))
        wait_until(lambda calls=calls: len(model.batches) > calls)
    return clients


def join_queue(batcher: Any, item: Any, **options: Any) -> Client:
    """A client whose item is in the queue already; the runners must be busy."""
    before = queued(batcher)
    client = Client(batcher, item, **options)
    wait_until(lambda: queued(batcher) > before)
    return client


def gather(batcher: Any, model: Model, items: Sequence[Any], **options: Any) -> list[Client]:
    """Clients whose items wait together, behind a call (of item 0) that is held up; the caller opens the gate."""
    return [*occupy(batcher, model, [0]), *(join_queue(batcher, item, **options) for item in items)]


def kill(thread: threading.Thread) -> None:
    """Let a thread end at its next step, as nothing in it expects."""
    assert thread.ident is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))


def test_a_single_job_goes_alone_and_at_once(start, model):
    done = start().submit(7, deadline=time.monotonic() + LONG_S)
    assert (done.value, done.batch_size) == (49, 1)
    assert done.call_s >= 0
    assert done.queue_s >= 0
    assert model.batches == [[7]]


def test_jobs_that_wait_go_together_and_everyone_gets_his_own_answer(start, model):
    clients = gather(start(), model, range(1, 8))
    model.gate.set()
    assert [client.wait().answer.value for client in clients] == [number**2 for number in range(8)]
    assert model.batches == [[0], [1, 2, 3, 4, 5, 6, 7]]
    assert clients[1].answer.batch_size == 7


def test_no_batch_is_larger_than_allowed(start, model):
    clients = gather(start(max_batch=3), model, range(1, 8))
    model.gate.set()
    assert [client.wait().answer.value for client in clients] == [number**2 for number in range(8)]
    assert model.batches == [[0], [1, 2, 3], [4, 5, 6], [7]]


def test_a_model_for_one_at_a_time_is_never_given_two(start, model):
    clients = gather(start(max_batch=1), model, range(1, 5))
    model.gate.set()
    assert all(client.wait().answer for client in clients)
    assert [len(batch) for batch in model.batches] == [1] * 5


def test_no_batch_is_heavier_than_allowed_unless_it_is_a_single_job(start, model):
    batcher = start(max_weight=10)
    clients = gather(batcher, model, [1, 2], weight=4)
    clients += [join_queue(batcher, number, weight=11) for number in (3, 4)]
    model.gate.set()
    assert all(client.wait().answer for client in clients)
    assert model.batches == [[0], [1, 2], [3], [4]]


def test_runners_work_side_by_side(start, model):
    clients = occupy(start(runners=3), model, range(3))
    model.gate.set()
    assert [client.wait().answer.value for client in clients] == [0, 1, 4]


@pytest.mark.parametrize("culprits", [{3}, {1, 7}, {1, 2, 3, 4, 5, 6, 7}], ids=str)
def test_a_failing_batch_costs_only_the_culprits(culprits, start, model):
    model.poison = {culprit: ValueError(f"bad {culprit}") for culprit in culprits}
    clients = gather(start(), model, range(1, 8))
    model.gate.set()
    for number, client in enumerate(clients):
        client.wait()
        if number in culprits:
            assert client.error is model.poison[number]
        else:
            assert client.answer.value == number**2
    assert model.batches == [[0], [1, 2, 3, 4, 5, 6, 7], *([number] for number in range(1, 8))]


def test_a_culprit_fails_with_its_own_error_and_the_next_job_is_answered(start, model):
    model.poison = {5: ValueError("bad 5")}
    batcher = start()
    with pytest.raises(ValueError, match="bad 5"):
        batcher.submit(5, deadline=time.monotonic() + LONG_S)
    assert batcher.submit(6, deadline=time.monotonic() + LONG_S).value == 36


def test_too_few_answers_are_an_error_of_the_model_and_no_mix_up(batching):
    batcher = batching.Batcher(lambda items: [1] * (len(items) - 1), runners=1, max_batch=4, queue_length=4)
    with pytest.raises(RuntimeError, match="1 items got 0 answers"):
        batcher.submit(3, deadline=time.monotonic() + LONG_S)
    batcher.close()


def test_memory_that_does_not_suffice_halves_batches_for_good(start, model):
    model.room = 3
    batcher = start()
    clients = gather(batcher, model, range(1, 9))
    model.gate.set()
    assert [client.wait().answer.value for client in clients] == [number**2 for number in range(9)]
    assert [len(batch) for batch in model.batches] == [1, 8, 4, 2, 2, 4, 2, 2]
    assert batcher.max_batch == 2
    clients = gather(batcher, model, range(4))
    model.gate.set()
    assert all(client.wait().answer for client in clients)
    assert [len(batch) for batch in model.batches[8:]] == [1, 2, 2]


def test_no_memory_even_for_one_is_told_to_that_one(start, model):
    batcher = start()
    model.room = 0
    with pytest.raises(MemoryError):
        batcher.submit(2, deadline=time.monotonic() + LONG_S)
    model.room = 1
    assert batcher.submit(2, deadline=time.monotonic() + LONG_S).value == 4
    assert batcher.max_batch == 8


def test_a_full_queue_says_when_to_come_back(start, model, batching):
    batcher = start(queue_length=2)
    clients = gather(batcher, model, [1, 2])
    refused = Client(batcher, 3).wait()
    assert isinstance(refused.error, batching.QueueFull)
    assert refused.error.retry_after_s == 1  # nothing was measured yet
    model.gate.set()
    assert all(client.wait().answer for client in clients)
    assert batcher.submit(3, deadline=time.monotonic() + LONG_S).value == 9


def test_the_time_to_come_back_is_what_the_queue_takes(start, model, batching):
    batcher = start(queue_length=12, runners=2)
    batcher._job_s = 3.0
    clients = occupy(batcher, model, range(2), patience_s=1000)
    clients += [join_queue(batcher, number, patience_s=1000) for number in range(12)]
    refused = Client(batcher, 99, patience_s=1000).wait()
    assert refused.error.retry_after_s == 18  # 12 jobs of 3 s, on 2 runners
    hopeless = Client(batcher, 99, patience_s=17).wait()
    assert isinstance(hopeless.error, batching.QueueFull)
    model.gate.set()
    assert all(client.wait().answer for client in clients)


def test_a_request_without_hope_is_told_at_once(start, model, batching):
    batcher = start()
    batcher._job_s = 10.0
    clients = gather(batcher, model, [1])
    started = time.monotonic()
    refused = Client(batcher, 2, patience_s=5).wait()
    assert isinstance(refused.error, batching.QueueFull)
    assert time.monotonic() - started < 4
    model.gate.set()
    assert all(client.wait().answer for client in clients)


def test_a_job_that_waits_too_long_is_given_up_and_costs_the_model_nothing(start, model, batching):
    batcher = start()
    plug, late = gather(batcher, model, [1], patience_s=0.5)
    assert isinstance(late.wait().error, batching.DeadlinePassed)
    assert queued(batcher) == 0  # its place is free again
    model.gate.set()
    assert plug.wait().answer.value == 0
    assert model.batches == [[0]]


def test_a_call_that_takes_too_long_is_not_waited_for(start, model, batching):
    batcher = start()
    (late,) = occupy(batcher, model, [3], patience_s=0.5)
    assert isinstance(late.wait().error, batching.DeadlinePassed)
    model.gate.set()
    assert batcher.submit(4, deadline=time.monotonic() + LONG_S).value == 16


def test_a_deadline_that_has_passed_is_refused_before_the_queue(start, model, batching):
    with pytest.raises(batching.DeadlinePassed):
        start().submit(1, deadline=time.monotonic() - 1)
    assert model.batches == []


def test_nobody_works_for_clients_that_are_gone(start, model, batching, monkeypatch):
    monkeypatch.setattr(batching, "_OLD_S", 0.0)
    gone = gather(start(), model, [1, 2, 3], is_wanted=lambda: False)
    model.gate.set()
    assert gone[0].wait().answer.value == 0
    assert all(isinstance(client.wait().error, batching.NotWanted) for client in gone[1:])
    assert model.batches == [[0]]


def test_a_young_job_is_not_asked_whether_it_is_wanted(start, model):
    asked = []
    start().submit(3, deadline=time.monotonic() + LONG_S, is_wanted=lambda: asked.append(1) is None)
    assert asked == []


@pytest.mark.parametrize("end", [SystemExit(), KeyboardInterrupt()], ids=lambda end: type(end).__name__)
def test_a_runner_that_dies_fails_its_jobs_and_is_replaced(end, start, model, batching, caplog):
    model.poison = {3: end}
    batcher = start()
    clients = gather(batcher, model, [1, 3])
    model.gate.set()
    assert clients[0].wait().answer.value == 0
    for client in clients[1:]:
        assert isinstance(client.wait().error, batching.RunnerDied)
    assert batcher.submit(5, deadline=time.monotonic() + LONG_S).value == 25
    assert "runner-1 died" in caplog.text


def test_a_runner_killed_between_two_jobs_is_replaced_by_the_next_request(start):
    batcher = start()
    victim = batcher._runners[0].thread
    kill(victim)
    victim.join(LONG_S)
    assert not victim.is_alive()
    assert batcher.submit(5, deadline=time.monotonic() + LONG_S).value == 25


def test_a_job_that_waits_while_the_runner_dies_is_answered_by_the_next(start, model, monkeypatch):
    """Nobody else comes by: the waiting request itself must notice."""
    batcher = start()
    clients = gather(batcher, model, [1])
    kill(batcher._runners[0].thread)
    model.gate.set()
    clients[0].wait()
    assert clients[1].wait().answer.value == 1


def test_a_runner_that_died_without_a_word_is_noticed_by_who_waits_for_it(start, model, batching, monkeypatch):
    """Not even its own handler ran, as when the interpreter loses a thread."""
    batcher = start()
    clients = gather(batcher, model, [1])
    dead = threading.Thread(target=lambda: None)
    dead.start()
    dead.join()
    batcher._runners[0].thread, hung = dead, batcher._runners[0].thread
    assert isinstance(clients[0].wait().error, batching.RunnerDied)
    model.gate.set()
    assert clients[1].wait().answer.value == 1
    assert hung.is_alive()


def test_a_call_that_hangs_is_reported_once(start, model, batching):
    reports = []
    batcher = start(stuck_s=0.01, on_stuck=lambda: reports.append(time.monotonic()))
    clients = occupy(batcher, model, [0])
    wait_until(lambda: bool(reports))
    clients.append(join_queue(batcher, 1))
    model.gate.set()
    assert [client.wait().answer.value for client in clients] == [0, 1]
    assert len(reports) == 1


def test_closing_fails_what_waits_ends_the_runners_and_takes_nothing_more(start, model, batching):
    batcher = start(runners=2)
    running = occupy(batcher, model, range(2))
    waiting = join_queue(batcher, 2)
    closing = threading.Thread(target=batcher.close)
    closing.start()
    assert isinstance(waiting.wait().error, batching.Closed)
    model.gate.set()
    closing.join(LONG_S)
    assert [client.wait().answer.value for client in running] == [0, 1]
    assert not any(runner.thread.is_alive() for runner in batcher._runners)
    with pytest.raises(batching.Closed):
        batcher.submit(1, deadline=time.monotonic() + LONG_S)
    batcher.close()


def test_closing_does_not_wait_for_a_call_that_hangs(start, model):
    batcher = start()
    occupy(batcher, model, [1])
    started = time.monotonic()
    batcher.close(timeout_s=0.05)
    assert time.monotonic() - started < 5


def test_a_storm_of_good_and_bad_jobs_ends_with_the_right_answer_for_each(start, model, batching):
    """Poison, deadlines and dying runners all at once: everyone is told something, and no answer is another's."""
    dice = random.Random(4)
    model.poison = {13: ValueError("bad"), 17: SystemExit()}
    batcher = start(runners=2, max_batch=5, queue_length=40)
    clients = []
    for _ in range(600):
        item = 17 if dice.random() < 0.01 else dice.randrange(1, 17)
        clients.append((item, Client(batcher, item, patience_s=LONG_S if dice.random() < 0.95 else 0.001)))
        if dice.random() < 0.1:
            clients[-1][1].wait()
    expected = (batching.RunnerDied, batching.DeadlinePassed, batching.QueueFull, ValueError)
    answered = 0
    for item, client in clients:
        client.wait()
        if client.answer is not None:
            assert client.answer.value == item * item
            assert item not in model.poison
            answered += 1
        else:
            assert isinstance(client.error, expected)
            assert item == 13 or not isinstance(client.error, ValueError)
    assert answered > 300
    assert queued(batcher) == 0
