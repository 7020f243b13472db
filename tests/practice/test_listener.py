"""The loopback port: proxy, TLS, framing, refusals, faults. Clients are `requests` and bare sockets."""

from __future__ import annotations

import logging
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from gpu_assistant.practice.constants import ARM_HOST
from gpu_assistant.practice.front import listener as listener_module
from gpu_assistant.practice.front import tokens
from gpu_assistant.practice.front.authority import Authority
from gpu_assistant.practice.front.dispatch import Dispatcher
from gpu_assistant.practice.front.http import Request, Response, Router
from gpu_assistant.practice.front.listener import PracticeListener


class Server:
    """A listener with a few routes, and a `requests` session that is set up like the SDK process is."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.fault: Callable[[Request], Response | None] = lambda request: None
        router = Router()
        router.add("GET", ARM_HOST, "/subscriptions", lambda request: Response.of_json({"value": []}))
        router.add("GET", ARM_HOST, "/open", lambda request: Response.of_json({"ok": True}), needs_token=False)
        router.add("GET", ARM_HOST, "/crash", self._crash, needs_token=False)
        router.add("GET", ARM_HOST, "/big", lambda _: Response(200, b"x" * 50_000), needs_token=False)
        router.add("GET", ARM_HOST, "/split", self._split, needs_token=False)
        router.add("PUT", "*.blob.core.windows.net", "/{path:rest}", self._echo_size, needs_token=False)
        router.add("HEAD", "*.blob.core.windows.net", "/{path:rest}", self._head, needs_token=False)
        router.add("POST", "127.0.0.1", "/api/{path:rest}", self._echo_size, needs_token=False)
        self.dispatcher = Dispatcher(
            router,
            lambda token: tokens.verify(folder, token),
            interceptor=lambda request: self.fault(request),
        )
        self.listener = PracticeListener(self.dispatcher, self.authority)
        self.listener.start()
        self.token = tokens.mint(folder)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.proxies = {"https": f"http://127.0.0.1:{self.listener.port}"}
        self.session.verify = str(self.authority.ca_bundle)

    def close(self) -> None:
        self.session.close()
        self.listener.stop()

    @property
    def plain_url(self) -> str:
        return f"http://127.0.0.1:{self.listener.port}"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.listener.port), timeout=10)

    def talk(self, sent: bytes) -> bytes:
        """What the server sends back, until it hangs up."""
        with self.connect() as plain:
            plain.sendall(sent)
            plain.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: plain.recv(65536), b""))

    @staticmethod
    def _crash(request: Request) -> Response:
        raise RuntimeError("a secret the client must not see")

    @staticmethod
    def _split(request: Request) -> Response:
        return Response(200, b"", {"X-Name": "a\r\nSet-Cookie: b"})

    @staticmethod
    def _echo_size(request: Request) -> Response:
        return Response.of_json({"size": len(request.body), "path": request.path, "host": request.host})

    @staticmethod
    def _head(request: Request) -> Response:
        return Response(200, b"", {"Content-Length": "123456", "ETag": '"1"'})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    served = Server(tmp_path / "practice")
    yield served
    served.close()


def test_a_played_host_answers_under_its_public_name(server: Server) -> None:
    answer = server.session.get(
        f"https://{ARM_HOST}/subscriptions", headers={"Authorization": f"Bearer {server.token}"}
    )
    assert answer.status_code == 200
    assert answer.json() == {"value": []}


def test_leading_slashes_are_collapsed(server: Server) -> None:
    answer = server.session.get(f"https://{ARM_HOST}//open")
    assert answer.json() == {"ok": True}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "AuthenticationFailed"),
        ("Bearer", "AuthenticationFailed"),
        ("Basic dXNlcjpwYXNz", "AuthenticationFailed"),
        ("Bearer opaque", "InvalidAuthenticationToken"),
        ("Bearer a.b.c", "InvalidAuthenticationToken"),
    ],
)
def test_a_request_without_a_good_token_is_401(server: Server, header: str | None, code: str) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = server.session.get(f"https://{ARM_HOST}/subscriptions", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["details"] == []
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_expired_and_foreign_tokens_are_named(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "practice"
    Authority(tmp_path / "other")
    for token, code in [
        (tokens.mint(folder, lifetime_s=-3600), "ExpiredAuthenticationToken"),
        (tokens.mint(folder, audience="https://graph.microsoft.com"), "InvalidAuthenticationTokenAudience"),
        (tokens.mint(tmp_path / "other"), "InvalidAuthenticationToken"),
    ]:
        answer = server.session.get(f"https://{ARM_HOST}/subscriptions", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
        assert token not in answer.text


def test_any_other_host_is_refused_and_counted(server: Server) -> None:
    for _ in range(2):
        with pytest.raises(requests.exceptions.ProxyError):
            server.session.get("https://example.org/")
    with pytest.raises(requests.exceptions.ProxyError):
        server.session.get(f"https://{ARM_HOST}:8443/open")
    assert server.listener.refused == {"example.org": 2, ARM_HOST: 1}


def test_plain_requests_for_another_host_are_refused(server: Server) -> None:
    """A proxied http:// request, and a web page that rebinds its own name to the loopback address."""
    through_proxy = requests.get("http://example.org/", proxies={"http": server.plain_url}, timeout=10)
    rebound = requests.get(f"{server.plain_url}/api/x", headers={"Host": "evil.example.com"}, timeout=10)
    assert (through_proxy.status_code, rebound.status_code) == (403, 403)
    assert server.listener.refused == {"example.org": 1, "evil.example.com": 1}


def test_a_certificate_for_a_foreign_domain_is_not_believed(server: Server) -> None:
    """The name constraint holds even if the authority is talked into signing another name."""
    context = ssl.create_default_context(cafile=str(server.authority.ca_bundle))
    ours, theirs = socket.socketpair()
    ours.settimeout(10)

    def speak_as_a_bank() -> None:
        with pytest.raises(ssl.SSLError):
            server.authority.server_context("bank.example.com").wrap_socket(theirs, server_side=True)
        theirs.close()

    thread = threading.Thread(target=speak_as_a_bank)
    thread.start()
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        context.wrap_socket(ours, server_hostname="bank.example.com")
    ours.close()
    thread.join(10)


def test_an_unknown_route_is_501_and_recorded_once(server: Server) -> None:
    for _ in range(2):
        answer = server.session.get(f"https://{ARM_HOST}/nobody/home?sig=hidden")
        assert answer.status_code == 501
        assert f"GET {ARM_HOST}/nobody/home" in answer.json()["error"]["message"]
    assert server.dispatcher.unknown == (f"GET {ARM_HOST}/nobody/home",)


def test_a_crashing_handler_is_500_without_its_text(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    answer = server.session.get(f"https://{ARM_HOST}/crash")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "the handler of GET management.azure.com/crash failed" in caplog.text


def test_an_answer_header_cannot_split_the_answer(server: Server) -> None:
    answer = server.session.get(f"https://{ARM_HOST}/split")
    assert answer.status_code == 500
    assert "Set-Cookie" not in answer.headers


def test_uploads_with_length_in_chunks_and_in_parallel(server: Server) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(8):
            yield b"y" * 100_000

    chunked = server.session.put("https://a.blob.core.windows.net/c/chunked", data=pieces())
    assert chunked.json()["size"] == 800_000

    def upload(number: int) -> tuple[int, str]:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.put(
                f"https://a.blob.core.windows.net/c/{number}",
                data=bytes(300_000 + number),
                proxies=server.session.proxies,
                verify=str(server.authority.ca_bundle),
            )
        return answer.json()["size"], answer.json()["path"]

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(upload, range(40))) == [(300_000 + n, f"/c/{n}") for n in range(40)]


def test_head_keeps_the_length_of_the_thing_it_speaks_of(server: Server) -> None:
    url = "https://a.blob.core.windows.net/c/file"
    answer = server.session.head(url)
    assert answer.headers["Content-Length"] == "123456"
    assert server.session.put(url, data=b"").json()["size"] == 0  # the connection is still in step


def test_a_connection_is_kept_alive(server: Server) -> None:
    with server.connect() as plain:
        request = b"POST /api/%d HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\nhi"
        stream = plain.makefile("rb")
        for number in range(3):
            plain.sendall(request % number)
            assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
            length = next(int(line.split(b":")[1]) for line in stream if line.startswith(b"Content-Length"))
            assert b"keep-alive" in stream.readline()
            assert stream.readline() == b"\r\n"
            assert b"/api/%d" % number in stream.read(length)
        stream.close()


def test_expect_100_continue(server: Server) -> None:
    with server.connect() as plain:
        plain.sendall(
            b"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert plain.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        plain.sendall(b"hello")
        answer = b"".join(iter(lambda: plain.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b'"size": 5' in answer


@pytest.mark.parametrize("chunked", [False, True], ids=["with length", "chunked"])
def test_a_body_over_the_limit_is_a_413_the_client_sees(
    server: Server, monkeypatch: pytest.MonkeyPatch, chunked: bool
) -> None:
    monkeypatch.setattr(listener_module, "SCORING_BODY_LIMIT_BYTES", 1_000_000)
    body = bytes(1_500_000)
    data = iter([body[:700_000], body[700_000:]]) if chunked else body
    answer = requests.post(f"{server.plain_url}/api/score", data=data, timeout=10)
    assert answer.status_code == 413


MALFORMED = {
    "random bytes": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "version 2": b"GET / HTTP/2.0\r\nHost: 127.0.0.1\r\n\r\n",
    "two lengths": b"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "negative length": b"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
    "length and chunks": b"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "gzip transfer": b"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: gzip\r\n\r\n",
    "chunk without size": b"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "chunk too long": b"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"1\r\nab\r\n0\r\n\r\n",
    "body cut short": b"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nabc",
    "header without colon": b"GET /api/x HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n",
    "huge header": b"GET /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    "many headers": b"GET /api/x HTTP/1.1\r\n" + b"X: 1\r\n" * 300 + b"\r\n",
    "bad target": b"GET http://[::1/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "bad host": b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "many parameters": b"GET /api?" + b"a=1&" * 500 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "connect to nothing": b"CONNECT  HTTP/1.1\r\n\r\n",
    "connect without port": b"CONNECT management.azure.com HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_input_gets_an_error_and_never_ends_the_server(server: Server, sent: bytes) -> None:
    answer = server.talk(sent)
    status = int(answer.split(b" ", 2)[1])
    assert 400 <= status <= 501
    assert status != 500
    assert server.session.get(f"https://{ARM_HOST}/open").status_code == 200


def test_a_client_that_speaks_no_tls_in_its_tunnel_harms_nobody(server: Server) -> None:
    with server.connect() as plain:
        plain.sendall(b"CONNECT management.azure.com:443 HTTP/1.1\r\n\r\n")
        assert b" 200 " in plain.recv(200)
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        try:
            assert b"HTTP" not in plain.recv(65536)
        except ConnectionResetError:
            pass  # hanging up on bytes it did not read is a reset, and as good an answer
    assert server.session.get(f"https://{ARM_HOST}/open").status_code == 200


def test_an_injected_fault_answers_in_place_of_the_route(server: Server) -> None:
    server.fault = lambda request: Response.of_error(429, "TooManyRequests", "slow down")
    assert server.session.get(f"https://{ARM_HOST}/open").status_code == 429


def test_a_reset_reaches_the_client_as_a_reset(server: Server) -> None:
    server.fault = lambda request: Response(200, reset=True)
    with pytest.raises(requests.exceptions.ConnectionError):
        server.session.get(f"https://{ARM_HOST}/open")
    with pytest.raises(requests.exceptions.ConnectionError, match="Connection reset by peer"):
        requests.post(f"{server.plain_url}/api/x", data=b"1", timeout=10)


def test_a_reset_inside_tls_is_a_reset_of_the_tcp_connection(server: Server) -> None:
    """Python's ssl reports a reset as an end of file, so the bytes under the TLS session are looked at."""
    server.fault = lambda request: Response(200, reset=True)
    context = ssl.create_default_context(cafile=str(server.authority.ca_bundle))
    with server.connect() as plain:
        plain.sendall(b"CONNECT management.azure.com:443 HTTP/1.1\r\n\r\n")
        assert b" 200 " in plain.recv(200)
        with context.wrap_socket(plain, server_hostname=ARM_HOST) as secured:
            secured.sendall(b"GET /open HTTP/1.1\r\nHost: management.azure.com\r\n\r\n")
            with socket.socket(fileno=os.dup(secured.fileno())) as under:
                under.settimeout(10)  # the copied descriptor does not wait by itself
                with pytest.raises(ConnectionResetError):
                    b"".join(iter(lambda: under.recv(65536), b""))  # session tickets come first


def test_a_slow_network_sends_everything_in_the_end(server: Server) -> None:
    served = Response(200, b"z" * 5_000, bytes_per_s=50_000)
    server.fault = lambda request: served
    answer = server.session.get(f"https://{ARM_HOST}/open")
    assert answer.content == served.body
    assert answer.elapsed.total_seconds() < 5
    server.fault = lambda request: replace(served, bytes_per_s=None, delay_s=0.2)
    assert server.session.get(f"https://{ARM_HOST}/open").elapsed.total_seconds() >= 0.2


def test_the_access_log_holds_no_secret(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.session.put("https://a.blob.core.windows.net/c/x?sv=2021&sig=TOPSECRET&comp=block", data=b"1")
    server.session.get(f"https://{ARM_HOST}/subscriptions", headers={"Authorization": f"Bearer {server.token}"})
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("gpu_assistant"))
    assert "PUT a.blob.core.windows.net/c/x?sv&sig&comp -> 200" in ours
    assert "TOPSECRET" not in ours
    assert server.token not in ours


def test_stop_hangs_up_on_idle_clients_and_lets_a_running_request_finish(server: Server) -> None:
    entered, release = threading.Event(), threading.Event()

    def wait(request: Request) -> Response:
        entered.set()
        release.wait(10)
        return Response.of_json({"done": True})

    with server.connect() as idle:
        server.fault = wait
        answers: list[requests.Response] = []
        busy = threading.Thread(target=lambda: answers.append(server.session.get(f"https://{ARM_HOST}/open")))
        busy.start()
        assert entered.wait(10)
        stopping = threading.Thread(target=server.listener.stop)
        stopping.start()
        assert idle.recv(10) == b""
        release.set()
        busy.join(10)
        stopping.join(10)
    assert answers[0].json() == {"done": True}
    with pytest.raises(ConnectionRefusedError):
        server.connect()


def test_a_taken_port_is_replaced_by_a_free_one(server: Server) -> None:
    second = PracticeListener(server.dispatcher, server.authority, port=server.listener.port)
    second.start()
    assert second.port != server.listener.port
    second.stop()
