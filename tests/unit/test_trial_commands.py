"""The words of `bench` and `rehearse`, where keys come from, and what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpu_assistant.cli import bench
from gpu_assistant.cli.parser import build_parser
from gpu_assistant.domain.errors import BadSetting
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import ServiceKeys
from gpu_assistant.keystore import SessionKeystore, save_service_keys
from gpu_assistant.scoring_client import ScoringClient
from gpu_assistant.workflows.load.advice import LoadPlace, advise
from gpu_assistant.workflows.load.elsewhere import ServiceElsewhere
from tests.ui.trial_states import load_run


class TestWords:
    def test_bench(self) -> None:
        options = build_parser().parse_args(["bench", "--practice", "--concurrency", "1,4,16", "a.jpg"])
        assert options.concurrency == (1, 4, 16)
        assert options.images == [Path("a.jpg")]
        assert options.practice
        assert options.rate is None

    def test_a_rate_and_a_concurrency_exclude_each_other(self) -> None:
        with pytest.raises(SystemExit):
            build_parser().parse_args(["bench", "--rate", "5", "--concurrency", "3"])

    @pytest.mark.parametrize("counts", ["0", "x", "", "4,,8", "-1"])
    def test_counts_that_are_none(self, counts: str) -> None:
        with pytest.raises(SystemExit):
            build_parser().parse_args(["bench", "--concurrency", counts])

    def test_a_key_itself_is_refused_and_not_repeated(self) -> None:
        options = build_parser().parse_args(["bench", "--uri", "https://x/score", "--key-from", "k3y-0123456789"])
        with pytest.raises(BadSetting) as refused:
            bench.read_key(options.key_from, SessionKeystore(""))
        assert "k3y" not in str(refused.value)

    def test_rehearse(self) -> None:
        options = build_parser().parse_args(["rehearse", "--json", "model", "a.jpg", "b.jpg"])
        assert (options.folder, options.images) == (Path("model"), [Path("a.jpg"), Path("b.jpg")])
        assert options.json


class TestKeys:
    def test_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("A_KEY", "key-0123456789")
        assert bench.read_key("env:A_KEY", SessionKeystore("")).reveal() == "key-0123456789"

    def test_from_the_keyring_as_this_program_or_a_person_put_it_there(self) -> None:
        keystore = SessionKeystore("")
        keystore.save("mine", Secret("plain-0123456789"))
        save_service_keys(keystore, "ours", ServiceKeys(Secret("first-0123456789"), Secret("second-0123456789")))
        assert bench.read_key("keyring:mine", keystore).reveal() == "plain-0123456789"
        assert bench.read_key("keyring:ours", keystore).reveal() == "first-0123456789"

    def test_none_where_none_is_needed(self) -> None:
        assert not bench.read_key("", SessionKeystore(""))

    @pytest.mark.parametrize(
        "source", ["keyring:", "env:", "keyring:absent", "env:ABSENT_KEY", "file:/etc/passwd", "x"]
    )
    def test_what_gives_none(self, source: str) -> None:
        with pytest.raises(BadSetting, match="--key-from"):
            bench.read_key(source, SessionKeystore(""))


@pytest.mark.parametrize("uri", ["ftp://x/score", "https://", "x", "https://user:pw@host/score", "http://host/score"])
def test_addresses_that_are_refused_before_the_key_leaves(uri: str) -> None:
    with pytest.raises(BadSetting, match="Scoring URI") as refused:
        ServiceElsewhere(uri, Secret("key-0123456789"), ScoringClient())
    assert "pw" not in str(refused.value)


def test_what_is_printed_for_a_person() -> None:
    run = load_run(refused=4, failed=3)
    text = bench.to_text([(run, advise(run, LoadPlace()))])
    heading, figures = text.splitlines()[:2]
    assert heading.split()[:2] == ["load", "images/s"]
    assert "8 at once" in figures
    assert "price unknown" in figures
    assert "4 × refused: busy" in text
    assert "! A load test itself bills nothing" in text


def test_what_is_printed_for_a_program() -> None:
    run = load_run()
    told = json.loads(json.dumps(bench.to_json(run, advise(run, LoadPlace()))))
    assert told["ended"] == "stable"
    assert told["cost_per_million"] is None
    assert set(told["latency_ms"]) == {"p50", "p90", "p95", "p99", "mean", "max"}
    assert told["per_s"] == pytest.approx(run.totals.per_s, abs=0.01)
