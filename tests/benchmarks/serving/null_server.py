"""A server that answers every request at once with nothing in it: what the load generator can send at the most.

    python -m tests.benchmarks.serving.null_server

Prints its port and runs until its standard input is closed. HTTP/1.1 with a Content-Length, one process, one thread.
"""

from __future__ import annotations

import selectors
import socket
import sys

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class _Client:
    """What is still to come of the request that a connection is sending."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._head = b""
        self._missing = -1

    def read(self) -> bool:
        """Take what has arrived, answer when it is whole; False when the connection is over."""
        try:
            chunk = self.connection.recv(1 << 20)
        except OSError:
            return False
        if not chunk:
            return False
        if self._missing < 0:
            self._head += chunk
            head, end, content = self._head.partition(b"\r\n\r\n")
            if not end:
                return True
            (length,) = (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            self._missing = int(length.partition(b":")[2]) - len(content)
        else:
            self._missing -= len(chunk)
        if self._missing == 0:
            self._head, self._missing = b"", -1
            self.connection.sendall(_ANSWER)
        return True


def main() -> None:
    waiting = selectors.DefaultSelector()
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        print(listening.getsockname()[1], flush=True)
        waiting.register(listening, selectors.EVENT_READ)
        waiting.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is sys.stdin:
                    return
                if key.fileobj is listening:
                    connection, _ = listening.accept()
                    waiting.register(connection, selectors.EVENT_READ, _Client(connection))
                elif not key.data.read():
                    waiting.unregister(key.fileobj)
                    key.data.connection.close()


if __name__ == "__main__":
    main()
