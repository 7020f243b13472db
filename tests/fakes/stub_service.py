"""A scoring service that does nothing, as fast as Python can, or as badly as a test wants it."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

_ANSWER = (
    b'{"predictions": [{"index": 1, "label": "cat", "probability": 0.9}], '
    b'"model_ms": 0.5, "total_ms": 1.0, "device": "/CPU:0"}'
)


@dataclass(frozen=True)
class Manners:
    """How it answers. Every answer takes `think_s`; from `stall_at_s` on (counted from the first request) nothing is
    answered for `stall_s`. `status` is what it says, with `retry_after` where that is given. `hang_up_every` closes the
    connection after so many answers: the last one says so, or does not come at all when `rude`. `at_once` requests are
    worked on beside each other
    (0: any number). `answer` is the body."""

    think_s: float = 0.0
    stall_at_s: float = -1.0
    stall_s: float = 0.0
    status: int = 200
    retry_after: str = ""
    hang_up_every: int = 0
    rude: bool = False
    at_once: int = 0
    silent: bool = False
    answer: bytes = _ANSWER


@contextlib.contextmanager
def stub_service(manners: Manners | None = None) -> Iterator[str]:
    """Run one in a process of its own; gives its scoring URI."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_main, args=(theirs, manners or Manners()), daemon=True)
    process.start()
    try:
        port: int = ours.recv()
        yield f"http://127.0.0.1:{port}/score"
    finally:
        process.kill()
        process.join()


def _main(pipe: Connection, manners: Manners) -> None:
    asyncio.run(_serve(pipe, manners))


async def _serve(pipe: Connection, manners: Manners) -> None:
    stub = _Stub(manners)
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0, limit=1 << 20)
    pipe.send(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


class _Stub:
    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._began_s = 0.0
        self._room = asyncio.Semaphore(manners.at_once) if manners.at_once else None
        retry = f"Retry-After: {manners.retry_after}\r\n" if manners.retry_after else ""
        head = f"HTTP/1.1 {manners.status} X\r\nContent-Type: application/json\r\n{retry}"
        self._answer = f"{head}Content-Length: {len(manners.answer)}\r\n\r\n".encode() + manners.answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            answered = 0
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                await self._work()
                if self._manners.silent:
                    await asyncio.sleep(3600)
                answered += 1
                last = self._manners.hang_up_every and answered >= self._manners.hang_up_every
                if last and self._manners.rude:
                    break
                writer.write(self._answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) if last else self._answer)
                await writer.drain()
                if last:
                    break
        writer.close()

    async def _work(self) -> None:
        self._began_s = self._began_s or time.monotonic()
        if self._room is None:
            await self._think()
            return
        async with self._room:
            await self._think()

    async def _think(self) -> None:
        manners, at_s = self._manners, time.monotonic() - self._began_s
        if manners.stall_at_s <= at_s < manners.stall_at_s + manners.stall_s:
            await asyncio.sleep(manners.stall_at_s + manners.stall_s - at_s)
        if manners.think_s:
            await asyncio.sleep(manners.think_s)
