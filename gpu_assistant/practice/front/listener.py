"""One loopback port that is at once an HTTP CONNECT proxy into the played Azure and a plain web server.

`CONNECT host:443` for a host that is played ends here: TLS is answered with a certificate of the practice
authority and the requests inside go to the dispatcher. Every other host gets 403 and is counted by name, so
a finished run can prove that nothing tried to leave this computer. Plain requests are answered for the
loopback address only (scoring and control); another name in them is refused too, which also keeps web pages
that rebind their own name to 127.0.0.1 out.
"""

from __future__ import annotations

import logging
import socket
import ssl
import struct
import sys
import threading
import time
from collections import Counter
from urllib.parse import parse_qsl, urlsplit

from gpu_assistant.practice.constants import LOOPBACK_HOST
from gpu_assistant.practice.front import wire
from gpu_assistant.practice.front.authority import Authority
from gpu_assistant.practice.front.dispatch import Dispatcher
from gpu_assistant.practice.front.http import Request, Response, decode_path

log = logging.getLogger(__name__)

SCORING_BODY_LIMIT_BYTES = 100 * 1024 * 1024
"""What Azure's front end lets through to a scoring script."""

UPLOAD_BODY_LIMIT_BYTES = 2 * 1024 * 1024 * 1024
_IDLE_TIMEOUT_S = 75.0
_BACKLOG = 128
_MAX_REFUSED_NAMES = 500
_THROTTLE_STEP_S = 0.05
_LOOPBACK_NAMES = frozenset({LOOPBACK_HOST, "localhost"})


class PracticeListener:
    """Accepts connections on 127.0.0.1, one daemon thread each, until `stop`.

    `port` is wished for: when it is taken, a free one is used. Raises OSError when no port can be had.
    """

    def __init__(self, dispatcher: Dispatcher, authority: Authority, *, port: int = 0) -> None:
        self.dispatcher = dispatcher
        self.authority = authority
        self.stopping = threading.Event()
        self._socket = _bind(port)
        self._port: int = self._socket.getsockname()[1]
        self._lock = threading.Lock()
        self._refused: Counter[str] = Counter()
        self._connections: dict[_Connection, threading.Thread] = {}
        self._acceptor = threading.Thread(target=self._accept, name="practice-accept", daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._port

    @property
    def refused(self) -> dict[str, int]:
        """How often each host that is not played was asked for."""
        with self._lock:
            return dict(self._refused)

    def start(self) -> None:
        """Answer from now on; returns at once."""
        self._acceptor.start()

    def stop(self, grace_s: float = 5.0) -> None:
        """Close the port, let requests in progress finish for `grace_s`, then close what is left."""
        self.stopping.set()
        try:
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the acceptor on Linux; elsewhere close() does
        except OSError:
            pass
        self._socket.close()
        deadline = time.monotonic() + grace_s
        with self._lock:
            connections = dict(self._connections)
        for connection in connections:
            if not connection.is_busy:
                connection.hang_up()
        for connection, thread in connections.items():
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                connection.hang_up()
        if self._acceptor.is_alive():
            self._acceptor.join(grace_s)

    def refuse(self, host: str) -> Response:
        """Count a host that is not played and make the answer that says so."""
        with self._lock:
            if host in self._refused or len(self._refused) < _MAX_REFUSED_NAMES:
                self._refused[host] += 1
        log.warning("refused %s: the practice workspace does not play this host", host)
        return Response.of_error(403, "HostNotPlayed", f"The practice workspace does not play {host}.")

    def forget(self, connection: _Connection) -> None:
        """Called by a connection when it has ended."""
        with self._lock:
            self._connections.pop(connection, None)

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                accepted, _ = self._socket.accept()
            except OSError:
                if self.stopping.is_set():
                    return
                # Out of descriptors, or the peer gave up while queued: the next one may succeed.
                self.stopping.wait(0.05)
                continue
            connection = _Connection(accepted, self)
            thread = threading.Thread(target=connection.serve, name="practice-connection", daemon=True)
            with self._lock:
                self._connections[connection] = thread
            try:
                thread.start()
            except RuntimeError:  # the system has no thread left; the client may come again
                accepted.close()
                self.forget(connection)


class _Connection:
    """One TCP connection, first as it came, then perhaps as the TLS session inside its tunnel."""

    def __init__(self, accepted: socket.socket, listener: PracticeListener) -> None:
        self.is_busy = False
        self._listener = listener
        self._socket = accepted

    def serve(self) -> None:
        """Answer requests until either side hangs up. Runs in the connection's own thread."""
        try:
            self._socket.settimeout(_IDLE_TIMEOUT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tunnel_target = self._serve_requests(tunnel_host=None)
            if tunnel_target is not None:
                tunnel_host = self._open_tunnel(tunnel_target)
                if tunnel_host is not None:
                    self._serve_requests(tunnel_host)
        except OSError as error:  # includes TimeoutError and ssl.SSLError: the peer's business
            log.debug("a connection ended early: %s", type(error).__name__)
        except Exception:
            log.exception("a connection failed")
        finally:
            self._socket.close()
            self._listener.forget(self)

    def hang_up(self) -> None:
        """Make `serve` return soon. Called from another thread."""
        try:
            # Not SSLSocket.shutdown: that one pulls the TLS session away under the reading thread.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        except OSError:
            pass

    def _serve_requests(self, tunnel_host: str | None) -> str | None:
        """Answer requests one after the other; the target of a CONNECT, if one came, when it returns."""
        with self._socket.makefile("rb") as stream:
            while not self._listener.stopping.is_set():
                self.is_busy = False
                try:
                    head = wire.read_head(stream)
                    if head is None:
                        return None
                    self.is_busy = True
                    if head.method == "CONNECT" and tunnel_host is None:
                        return head.target
                    keep_alive = self._serve_request(stream, head, tunnel_host)
                except wire.BadRequestError as error:
                    refusal = Response.of_error(error.status, "BadRequest", str(error))
                    keep_alive = self._send(refusal, method="GET", keep_alive=False)
                if not keep_alive:
                    return None
        return None

    def _open_tunnel(self, target: str) -> str | None:
        """Become the host that a CONNECT names; None when that is refused or the client turns away."""
        host, _, port = target.lower().rpartition(":")
        if port != "443" or not self._listener.dispatcher.plays(host):
            self._send(self._listener.refuse(host or target.lower()), method="CONNECT", keep_alive=False)
            return None
        context = self._listener.authority.server_context(host)
        self._socket.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            self._socket = context.wrap_socket(self._socket, server_side=True)
        except ssl.SSLError as error:
            # Nearly always a client without REQUESTS_CA_BUNDLE; naming it saves somebody an hour.
            log.info("the client of %s did not accept the practice certificate: %s", host, error.reason)
            return None
        return host

    def _serve_request(self, stream: wire.Readable, head: wire.Head, tunnel_host: str | None) -> bool:
        """Answer one request; False when the connection cannot carry another one."""
        host, path, raw_query = _locate(head, tunnel_host)
        keep_alive = head.keeps_alive and not self._listener.stopping.is_set()
        limit_bytes = SCORING_BODY_LIMIT_BYTES if tunnel_host is None else UPLOAD_BODY_LIMIT_BYTES
        if tunnel_host is None and host not in _LOOPBACK_NAMES:
            self._send(self._listener.refuse(host), method=head.method, keep_alive=False)
            return False
        try:
            if head.expects_continue and head.content_length <= limit_bytes:
                self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = wire.read_body(stream, head, limit_bytes)
        except wire.BodyTooLargeError as error:
            refusal = Response.of_error(413, "RequestEntityTooLarge", str(error))
            self._send(refusal, method=head.method, keep_alive=False)
            return False
        request = Request(
            method=head.method,
            host=LOOPBACK_HOST if tunnel_host is None else host,
            path=decode_path(path),
            query=_first_values(raw_query),
            raw_query=raw_query,
            headers=head.headers,
            body=body,
        )
        return self._send(self._listener.dispatcher.answer(request), method=head.method, keep_alive=keep_alive)

    def _send(self, response: Response, *, method: str, keep_alive: bool) -> bool:
        if response.delay_s:
            self._listener.stopping.wait(response.delay_s)
        if response.reset:
            self._reset()
            return False
        try:
            head = wire.response_head(response, method=method, keep_alive=keep_alive)
        except ValueError:
            log.exception("an answer could not be sent")
            response = Response.of_error(500, "InternalServerError", "The practice server failed; see its log.")
            head = wire.response_head(response, method=method, keep_alive=keep_alive)
        body = wire.response_body(response, method=method)
        if response.bytes_per_s:
            self._socket.sendall(head)
            self._send_slowly(body, response.bytes_per_s)
        elif len(body) < 65536:
            self._socket.sendall(head + body)  # one segment, one TLS record: a small answer is one packet
        else:
            self._socket.sendall(head)
            self._socket.sendall(body)
        return keep_alive

    def _send_slowly(self, body: bytes, bytes_per_s: float) -> None:
        step = max(1, int(bytes_per_s * _THROTTLE_STEP_S))
        for offset in range(0, len(body), step):
            self._socket.sendall(body[offset : offset + step])
            if self._listener.stopping.wait(step / bytes_per_s):
                return

    def _reset(self) -> None:
        """Close so that the client sees a reset connection: with a linger time of zero TCP sends RST."""
        on_for_zero_seconds = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, on_for_zero_seconds)


def _bind(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK_HOST, port), backlog=_BACKLOG)
    except OSError:
        if port == 0:
            raise
        return socket.create_server((LOOPBACK_HOST, 0), backlog=_BACKLOG)


def _locate(head: wire.Head, tunnel_host: str | None) -> tuple[str, str, str]:
    """Host, raw path and raw query of a request. Raises BadRequestError."""
    try:
        if head.target.startswith("/") or head.target == "*":
            host = urlsplit("//" + head.headers.get("host", "")).hostname
            path, _, raw_query = head.target.partition("?")
        else:
            parts = urlsplit(head.target)
            host, path, raw_query = parts.hostname, parts.path or "/", parts.query
    except ValueError:
        raise wire.BadRequestError(400, "The request's target or host is malformed.") from None
    return tunnel_host or host or "", path, raw_query


def _first_values(raw_query: str) -> dict[str, str]:
    values: dict[str, str] = {}
    try:
        for name, value in parse_qsl(raw_query, keep_blank_values=True, max_num_fields=200):
            values.setdefault(name, value)
    except ValueError:
        raise wire.BadRequestError(400, "The query has too many parameters.") from None
    return values
