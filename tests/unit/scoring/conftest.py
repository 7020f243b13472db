"""The entry script as Microsoft's server would load and call it, without a network in between."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from tests.fakes.saved_models import SavedModels
from tests.fakes.tensorflow import import_tensorflow

SCORING = Path(__file__).parents[3] / "scoring"


@pytest.fixture(scope="session")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> SavedModels:
    import_tensorflow()
    return SavedModels(tmp_path_factory.mktemp("saved_models"))


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: Any


class Script:
    """A started entry script; `post` is one request to it."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def post(self, body: bytes, **options: Any) -> Reply:
        return self.request(method="POST", data=body, **options)

    def request(self, *, chunked: bool = False, promised_bytes: int = 0, **options: Any) -> Reply:
        environ = EnvironBuilder(path="/score", **options).get_environ()
        if promised_bytes:
            environ["CONTENT_LENGTH"] = str(promised_bytes)
        if chunked:  # as gunicorn hands it over
            environ.pop("CONTENT_LENGTH", None)
            environ["wsgi.input_terminated"] = True
        response = self.module.run(Request(environ))
        raw = response.get_data()
        assert isinstance(raw, bytes)
        return Reply(response.status_code, dict(response.headers), json.loads(raw))


def load_entry_script(folder: Path = SCORING) -> ModuleType:
    """The way the server does it: by path, never listed in sys.modules, its folder not importable."""
    spec = importlib.util.spec_from_file_location("entry_module", folder / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Script]]:
    """Start the entry script (of another folder than ours) on a model, with settings as environment variables."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # the folder is uploaded as it is

    modules: list[ModuleType] = []

    def start(model_dir: Path, *, folder: Path = SCORING, **settings: str) -> Script:
        monkeypatch.setenv("AZUREML_MODEL_DIR", str(model_dir))
        for name, value in settings.items():
            monkeypatch.setenv(f"GPU_ASSISTANT_{name.upper()}", value)
        module = load_entry_script(folder)
        module.init()
        modules.append(module)
        return Script(module)

    yield start
    for module in modules:
        module._service.close()
