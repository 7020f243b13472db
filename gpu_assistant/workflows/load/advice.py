"""What a load test means: money, where the time went, what to try next, and what it cannot tell. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from gpu_assistant.domain.billing import HourlyPrice
from gpu_assistant.domain.text import Text
from gpu_assistant.workflows.load.results import LoadRun, StopReason
from gpu_assistant.workflows.load.setting import MOST_CONCURRENT

_FEW_ANSWERS = 1000
_MANY_REFUSED = 0.01
_KEPT_UP = 0.97
_FULL_GAIN = 1.1
"""Twice as many at once that bring less than a tenth more find the service full already."""
_HEADROOM = 0.8
"""How busy replicas should be at most, so that a burst does not make everybody wait."""
_BUSY_SENDER = 0.8
_WAITS = 2.0
"""A request that takes so many times what the model takes waits for most of its time."""


@dataclass(frozen=True, slots=True)
class LoadPlace:
    """Where the service runs, as far as it is known. The price is of the whole cluster; `gpus` 0 means unknown."""

    price_per_hour: HourlyPrice | None = None
    vm_size: str = ""
    node_count: int = 0
    gpus: int = 0
    practice: bool = False


@dataclass(frozen=True, slots=True)
class LoadAdvice:
    """Sentences for a person. `next_concurrency` is worth a try; `per_million` None means "price unknown"."""

    per_million: Decimal | None
    currency: str
    meaning: tuple[Text, ...]
    suggestions: tuple[Text, ...]
    caveats: tuple[Text, ...]
    next_concurrency: int | None = None


def advise(run: LoadRun, place: LoadPlace, *, earlier: Sequence[LoadRun] = ()) -> LoadAdvice:
    """What to make of a test that is over. `earlier` tests count where they asked the same service."""
    price = place.price_per_hour
    suggestions, following = _suggestions(run, place, earlier)
    return LoadAdvice(
        per_million=cost_per_million(run.totals.per_s, price),
        currency=price.currency if price is not None else "USD",
        meaning=tuple(_meaning(run)),
        suggestions=tuple(suggestions),
        caveats=tuple(_caveats(run, place)),
        next_concurrency=following,
    )


def cost_per_million(per_s: float, price: HourlyPrice | None) -> Decimal | None:
    """What a million images cost while the cluster answers so many a second; None without a price or an answer."""
    if price is None or per_s <= 0:
        return None
    hours = Decimal(1_000_000) / (Decimal(repr(per_s)) * 3600)
    return price.amount * hours


# --- where the time went ------------------------------------------------------------------------------------------


def _meaning(run: LoadRun) -> Iterator[Text]:
    totals = run.totals
    if not run.is_measured:
        return
    yield Text(
        "It took in {megabytes:.1f} MB of images a second, {kilobytes:.0f} kB each.",
        megabytes=totals.per_s * run.mean_image_bytes / 1e6,
        kilobytes=run.mean_image_bytes / 1e3,
    )
    spent = _spent(run)
    if spent is None:
        yield Text("The answers do not tell how long the service itself took.")
        return
    yield Text(
        "Of a mean request of {whole:.0f} ms the service took {server:.0f} ms, the way there and back {way:.0f} ms, "
        "and waiting until the service took it up {wait:.0f} ms.",
        whole=spent.whole_ms,
        server=spent.server_ms,
        way=spent.way_ms,
        wait=spent.wait_ms,
    )
    if spent.model_ms is not None:
        yield Text(
            "The model took {model:.0f} ms of the service's time ({share:.0%}).",
            model=spent.model_ms,
            share=min(spent.model_ms / spent.server_ms, 1.0),
        )


@dataclass(frozen=True, slots=True)
class _Spent:
    """Where a mean request spent its time. The way is what one request alone takes; more than that is waiting."""

    whole_ms: float
    server_ms: float
    way_ms: float
    wait_ms: float
    model_ms: float | None


def _spent(run: LoadRun) -> _Spent | None:
    whole, server = run.totals.request_ms.mean_ms, run.totals.server_ms.mean_ms
    if not whole or not server:
        return None
    around = max(whole - server, 0.0)
    way = around if run.way_ms is None else min(run.way_ms, around)
    return _Spent(whole, server, way, around - way, run.totals.model_ms.mean_ms)


# --- what to try --------------------------------------------------------------------------------------------------


def _suggestions(run: LoadRun, place: LoadPlace, earlier: Sequence[LoadRun]) -> tuple[list[Text], int | None]:
    totals = run.totals
    asked = sum(totals.outcomes.values())
    if not run.is_measured:
        return [Text("Nothing was answered while it was measured: look into the service's log.")], None
    found: list[Text] = []
    following: int | None = None
    if totals.failed > asked * _MANY_REFUSED:
        share = totals.failed / asked
        found.append(Text("{share:.1%} of the requests failed: look into the service's log first.", share=share))
    if run.setting.rate_per_s is not None:
        found += _about_rate(run, run.setting.rate_per_s)
    elif totals.refused > asked * _MANY_REFUSED:
        following = max(run.setting.concurrency // 2, 1)
        found.append(
            Text(
                "It refused {share:.1%} of the requests as too many: {count} at once is more than it takes. Ask fewer "
                "at once, or give it more replicas.",
                share=totals.refused / asked,
                count=run.setting.concurrency,
            )
        )
    else:
        words, following = _about_concurrency(run, earlier)
        found.append(words)
    found += _about_machines(run, place)
    return found, following


def _about_rate(run: LoadRun, rate_per_s: float) -> Iterator[Text]:
    totals = run.totals
    if totals.per_s >= _KEPT_UP * rate_per_s and not totals.unsent:
        yield Text("It keeps up with {rate:g} requests a second. Try a higher rate to find its limit.", rate=rate_per_s)
        return
    yield Text(
        "It falls behind: {per_s:.1f} of {rate:g} requests a second were answered, so whoever asks waits longer and "
        "longer. {rate:g} a second with some room needs about {factor:.1f} times the replicas there are now.",
        per_s=totals.per_s,
        rate=rate_per_s,
        factor=rate_per_s / (totals.per_s * _HEADROOM),
    )


def _about_concurrency(run: LoadRun, earlier: Sequence[LoadRun]) -> tuple[Text, int | None]:
    now, twice = run.setting.concurrency, min(run.setting.concurrency * 2, MOST_CONCURRENT)
    before = _nearest_below(run, earlier)
    if before is not None:
        gain = run.totals.per_s / before.totals.per_s
        if {run.stopped, before.stopped} != {StopReason.STABLE}:
            return Text(
                "From {less} to {more} at once the throughput changed by {gain:+.0%}, but it was not stable in both "
                "tests: measure longer before you trust that.",
                less=before.setting.concurrency,
                more=now,
                gain=gain - 1,
            ), twice if gain >= _FULL_GAIN else None
        if gain < _FULL_GAIN:
            return Text(
                "From {less} to {more} at once the throughput changed by {gain:+.0%}: the service is full at about "
                "{per_s:.0f} images a second. More at once only makes everybody wait longer.",
                less=before.setting.concurrency,
                more=now,
                gain=gain - 1,
                per_s=max(run.totals.per_s, before.totals.per_s),
            ), None
        return Text(
            "From {less} to {more} at once the throughput changed by {gain:+.0%}: there may be more in it. Try "
            "{twice} at once.",
            less=before.setting.concurrency,
            more=now,
            gain=gain - 1,
            twice=twice,
        ), twice
    spent = _spent(run)
    if spent is not None and spent.wait_ms + spent.server_ms > _WAITS * (spent.model_ms or spent.server_ms):
        return Text(
            "Requests spend most of their time waiting for others, so the service is full, or nearly. Compare with "
            "{half} at once.",
            half=max(now // 2, 1),
        ), max(now // 2, 1) if now > 1 else None
    return Text("Whether the service is full shows when more is asked of it: try {twice} at once.", twice=twice), twice


def _nearest_below(run: LoadRun, earlier: Sequence[LoadRun]) -> LoadRun | None:
    """The latest of the tests with most requests at once, but at most half as many as in this one."""
    fitting = [
        one
        for one in earlier
        if one.is_measured
        and one.name == run.name
        and one.setting.rate_per_s is None
        and one.setting.concurrency * 2 <= run.setting.concurrency
    ]
    return max(reversed(fitting), key=lambda one: one.setting.concurrency, default=None)


def _about_machines(run: LoadRun, place: LoadPlace) -> Iterator[Text]:
    spent = _spent(run)
    if spent is not None and spent.way_ms > spent.whole_ms / 2:
        yield Text(
            "Most of a request is the way there and back: smaller images, or a client nearer to the service, help more "
            "than a larger VM size."
        )
    elif spent is not None and spent.model_ms is not None and not place.practice:
        if spent.model_ms >= spent.server_ms / 2:
            yield Text(
                "The model is most of the service's time: a VM size with a faster GPU pays when it is more times as "
                "fast as it is dearer, which another test would show."
            )
        else:
            yield Text(
                "The model is the smaller part of the service's time: more replicas or CPU cores help more than a "
                "faster GPU."
            )
    if place.gpus > 1:
        yield Text(
            "The cluster has {gpus} GPUs: as long as there are fewer replicas, one more adds about as much again at no "
            "extra price.",
            gpus=place.gpus,
        )
    if place.price_per_hour is not None and place.node_count:
        node = place.price_per_hour.amount / place.node_count
        yield Text(
            "One more node {vm_size} costs {price:.2f} {currency} an hour; a replica more on it adds about as much as "
            "one answers now.",
            vm_size=place.vm_size,
            price=node,
            currency=place.price_per_hour.currency,
        )


# --- what it cannot tell ------------------------------------------------------------------------------------------


def _caveats(run: LoadRun, place: LoadPlace) -> Iterator[Text]:
    totals, setting = run.totals, run.setting
    if place.practice:
        yield Text(
            "Practice: this computer's processor answered, no GPU, and it sent the requests as well. The cost is what "
            "Azure's price would make of this computer's speed; with a GPU measure again."
        )
    elif "CPU" in run.device.upper():
        yield Text("A CPU answered ({device}), although the machine was rented for its GPU.", device=run.device)
    if run.stopped is StopReason.TIME_LIMIT and setting.rate_per_s is None:
        yield Text("The throughput was not stable within {share:.0%} when the time was up.",
                   share=setting.stable_within)  # fmt: skip
    if run.stopped is StopReason.STOPPED:
        yield Text("It was stopped early; the figures are of what was measured until then.")
    if 0 < totals.answered < _FEW_ANSWERS:
        yield Text("The 99th percentile rests on {count} answers only.", count=totals.answered)
    if totals.unfinished or totals.unsent:
        yield Text(
            "{unfinished} requests had no answer at the end and {unsent} could not even leave; they count with the "
            "time they had waited, so the true times are longer.",
            unfinished=totals.unfinished,
            unsent=totals.unsent,
        )
    lag_ms, usual_ms = totals.own_lag_ms.quantile(0.99), totals.latencies.quantile(0.5)
    is_late = lag_ms is not None and usual_ms is not None and lag_ms > max(5.0, usual_ms / 10)
    if totals.cpu_share >= _BUSY_SENDER or is_late:
        yield Text("This computer was too busy to send as fast as it should: the service may well be faster than this.")
    if place.price_per_hour is not None:
        yield Text("The cost holds while the cluster is kept that busy; idle hours cost the same and answer nothing.")
    yield Text(
        "A load test itself bills nothing: machines are paid for by the hour, busy or not. But it keeps the service "
        "busy, and others who ask it wait."
    )
