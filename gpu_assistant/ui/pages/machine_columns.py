"""What the tables of the machine page show, column by column, and what its filter offers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gpu_assistant.domain.compute import ComputeState, ComputeTarget, VmSizeOffer
from gpu_assistant.i18n import tr
from gpu_assistant.ui.widgets.data_table import Column
from gpu_assistant.ui.widgets.vm_size_words import (
    free_vcpus,
    gigabytes,
    gpu_count_words,
    hourly_words,
    obstacle,
    short_gpu,
    short_name,
    verdict_words,
)
from gpu_assistant.wizard.navigation import can_choose


def size_columns(
    mark_words: Callable[[VmSizeOffer], str], letter: Callable[[VmSizeOffer], str]
) -> tuple[Column[VmSizeOffer], ...]:
    """Of the table of VM sizes; `letter` names one that is compared, and its column is for then.

    The widths of the others let the longest reason of the catalogue fit the smallest window.
    """
    return (
        Column("mark", "", mark_words, width=21, anchor="center", sorts=False),
        Column("letter", "", letter, width=18, anchor="center", sorts=False),
        Column(
            "size",
            tr("Size"),
            lambda one: short_name(one.vm_size.name),
            width=125,
            whole=lambda one: one.vm_size.name,
        ),
        Column(
            "gpu",
            tr("GPU"),
            lambda one: short_gpu(one.vm_size.gpu_model),
            width=74,
            whole=lambda one: one.vm_size.gpu_model,
        ),
        Column(
            "gpus",
            tr("GPUs"),
            lambda one: gpu_count_words(one.vm_size.gpus),
            width=40,
            anchor="e",
            order=lambda one: one.vm_size.gpus,
        ),
        Column(
            "gpu_memory",
            tr("GPU GB"),
            lambda one: gigabytes(one.vm_size.gpu_memory_gb),
            width=54,
            anchor="e",
            order=lambda one: one.vm_size.gpu_memory_gb,
        ),
        Column(
            "vcpus",
            tr("vCPUs"),
            lambda one: str(one.vm_size.vcpus),
            width=44,
            anchor="e",
            order=lambda one: one.vm_size.vcpus,
        ),
        Column(
            "memory",
            tr("RAM"),
            lambda one: gigabytes(one.vm_size.memory_gb),
            width=45,
            anchor="e",
            order=lambda one: one.vm_size.memory_gb,
        ),
        Column(
            "price",
            tr("Hourly"),
            lambda one: hourly_words(one.price) if one.price else tr("unknown"),
            width=64,
            anchor="e",
            order=lambda one: one.price.amount if one.price else None,
            whole=lambda one: hourly_words(one.price),
        ),
        Column(
            "verdict",
            tr("Quota, or why not"),
            verdict_words,
            width=150,
            stretch=True,
            order=free_vcpus,
            whole=lambda one: obstacle(one) or verdict_words(one),
        ),
    )


def cluster_columns(mark_words: Callable[[ComputeTarget], str]) -> tuple[Column[ComputeTarget], ...]:
    """Of the table of clusters that exist."""
    return (
        Column("mark", "", mark_words, width=46, anchor="center", sorts=False),
        Column("name", tr("Name"), lambda one: one.name, width=190),
        Column("size", tr("Size"), lambda one: short_name(one.vm_size) or tr("unknown"), width=150),
        Column(
            "nodes",
            tr("Nodes"),
            lambda one: str(one.node_count),
            width=70,
            anchor="e",
            order=lambda one: one.node_count,
        ),
        Column("state", tr("State"), _cluster_words, width=220, stretch=True),
    )


def gpu_name(one: VmSizeOffer) -> str:
    """As the filter names it."""
    return f"{one.vm_size.gpu_vendor} {one.vm_size.gpu_model}"


def gpu_choices(offers: Sequence[VmSizeOffer]) -> list[str]:
    """All, the vendors, then the models of those that can be used before the others."""
    vendors = sorted({one.vm_size.gpu_vendor for one in offers}, reverse=True)
    usable = sorted({gpu_name(one) for one in offers if can_choose(one)})
    others = sorted({gpu_name(one) for one in offers} - set(usable))
    return [tr("All GPUs"), *vendors, *usable, *others]


def cluster_obstacle(one: ComputeTarget) -> str:
    """Why a cluster cannot be chosen; empty when it can."""
    return "" if one.state is ComputeState.READY else tr(one.state.value)


def _cluster_words(one: ComputeTarget) -> str:
    if one.state is not ComputeState.READY:
        return f"×  {tr(one.state.value)}  {tr(one.error)}".rstrip()
    return f"✓  {tr('ready, made outside this program')}" if one.attached else f"✓  {tr(one.state.value)}"
