"""The deployment's variables and the scoring script's settings are two halves of one thing: they must fit."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

from gpu_assistant.workflows.plan import MAX_TIMEOUT_MS, MIN_TIMEOUT_MS
from gpu_assistant.workflows.serving import CONCURRENT_REQUESTS, SERVER_THREADS, server_variables

SCORING = Path(__file__).parents[3] / "scoring"
GPU_BATCH = int(re.findall(r"^GPU_BATCH = (\d+)$", (SCORING / "batched_model.py").read_text(), re.MULTILINE)[0])


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec = importlib.util.spec_from_file_location("scoring_settings", SCORING / "settings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "scoring_settings", module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("scoring_timeout_ms", [MIN_TIMEOUT_MS, 60_000, MAX_TIMEOUT_MS])
@pytest.mark.parametrize("expect_gpu", [True, False])
def test_the_script_understands_its_variables_and_gives_up_before_the_router(
    scoring_timeout_ms: int, expect_gpu: bool, settings: ModuleType
) -> None:
    variables = server_variables(expect_gpu=expect_gpu, scoring_timeout_ms=scoring_timeout_ms)
    names = {f"GPU_ASSISTANT_{field.name.upper()}" for field in fields(settings.Settings)}
    assert {name for name in variables if name.startswith("GPU_ASSISTANT_")} <= names
    read = settings.Settings.read(variables)
    assert read.expect_gpu is expect_gpu
    assert 0.5 * scoring_timeout_ms < read.deadline_s * 1000 < scoring_timeout_ms < read.stuck_s * 1000


def test_the_defaults_of_the_script_fit_the_default_timeout(settings: ModuleType) -> None:
    assert settings.Settings().deadline_s < 60 < settings.Settings().stuck_s


def test_threads_places_and_batches_fit_each_other(settings: ModuleType) -> None:
    defaults = settings.Settings()
    arguments = server_variables(expect_gpu=True, scoring_timeout_ms=60_000)["GUNICORN_CMD_ARGS"].split()
    assert arguments[arguments.index("--worker-class") + 1] == "gthread"
    assert int(arguments[arguments.index("--threads") + 1]) == SERVER_THREADS
    assert 2 * GPU_BATCH <= CONCURRENT_REQUESTS < SERVER_THREADS - defaults.slow_requests
    assert CONCURRENT_REQUESTS <= defaults.queue_length < SERVER_THREADS


def test_every_value_is_one_that_an_environment_can_hold() -> None:
    for name, value in server_variables(expect_gpu=True, scoring_timeout_ms=60_000).items():
        assert re.fullmatch(r"[A-Z][A-Z0-9_]*", name)
        assert value
        assert "\n" not in value


@pytest.mark.parametrize(("text", "value"), [("", 0), ("0", 0), ("16", 16), (" 4 ", 4)])
def test_nought_means_choose_only_where_it_is_the_default(text: str, value: int, settings: ModuleType) -> None:
    assert settings.Settings.read({"GPU_ASSISTANT_MAX_BATCH": text}).max_batch == value
    with pytest.raises(settings.SettingError, match="GPU_ASSISTANT_RUNNERS=0 makes no sense; the default is 2"):
        settings.Settings.read({"GPU_ASSISTANT_RUNNERS": "0"})


@pytest.mark.parametrize("text", ["-3", "2.5", "many", "1e3", "nan"])
def test_a_number_that_makes_no_sense_is_named(text: str, settings: ModuleType) -> None:
    with pytest.raises(settings.SettingError, match="GPU_ASSISTANT_MAX_BATCH"):
        settings.Settings.read({"GPU_ASSISTANT_MAX_BATCH": text})
