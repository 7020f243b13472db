"""The code snippets, run as a person runs them: pasted, beside a photo, with the key in the environment."""

from __future__ import annotations

import http.server
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gpu_assistant.wizard import snippets
from gpu_assistant.workflows.score_image import Endpoint
from tests.conftest import clean_environment
from tests.fakes.pictures import picture

KEY = "kEy-with/odd+signs=="
ANSWER = {
    "predictions": [{"index": 967, "label": "espresso", "probability": 0.9423}],
    "model_ms": 3.0,
    "device": "/GPU:0",
}


@dataclass
class Asked:
    """One request that the server got."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Service:
    """A web service as far as a snippet can tell."""

    endpoint: Endpoint
    asked: list[Asked] = field(default_factory=list)


@pytest.fixture
def service() -> Iterator[Service]:
    """Answers every right request with an espresso, any other with 401."""
    got: list[Asked] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            right = self.headers.get("Authorization") == f"Bearer {KEY}"
            reply = json.dumps(ANSWER if right else {"error": {"message": "wrong key"}}).encode()
            self.send_response(200 if right else 401)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    uri = f"http://127.0.0.1:{server.server_port}/api/v1/service/it's-a-cup/score"
    try:
        yield Service(Endpoint("cups", uri), got)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def photo(tmp_path: Path) -> bytes:
    """The photo that the snippets send, in the folder they run in."""
    content = picture(size=(40, 30))
    (tmp_path / "photo.jpg").write_bytes(content)
    return content


def _run(command: list[str], folder: Path, *, key: str = KEY, pasted: str = "") -> str:
    # A company's proxy, which would not know this computer, must not be asked.
    environment = clean_environment(GPU_ASSISTANT_KEY=key, http_proxy="http://127.0.0.1:9", LC_ALL="C.UTF-8")
    if not key:
        del environment["GPU_ASSISTANT_KEY"]
    done = subprocess.run(
        command, cwd=folder, env=environment, input=pasted, capture_output=True, text=True, timeout=60
    )
    return done.stdout + done.stderr


def _was_asked_rightly(service: Service, photo: bytes) -> None:
    (asked,) = service.asked
    assert asked.body == photo
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["content-type"] == "application/octet-stream"
    assert asked.path == "/api/v1/service/it's-a-cup/score?top=1"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_curl(service: Service, photo: bytes, tmp_path: Path, shell: str) -> None:
    assert shutil.which("curl"), "curl is needed"
    said = _run([shell], tmp_path, pasted=snippets.curl(service.endpoint))
    _was_asked_rightly(service, photo)
    assert '"espresso"' in said


def test_curl_does_not_show_the_key_in_the_list_of_processes(service: Service) -> None:
    code = snippets.curl(service.endpoint)
    assert "--header @-" in code
    assert code.startswith("# ")
    words_of_curl = code[code.index("curl ") :]
    assert "GPU_ASSISTANT_KEY" not in words_of_curl


def test_curl_without_the_key_says_which_variable_is_missing(service: Service, photo: bytes, tmp_path: Path) -> None:
    said = _run(["sh"], tmp_path, key="", pasted=snippets.curl(service.endpoint))
    assert "GPU_ASSISTANT_KEY" in said


def test_python_as_a_file(service: Service, photo: bytes, tmp_path: Path) -> None:
    (tmp_path / "ask.py").write_text(snippets.python(service.endpoint), encoding="utf-8")
    said = _run([sys.executable, "-W", "error", "ask.py"], tmp_path)
    _was_asked_rightly(service, photo)
    assert said == "espresso 94.2%\n"


def test_python_pasted_at_the_prompt(service: Service, photo: bytes, tmp_path: Path) -> None:
    said = _run([sys.executable, "-i", "-q"], tmp_path, pasted=snippets.python(service.endpoint))
    _was_asked_rightly(service, photo)
    assert "espresso 94.2%" in said


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("name", ["ask.mjs", "ask.cjs"])
def test_javascript(service: Service, photo: bytes, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(snippets.javascript(service.endpoint), encoding="utf-8")
    said = _run(["node", name], tmp_path)
    _was_asked_rightly(service, photo)
    assert said == "espresso 94.2%\n"


@pytest.mark.parametrize("make", [snippets.curl, snippets.python, snippets.javascript])
def test_the_first_line_says_how_to_set_the_key(make: Callable[[Endpoint], str]) -> None:
    first = make(Endpoint("cups", "https://cups.example/score")).splitlines()[0]
    assert "export GPU_ASSISTANT_KEY=" in first
    # pasted into a shell that knows no comments (zsh at its prompt), this line must not open a quote or a group
    assert not set(first) & set("'\"`()[]&;|<>*?$!")


@pytest.mark.parametrize("make", [snippets.curl, snippets.python])
def test_a_proxy_is_passed_by_for_this_computer_alone(make: Callable[[Endpoint], str]) -> None:
    here, azure = (
        make(Endpoint("cups", f"{address}/score")) for address in ("http://127.0.0.1:80", "https://a.example")
    )
    assert ("noproxy" in here) or ("ProxyHandler" in here)
    assert "noproxy" not in azure
    assert "ProxyHandler" not in azure


def test_a_query_that_the_scoring_uri_has_already_is_kept() -> None:
    code = snippets.python(Endpoint("cups", "https://cups.example/score?top=9&model=a%20b"))
    assert "https://cups.example/score?model=a+b&top=1" in code
