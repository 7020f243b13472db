"""What the commands print: JSON with stable keys, and text for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from gpu_assistant.domain.billing import BillableResource, HourlyPrice
from gpu_assistant.domain.errors import CLEAN_UP, Action, AssistantError, Remedy
from gpu_assistant.domain.model import SavedModelSummary, TensorSpec
from gpu_assistant.domain.scoring import ScoredImage
from gpu_assistant.saved_model import most_common_operations, serving_lines
from gpu_assistant.workflows.clean_up import CleanUpReport
from gpu_assistant.workflows.deploy import Deployment
from gpu_assistant.workflows.reconcile import Overview

HOURS_PER_MONTH = 730
_SHOWN_PREDICTIONS = 5
_SHOWN_OPERATIONS = 8


# --- JSON ---------------------------------------------------------------------------------------------------


def deployment_json(deployment: Deployment) -> dict[str, Any]:
    """`deploy --json`."""
    service, compute = deployment.service, deployment.compute
    return {
        "service": {"name": service.name, "state": service.state.value, "scoring_uri": service.scoring_uri},
        "compute_target": {
            "name": compute.name,
            "vm_size": compute.vm_size,
            "node_count": compute.node_count,
            "state": compute.state.value,
        },
        "seconds": round(deployment.seconds, 1),
    }


def scored_json(images: Sequence[ScoredImage]) -> list[dict[str, Any]]:
    """`score --json`."""
    return [
        {
            "path": str(image.path),
            "predictions": [
                {"label": one.label, "index": one.index, "probability": one.probability} for one in image.predictions
            ],
            "latency_ms": round(image.latency_ms, 2),
            "model_ms": round(image.model_ms, 2),
            "device": image.device,
        }
        for image in images
    ]


def overview_json(overview: Overview) -> dict[str, Any]:
    """`status --json`. `verified` is false when Azure could not be asked; unknown prices are null, never 0."""
    return {
        "resources": [
            {
                "kind": view.row.kind.value,
                "name": view.row.name,
                "state": view.said,
                "owned": view.row.owned,
                "price_per_hour": _amount(view.row.price_per_hour) if view.row.is_billable else 0.0,
                "currency": view.row.price_per_hour.currency if view.row.price_per_hour else overview.currency,
                "created": view.row.created.isoformat(),
                "cost_so_far": _number(view.cost_so_far),
            }
            for view in overview.resources
        ],
        "per_hour": _number(overview.per_hour),
        "so_far": _number(overview.so_far),
        "verified": overview.problem is None,
    }


def clean_up_json(report: CleanUpReport) -> dict[str, Any]:
    """`clean-up --json`."""
    return {
        "gone": [
            {"kind": one.kind.value, "name": one.name, "proof": one.proof, "cost": _number(one.cost)}
            for one in report.gone
        ],
        "left": [
            {
                "kind": one.kind.value,
                "name": one.name,
                "reason": one.reason,
                "price_per_hour": _amount(one.price_per_hour),
                "portal_url": one.portal_url,
            }
            for one in report.left
        ],
        "kept": [{"name": one.name, "why": one.why} for one in report.kept],
    }


def error_json(error: AssistantError) -> dict[str, Any]:
    """What every command prints with `--json` when it fails."""
    return {
        "error": {
            "code": error.code,
            "title": error.title,
            "detail": error.detail,
            "remedies": [
                {"action": remedy.action.value, "label": remedy.label, "url": remedy.url} for remedy in error.remedies
            ],
            "billed": [
                {
                    "kind": row.kind.value,
                    "name": row.name,
                    "price_per_hour": _amount(row.price_per_hour),
                }
                for row in error.billable
                if row.is_billable
            ],
        }
    }


# --- text ---------------------------------------------------------------------------------------------------


def deployment_text(deployment: Deployment, *, practice: bool) -> str:
    """The end of `deploy` for a person, with the next command."""
    service, compute = deployment.service, deployment.compute
    flag = " --practice" if practice else ""
    return (
        f"{service.name} is {service.state.value} on {compute.name} "
        f"({compute.node_count} × {compute.vm_size}), after {deployment.seconds:.0f} s.\n"
        f"  {service.scoring_uri}\n"
        f"Next: gpu-assistant score{flag} IMAGE…    and when you are done: gpu-assistant clean-up{flag}"
    )


def scored_text(image: ScoredImage) -> str:
    """One answered image."""
    lines = [f"{image.path}   {image.latency_ms:.0f} ms, of which the model {image.model_ms:.0f} ms on {image.device}"]
    for one in image.predictions[:_SHOWN_PREDICTIONS]:
        bar = "█" * round(one.probability * 20)
        lines.append(f"  {one.probability:7.1%}  {bar:<20}  {one.label or f'class {one.index}'}")
    return "\n".join(lines)


def overview_text(overview: Overview, *, practice: bool, now: datetime) -> str:
    """`status` for a person."""
    if not overview.resources:
        return "Nothing exists, nothing bills." if overview.problem is None else "Nothing is on record."
    rows = [("what", "name", "state", "since", "per hour", "so far")]
    for view in overview.resources:
        row = view.row
        price = row.price_per_hour
        words = row.kind.words + ("" if row.owned else " (not ours)")
        if not row.is_billable:
            per_hour, so_far = "included", ""
        else:
            per_hour = money(price.amount, price.currency) if price else "price unknown"
            so_far = money(view.cost_so_far, overview.currency) if view.cost_so_far is not None else "unknown"
        rows.append((words, row.name, view.said, age(now - row.created), per_hour, so_far))
    lines = [_table(rows)]
    total = (
        f"{money(overview.per_hour, overview.currency)} per hour "
        f"({money(overview.per_hour * HOURS_PER_MONTH, overview.currency)} per month), "
        f"{money(overview.so_far, overview.currency)} so far"
    )
    if overview.unpriced:
        total += f", and {overview.unpriced} without a known price"
    if practice:
        lines.append(f"Practice: nothing is billed. In Azure this would be {total}.")
    else:
        lines.append(f"Billing now: {total}. VM prices only; disks, addresses and traffic add a little.")
    return "\n".join(lines)


def clean_up_text(report: CleanUpReport, *, practice: bool) -> str:
    """`clean-up` for a person: what is gone, what is left, what is kept on purpose."""
    lines = [f"gone  {one.kind.words} {one.name}: {one.proof}" for one in report.gone]
    for left in report.left:
        price = left.price_per_hour
        bills = f", {money(price.amount, price.currency)} per hour" if price and not practice else ""
        lines.append(f"LEFT  {left.kind.words} {left.name}{bills}: {left.reason}")
        if not practice:
            lines.append(f"      {left.portal_url}")
    lines += [f"kept  {one.name}: {one.why}" for one in report.kept]
    lines += [f"note  {note}" for note in report.notes]
    if not report.left:
        lines.append("Nothing that bills is left." if report.gone else "There was nothing to delete.")
    return "\n".join(lines)


def summary_text(summary: SavedModelSummary) -> str:
    """`inspect` for a person."""
    kind = "TensorFlow 2" if summary.is_tf2 else "TensorFlow 1 format"
    lines = [
        f"{summary.folder}",
        f"  written by TensorFlow {summary.tensorflow_version or 'unknown'} ({kind}), "
        f"{summary.size_bytes / 1e6:.1f} MB, tags {', '.join(summary.tags) or 'none'}",
    ]
    for signature in summary.signatures:
        lines.append(f"  signature {signature.name}")
        lines += [f"    in   {_tensor(spec)}" for spec in signature.inputs]
        lines += [f"    out  {_tensor(spec)}" for spec in signature.outputs]
    lines += [f"  {line}" for line in serving_lines(summary)]
    if summary.op_histogram:
        lines.append(f"  operations  {most_common_operations(summary, _SHOWN_OPERATIONS)}")
    lines += [f"  note: {warning}" for warning in summary.warnings]
    return "\n".join(lines)


def error_text(error: AssistantError, *, practice: bool) -> str:
    """One readable line, what still bills, and what helps."""
    lines = [f"gpu-assistant: {error.title}. {error.detail}"]
    billed = [row for row in error.billable if row.is_billable]
    remedies = list(error.remedies)
    if billed:
        lines.append(f"  {_still_billed(billed, practice)}")
        if CLEAN_UP not in remedies:
            remedies.append(CLEAN_UP)
    return "\n".join([*lines, *(_remedy(one, practice) for one in remedies)])


_COMMANDS = {
    Action.CLEAN_UP: "gpu-assistant clean-up",
    Action.REFRESH_KEYS: "gpu-assistant score --new-key",
    Action.SIGN_IN: "gpu-assistant sign-in",
}


def _remedy(remedy: Remedy, practice: bool) -> str:
    command = _COMMANDS.get(remedy.action, "")
    if command and practice:
        command += " --practice"
    how = remedy.url or command
    return f"  → {remedy.label}{f': {how}' if how else ''}"


def _still_billed(rows: Sequence[BillableResource], practice: bool) -> str:
    named = ", ".join(f"{row.name} ({_price(row.price_per_hour)})" for row in rows)
    return f"In Azure this would still bill: {named}" if practice else f"Still billing: {named}"


def _price(price: HourlyPrice | None) -> str:
    return f"{money(price.amount, price.currency)} per hour" if price else "price unknown"


def money(amount: Decimal, currency: str) -> str:
    """An amount as a person reads it; tiny sums keep a second digit that says something."""
    digits = 2 if amount == 0 or amount >= Decimal("0.1") else 4
    sign = "$" if currency in ("", "USD") else f"{currency} "
    return f"{sign}{amount:,.{digits}f}"


def age(span: Any) -> str:
    """How long ago, in the largest unit that fits."""
    seconds = max(span.total_seconds(), 0)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _tensor(spec: TensorSpec) -> str:
    if spec.shape is None:
        shape = "any shape"
    else:
        shape = f"[{', '.join('?' if size is None else str(size) for size in spec.shape)}]"
    return f"{spec.name}: {spec.dtype} {shape}"


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _amount(price: HourlyPrice | None) -> float | None:
    return _number(price.amount if price else None)


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else round(float(amount), 6)
