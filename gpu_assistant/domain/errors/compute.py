"""VM sizes, quota, and the clusters made of them."""

from __future__ import annotations

from gpu_assistant.domain.errors.base import (
    ASK_QUOTA,
    CHOOSE_NAME,
    CHOOSE_VM_SIZE,
    CLEAN_UP,
    RETRY,
    Action,
    AssistantError,
    Remedy,
)


class QuotaError(AssistantError):
    code = "quota"
    title = "Not enough GPU quota"
    remedies: tuple[Remedy, ...] = (ASK_QUOTA, CHOOSE_VM_SIZE)


class QuotaTooSmall(QuotaError):
    code = "quota_too_small"
    template = "{family} in {region}: {needed_vcpus} vCPUs needed, {free_vcpus} free of {limit_vcpus} allowed."


class QuotaRefused(QuotaError):
    """Azure refused at creation; its own numbers are in its text."""

    code = "quota_refused"
    template = "Azure refused {name}: {reason}"


class VmSizeError(AssistantError):
    code = "vm_size"
    title = "This VM size cannot be used"
    remedies: tuple[Remedy, ...] = (CHOOSE_VM_SIZE,)


class VmSizeUnknown(VmSizeError):
    code = "vm_size_unknown"
    template = "{vm_size} is not an N-series VM size that is known.{suggestion}"


class VmSizeRetired(VmSizeError):
    code = "vm_size_retired"
    template = "{vm_size} was retired on {retired_on}. Use {replacement} instead."


class VmSizeNotAvailable(VmSizeError):
    code = "vm_size_not_available"
    template = "{vm_size} cannot be had in {region}: {reason}"


class CapacityGone(VmSizeError):
    code = "capacity_gone"
    title = "Azure has no free machine of this size now"
    template = "{reason}"
    remedies: tuple[Remedy, ...] = (Remedy(Action.WAIT, "Try again later"), CHOOSE_VM_SIZE)


class ComputeError(AssistantError):
    code = "compute"
    title = "The compute target has a problem"
    remedies: tuple[Remedy, ...] = (CLEAN_UP, RETRY)


class ComputeNameTaken(ComputeError):
    code = "compute_name_taken"
    title = "The name of the compute target is taken"
    template = "There is already a compute target {name} in this workspace, and it is not the one asked for."
    remedies: tuple[Remedy, ...] = (CHOOSE_NAME,)


class ComputeFailed(ComputeError):
    code = "compute_failed"
    title = "The compute target could not be created"
    template = "Azure could not create {name}: {reason}"


class ComputeNotFound(ComputeError):
    code = "compute_not_found"
    title = "Compute target not found"
    template = "There is no compute target {name} in this workspace."
    remedies: tuple[Remedy, ...] = (CHOOSE_NAME,)


class StillCreating(ComputeError):
    code = "still_creating"
    title = "Azure is taking longer than usual"
    template = "Azure still reports {state} for {name} after {minutes:.0f} minutes. It exists and bills."
    remedies: tuple[Remedy, ...] = (Remedy(Action.WAIT, "Keep waiting"), CLEAN_UP)
