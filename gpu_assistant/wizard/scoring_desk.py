"""Images of the session: taken up, sent, answered, and kept as a table on disk."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from gpu_assistant.backends.base import OnPrompt
from gpu_assistant.domain.service import ServiceKeys, WhichKey
from gpu_assistant.domain.text import Text
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.jobs.job import Job
from gpu_assistant.jobs.runner import Lane
from gpu_assistant.keystore import load_service_keys, save_service_keys
from gpu_assistant.scoring_client import ScoringClient
from gpu_assistant.wizard.engine import Engine
from gpu_assistant.wizard.events import BatchMoved, ImageAnswered, ImagesTaken, ImageWaits, KeystoreLooked
from gpu_assistant.wizard.navigation import endpoint
from gpu_assistant.wizard.ports import Workplace
from gpu_assistant.wizard.state import Batch, JobKind, Scored
from gpu_assistant.workflows.score_image import Endpoint, Scorer
from gpu_assistant.workflows.score_many import Answer, Tally, find_images, score_many

_PARALLEL = 4
"""Requests at a time when many images are scored; one answers while the next are on their way."""
_FEW = 8
"""Up to so many images count as dropped one by one, more as a batch with its own progress."""


class ScoringDesk:
    """What the score page asks for. Belongs to the window's thread."""

    def __init__(
        self,
        engine: Engine,
        *,
        session_folder: Callable[[], Path],
        on_prompt: OnPrompt,
        utc_now: Callable[[], datetime],
    ) -> None:
        self._engine = engine
        self._session_folder = session_folder
        self._on_prompt = on_prompt
        self._utc_now = utc_now
        self._numbers = itertools.count(1)
        self._tables: list[Path] = []
        self._spare: dict[Endpoint, list[Scorer]] = {}
        self._clients: list[ScoringClient] = []

    # --- images ---------------------------------------------------------------------------------------------------

    def drop(self, workplace: Workplace, paths: Sequence[Path]) -> None:
        """Score files, and what lies in folders. Answers come into the state as they arrive."""
        target = endpoint(self._engine.state)
        if target is None or not paths:
            return
        few = [path for path in paths if not path.is_dir()] if len(paths) <= _FEW else []
        taken: list[Scored] = []
        if len(few) == len(paths):
            taken = [Scored(next(self._numbers), path) for path in few]
            self._engine.fold(ImagesTaken(taken))
        self._engine.start(
            JobKind.SCORE,
            lambda job: self._score(workplace, target, paths, taken, job),
            lane=Lane.SCORING,
            pace=workplace.pace,
        )

    def stop(self) -> None:
        """Leave what has not been answered; what was stays, in the table too."""
        self._engine.cancel(JobKind.SCORE, CancelMeaning.STOP_WATCHING)

    def save_table(self, target: Path) -> str:
        """Copy the answers so far (the batch's, else the session's) to `target`; "" or why not."""
        tables = [table for table in self._tables if table.is_file()]
        if not tables:
            return Text("There are no answers yet")
        batch = self._engine.state.batch
        wanted = [batch.csv] if batch is not None and batch.csv in tables else tables
        try:
            with open(target, "wb") as whole:
                for number, table in enumerate(wanted):
                    with open(table, "rb") as part:
                        if number:
                            part.readline()  # one heading is enough
                        shutil.copyfileobj(part, whole)
        except OSError as exc:
            return Text("{file} cannot be written: {reason}", file=target.name, reason=exc.strerror or str(exc))
        return ""

    def forget(self) -> None:
        """Another workspace: its keys and connections are not ours to keep."""
        self._spare.clear()
        for client in self._clients:
            client.close()
        self._clients.clear()

    # --- keys -----------------------------------------------------------------------------------------------------

    def with_keys(self, workplace: Workplace, use: Callable[[ServiceKeys], None]) -> None:
        """Read the keys and hand them to `use` on the window's thread; they never enter the state."""
        target = endpoint(self._engine.state)
        if target is None:
            return

        def work(job: Job) -> None:
            with job.step(Text("Read the keys")):
                entry = workplace.site.key_entry(target.name)
                keys = load_service_keys(workplace.keystore, entry)
                if keys is None:
                    keys = workplace.connect(self._on_prompt).bound_to(job.cancelled).keys(target.name)
                    save_service_keys(workplace.keystore, entry, keys)
                self._engine.tell(KeystoreLooked(workplace.keystore.problem))
            found = keys
            self._engine.call(lambda: use(found))

        self._engine.start(JobKind.KEYS, work, lane=Lane.READS, subject=target.name)

    def new_key(self, workplace: Workplace, which: WhichKey) -> None:
        """Replace a key in Azure and in the keystore; whoever holds the old one is shut out."""
        target = endpoint(self._engine.state)
        if target is None:
            return

        def work(job: Job) -> None:
            with job.step(Text("Make a new key")):
                backend = workplace.connect(self._on_prompt).bound_to(job.cancelled)
                keys = backend.regenerate_key(target.name, which)
                save_service_keys(workplace.keystore, workplace.site.key_entry(target.name), keys)
                self._engine.tell(KeystoreLooked(workplace.keystore.problem))

        self._engine.start(JobKind.KEYS, work, lane=Lane.CHANGES, subject=target.name)

    # --- on the worker --------------------------------------------------------------------------------------------

    def _score(
        self, workplace: Workplace, target: Endpoint, paths: Sequence[Path], taken: Sequence[Scored], job: Job
    ) -> Tally:
        with job.step(Text("Score images")):
            images = [one.path for one in taken] or list(find_images(paths))
            numbers: dict[Path, list[int]] = {}
            for one in taken:
                numbers.setdefault(one.path, []).append(one.number)
            table = self._new_table()
            is_batch = not taken
            scorers = self._take_scorers(workplace, target, min(_PARALLEL, max(len(images), 1)))
            seen = Batch(len(images), 0, 0, table, running=True)
            if is_batch:
                self._engine.tell(BatchMoved(seen))

            def answered(answer: Answer, tally: Tally) -> None:
                nonlocal seen
                mine = numbers.get(answer.path)
                number = mine.pop(0) if mine else next(self._numbers)
                self._engine.tell(
                    ImageAnswered(Scored(number, answer.path, answer.image, answer.error, answer.total_ms))
                )
                job.doing(answer.path.name, tally.done / tally.total)
                if is_batch:
                    seen = seen._replace(done=tally.done, failed=tally.failed)
                    self._engine.tell(BatchMoved(seen))

            def waits(path: Path, why: str) -> None:
                for number in tuple(numbers.get(path, ())):
                    self._engine.tell(ImageWaits(number, why))
                job.doing(why, seen.done / max(seen.total, 1))

            whole = False
            try:
                tally = score_many(images, scorers=scorers, table=table, job=job, on_answer=answered, on_wait=waits)
                whole = True
                self._spare.setdefault(target, []).extend(scorers)
            finally:
                self._engine.tell(KeystoreLooked(workplace.keystore.problem))  # the keys came from there, or not
                if is_batch:
                    self._engine.tell(BatchMoved(seen._replace(running=False, cancelled=not whole)))
            return tally

    def _take_scorers(self, workplace: Workplace, target: Endpoint, count: int) -> list[Scorer]:
        """Scorers keep their connection and key, so the next drop is answered sooner. Scoring lane only."""
        spare = self._spare.setdefault(target, [])
        while len(spare) < count:
            client = ScoringClient()
            self._clients.append(client)
            spare.append(
                Scorer(
                    target,
                    site=workplace.site,
                    ledger=workplace.ledger,
                    keystore=workplace.keystore,
                    client=client,
                    backend=lambda: workplace.connect(self._on_prompt),
                )
            )
        taken, self._spare[target] = spare[:count], spare[count:]
        return taken

    def _new_table(self) -> Path:
        number = len(self._tables) + 1
        table = self._session_folder() / f"scores-{self._utc_now():%Y%m%d-%H%M%S}-{number}.csv"
        self._tables.append(table)
        return table
