"""`gpu-assistant bench`: how much a web service takes, how long it makes people wait, and what that means."""

from __future__ import annotations

import argparse
import getpass
import os
from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

from gpu_assistant.app import Assistant
from gpu_assistant.cli import report
from gpu_assistant.cli.photos import files_or_samples
from gpu_assistant.cli.scoring import find_scorer
from gpu_assistant.cli.session import open_assistant, show, show_prompt, watch
from gpu_assistant.cli.words import say
from gpu_assistant.domain.errors import BadSetting
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.text import Text
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.jobs.job import Job
from gpu_assistant.keystore import Keystore, load_service_keys
from gpu_assistant.scoring_client import ScoringClient
from gpu_assistant.workflows.load.advice import LoadAdvice, LoadPlace, advise
from gpu_assistant.workflows.load.elsewhere import ServiceElsewhere
from gpu_assistant.workflows.load.place import find_place
from gpu_assistant.workflows.load.results import LoadRun, StopReason
from gpu_assistant.workflows.load.run import AsksOnce, prepare_target, run_load_test
from gpu_assistant.workflows.load.setting import RATE_CONCURRENCY, LoadSetting
from gpu_assistant.workflows.load.statistics import Outcome
from gpu_assistant.workflows.load.table import save_table

_QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99))


def run(options: argparse.Namespace) -> int:
    """The command. Raises AssistantError."""
    if options.uri and options.service:
        say("gpu-assistant bench: --service or --uri, not both")
        return 2
    if options.key_from and not options.uri:
        say("gpu-assistant bench: --key-from goes with --uri; a service of the workspace brings its key")
        return 2
    settings = _settings(options)
    for setting in settings:
        setting.check()
    with open_assistant(options) as assistant, closing(ScoringClient()) as client:
        images = files_or_samples(options.images, assistant.sample_photos())
        asks, compute_target = _asks(options, assistant, client)
        runs: list[LoadRun] = []

        def work(job: Job) -> bool:
            target = prepare_target(images, asks, job=job)
            for setting in settings:
                runs.append(run_load_test(target, setting, job=job, on_moment=lambda moment: None))
                if runs[-1].stopped is StopReason.STOPPED:
                    return False
            return True

        finished = bool(watch(assistant, options, work, on_stop=CancelMeaning.STOP_WATCHING, changes_azure=False))
        if not runs:
            return 1
        place = _place(options, assistant, compute_target)
        told = [(one, advise(one, place, earlier=runs[:at])) for at, one in enumerate(runs)]
        show(options, [to_json(*one) for one in told], to_text(told))
        if options.csv is not None:
            _save(runs, options.csv)
        went_well = finished and all(one.is_measured and one.stopped is not StopReason.HOPELESS for one in runs)
        return 0 if went_well else 1


# --- what is asked ------------------------------------------------------------------------------------------------


def _settings(options: argparse.Namespace) -> list[LoadSetting]:
    common: dict[str, Any] = {
        "warm_up_s": options.warm_up,
        "limit_s": options.limit,
        "stable_within": options.stable_within / 100,
    }
    if options.rate is not None:
        return [LoadSetting(concurrency=RATE_CONCURRENCY, rate_per_s=options.rate, **common)]
    return [LoadSetting(concurrency=count, **common) for count in options.concurrency]


def _asks(options: argparse.Namespace, assistant: Assistant, client: ScoringClient) -> tuple[AsksOnce, str]:
    """What asks once, and the compute target of the service, as far as it is known."""
    if options.uri:
        return ServiceElsewhere(options.uri, read_key(options.key_from, assistant.keystore), client), ""

    scorer, endpoint = find_scorer(assistant, options.service, client)
    service = assistant.connect(show_prompt).web_service(endpoint.name)
    return scorer, service.compute_target if service is not None else ""


def _place(options: argparse.Namespace, assistant: Assistant, compute_target: str) -> LoadPlace:
    if options.uri:
        return LoadPlace()
    rows = assistant.ledger.open_rows(assistant.site.workspace)
    return find_place(rows, compute_target, practice=assistant.site.practice)


def read_key(source: str, keystore: Keystore) -> Secret:
    """A key from where it is kept: `keyring:NAME`, `env:VARIABLE`, or `ask`; "" means none. Raises BadSetting."""
    if not source:
        return Secret("")
    kind, _, name = source.partition(":")
    if source == "ask":
        return Secret(getpass.getpass("Key of the service: "))
    if kind == "env" and name:
        if os.environ.get(name):
            return Secret(os.environ[name])
        raise BadSetting(setting="--key-from", reason=Text("the variable {name} is empty or not set", name=name))
    if kind == "keyring" and name:
        keys = load_service_keys(keystore, name)
        secret = keys.primary if keys is not None else keystore.load(name)
        if secret is not None:
            return secret
        reason = Text("the keyring has no entry {name} of gpu-assistant. {why}", name=name, why=keystore.problem)
        raise BadSetting(setting="--key-from", reason=reason)
    raise BadSetting(setting="--key-from", reason=Text("must be keyring:NAME, env:VARIABLE or ask"))


def _save(runs: Sequence[LoadRun], target: Path) -> None:
    try:
        save_table(runs, target)
    except OSError as exc:
        reason = Text("it cannot be written: {why}", why=exc.strerror or str(exc))
        raise BadSetting(setting=str(target), reason=reason) from None


# --- what is told -------------------------------------------------------------------------------------------------


def to_json(run: LoadRun, advice: LoadAdvice) -> dict[str, Any]:
    """One test of `bench --json`. An unknown price is null, never 0."""
    totals, setting = run.totals, run.setting
    return {
        "service": run.name,
        "device": run.device,
        "concurrency": setting.concurrency if setting.rate_per_s is None else None,
        "rate_per_s": setting.rate_per_s,
        "ended": run.stopped.name.lower() if run.stopped else None,
        "warm_up_s": setting.warm_up_s,
        "measured_s": round(totals.seconds, 2),
        "answered": totals.answered,
        "per_s": round(totals.per_s, 2),
        "latency_ms": {
            **{name: _rounded(totals.latencies.quantile(share)) for name, share in _QUANTILES},
            "mean": _rounded(totals.latencies.mean_ms),
            "max": _rounded(totals.latencies.most_ms) if totals.latencies.count else None,
        },
        "server_ms": _rounded(totals.server_ms.mean_ms),
        "model_ms": _rounded(totals.model_ms.mean_ms),
        "network_ms": _rounded(totals.network_ms),
        "refused": totals.refused,
        "errors": {outcome.name.lower(): many for outcome, many in totals.outcomes.items() if outcome.is_error},
        "unfinished": totals.unfinished,
        "unsent": totals.unsent,
        "sender_cpu_share": round(totals.cpu_share, 3),
        "cost_per_million": None if advice.per_million is None else round(float(advice.per_million), 4),
        "currency": advice.currency,
        "meaning": list(advice.meaning),
        "suggestions": list(advice.suggestions),
        "caveats": list(advice.caveats),
    }


def to_text(told: Sequence[tuple[LoadRun, LoadAdvice]]) -> str:
    """All tests for a person: a table, and what the last one means."""
    heading = ("load", "images/s", *(name for name, _ in _QUANTILES), "refused", "errors", "per million images")
    rows = [heading, *(_row(run, advice) for run, advice in told)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heading))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    run, advice = told[-1]
    ended = run.stopped.value if run.stopped else ""
    lines += ["", f"{run.name}: {run.totals.answered} answers in {run.totals.seconds:.0f} s of measuring; {ended}."]
    for outcome, many in sorted(run.totals.outcomes.items(), key=lambda one: -one[1]):
        if outcome is not Outcome.ANSWERED:
            lines.append(f"  {many} × {outcome.value}")
    for mark, sentences in (("  ", advice.meaning), ("→ ", advice.suggestions), ("! ", advice.caveats)):
        lines += [f"{mark}{sentence}" for sentence in sentences]
    return "\n".join(lines)


def _row(run: LoadRun, advice: LoadAdvice) -> tuple[str, ...]:
    totals, rate = run.totals, run.setting.rate_per_s
    load = f"{run.setting.concurrency} at once" if rate is None else f"{rate:g} a second"
    times = (_ms(totals.latencies.quantile(share)) for _, share in _QUANTILES)
    cost = "price unknown" if advice.per_million is None else _money(advice.per_million, advice.currency)
    return (load, f"{totals.per_s:.1f}", *times, str(totals.refused), str(totals.failed), cost)


def _money(amount: Decimal, currency: str) -> str:
    return report.money(amount, currency)


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
