from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gpu_assistant.domain.billing import LEDGER_ID_TAG, ResourceHandle, ResourceKind, ResourceState
from gpu_assistant.domain.clock import utc_now
from gpu_assistant.domain.compute import ComputeState, ComputeTarget
from gpu_assistant.domain.errors import CannotReachAzure, CleanUpError, ComputeError, Conflict, KeystoreError
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import ServiceState, WebService
from gpu_assistant.jobs.job import Job
from gpu_assistant.keystore import SessionKeystore
from gpu_assistant.ledger import Ledger
from gpu_assistant.workflows.clean_up import CleanUpReport, clean_up
from gpu_assistant.workflows.reconcile import reconcile
from gpu_assistant.workflows.site import Site
from tests.fakes.scripted_backend import ScriptedBackend


class World:
    """A cluster with a service on it, in Azure and in the ledger."""

    def __init__(self, azure: ScriptedBackend, ledger: Ledger, keystore: SessionKeystore, site: Site, job: Job) -> None:
        self.azure, self.ledger, self.keystore, self.site, self.job = azure, ledger, keystore, site, job
        cluster = ledger.intend(ResourceKind.COMPUTE_TARGET, "gpu", site.workspace, vm_size="Standard_NC4as_T4_v3")
        service = ledger.intend(ResourceKind.WEB_SERVICE, "svc", site.workspace)
        azure.computes["gpu"] = ComputeTarget(
            "gpu", "/c", cluster.vm_size, 1, ComputeState.READY, tags={LEDGER_ID_TAG: cluster.ledger_id}
        )
        azure.services["svc"] = WebService(
            "svc", "/s", ServiceState.HEALTHY, "gpu", tags={LEDGER_ID_TAG: service.ledger_id}
        )
        for row in (cluster, service):
            ledger.record(row.ledger_id, ResourceState.LIVE)
        keystore.save(site.key_entry("svc"), Secret("a-service-key"))

    def clean_up(self) -> CleanUpReport:
        return clean_up(site=self.site, backend=self.azure, ledger=self.ledger, keystore=self.keystore, job=self.job)


@pytest.fixture
def world(azure: ScriptedBackend, ledger: Ledger, keystore: SessionKeystore, site: Site, job: Job) -> World:
    return World(azure, ledger, keystore, site, job)


def test_everything_goes_services_first_each_with_its_proof(world: World) -> None:
    order: list[str] = []
    original = world.azure.start_delete
    world.azure.start_delete = lambda handle: (order.append(handle.name), original(handle))[1]  # type: ignore[method-assign]
    report = world.clean_up()
    assert order == ["svc", "gpu"]
    assert [one.name for one in report.gone] == ["svc", "gpu"]
    assert all("does not know it" in one.proof for one in report.gone)
    assert report.left == ()
    assert {one.name.split()[0] for one in report.kept} == {"workspace", "registered", "container"}
    assert world.ledger.open_rows() == ()
    assert world.keystore.load(world.site.key_entry("svc")) is None
    assert world.azure.calls["exists"] == 4  # two fresh reads each


def test_the_cluster_behind_a_compute_target_must_be_gone_too(world: World) -> None:
    """The workspace lets go of the compute target at once; the AKS cluster, which bills, takes a while longer."""
    aks = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/gpu"
    row = world.ledger.find(ResourceKind.COMPUTE_TARGET, "gpu", world.site.workspace)
    assert row is not None
    world.ledger.record(row.ledger_id, ResourceState.LIVE, underlying_id=aks)
    asked: list[str] = []
    original = world.azure.exists

    def exists(handle: ResourceHandle) -> bool:
        if handle.azure_id == aks:
            asked.append(handle.name)
            return len(asked) <= 3
        return original(handle)

    world.azure.exists = exists  # type: ignore[method-assign]
    assert world.clean_up().left == ()
    assert len(asked) == 5  # three times there, then two looks that show nothing


def test_doing_it_again_finds_nothing(world: World) -> None:
    world.clean_up()
    assert world.clean_up().gone == ()


def test_a_delete_that_azure_forgets_is_asked_for_again(world: World) -> None:
    world.azure.deletes_ignored = 1
    report = world.clean_up()
    assert report.left == ()
    assert world.azure.calls["start_delete"] == 3


def test_a_resource_that_stays_is_named_and_never_called_gone(world: World) -> None:
    world.azure.deletes_ignored = 10**6
    report = world.clean_up()
    assert [one.name for one in report.left] == ["svc", "gpu"]
    assert {row.state for row in world.ledger.open_rows()} == {ResourceState.DELETING}
    with pytest.raises(CleanUpError, match="web service svc, compute target gpu"):
        report.raise_if_left()


def test_a_failure_does_not_stop_the_rest(world: World) -> None:
    world.azure.fail["start_delete"] = [ComputeError(reason="locked")] * 3

    def deaf(name: str) -> None:
        pass

    world.azure.on_call = deaf
    report = world.clean_up()
    assert [one.name for one in report.left] == ["svc"]
    assert [one.name for one in report.gone] == ["gpu"]
    assert "locked" in report.left[0].reason


def test_a_lost_answer_to_a_delete_is_settled_by_looking(world: World) -> None:
    world.azure.services.clear()
    world.azure.fail["start_delete"] = [CannotReachAzure(what="DELETE", reason="reset")]
    assert world.clean_up().left == ()


def test_leftovers_of_another_computer_are_found_by_their_tag(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = Ledger(tmp_path_factory.mktemp("elsewhere") / "ledger.sqlite")
    world.ledger = empty
    report = world.clean_up()
    assert {one.name for one in report.gone} == {"svc", "gpu"}
    assert world.azure.computes == {}
    adopted = [row for row in empty.rows() if row.kind is ResourceKind.COMPUTE_TARGET]
    assert adopted[0].price_per_hour is not None
    empty.close()


def test_what_we_did_not_make_is_kept_and_named(world: World) -> None:
    row = world.ledger.find(ResourceKind.COMPUTE_TARGET, "gpu", world.site.workspace)
    assert row is not None
    world.ledger.record(row.ledger_id, ResourceState.GONE, note="x")
    world.azure.computes["gpu"] = replace(world.azure.computes["gpu"], attached=True, tags={})
    world.ledger.adopt(replace(row, ledger_id="another", state=ResourceState.LIVE, owned=False), "attached")
    report = world.clean_up()
    assert "gpu" in world.azure.computes
    assert "compute target gpu" in {one.name for one in report.kept}


def test_an_untold_create_gets_time_to_show_itself(world: World) -> None:
    """The row is INTENDED, Azure shows nothing yet, and the cluster appears a moment later."""
    world.azure.computes.clear()
    world.azure.services.clear()
    world.clean_up()
    late = world.ledger.intend(ResourceKind.COMPUTE_TARGET, "late", world.site.workspace)
    looks = 0

    def appear(name: str) -> None:
        nonlocal looks
        looks += name == "exists"
        if name == "exists" and looks == 2:
            world.azure.computes["late"] = ComputeTarget("late", "/l", "x", 1, ComputeState.READY)

    world.azure.on_call = appear
    first = world.clean_up()
    assert [one.name for one in first.left] == ["late"]
    assert world.ledger.open_rows()[0].ledger_id == late.ledger_id
    assert [one.name for one in world.clean_up().gone] == ["late"]


def test_a_cluster_that_is_still_being_made_is_deleted_when_it_can_be(world: World) -> None:
    """Azure refuses to delete while it creates; nobody should have to come back for that."""
    world.azure.services.clear()
    world.azure.computes["gpu"] = replace(world.azure.computes["gpu"], state=ComputeState.CREATING)
    world.azure.polls_left = 10**9
    busy = Conflict(what="Deleting gpu", reason="another operation is running")

    def grow_up(name: str) -> None:
        if name == "start_delete" and world.azure.computes["gpu"].state is ComputeState.CREATING:
            raise busy
        if name == "status" and world.azure.calls[name] == 10:
            world.azure.computes["gpu"] = replace(world.azure.computes["gpu"], state=ComputeState.READY)

    world.azure.on_call = grow_up
    assert world.clean_up().left == ()
    assert world.azure.computes == {}


def test_a_key_that_may_be_left_is_told(world: World) -> None:
    class Stubborn(SessionKeystore):
        def forget(self, name: str) -> None:
            raise KeystoreError(reason="The key may still be in the keyring.")

    world.keystore = Stubborn("")
    report = world.clean_up()
    assert report.left == ()
    assert "still be in the keyring" in report.notes[0]


class TestReconcile:
    def look(self, world: World, settle_s: float = 0.0) -> list[tuple[str, str]]:
        seen = reconcile(
            site=world.site,
            backend=world.azure,
            ledger=world.ledger,
            keystore=world.keystore,
            settle_s=settle_s,
        )
        assert seen.problem is None
        return [(view.row.name, view.said) for view in seen.resources]

    def test_what_exists_is_named(self, world: World) -> None:
        assert self.look(world) == [("gpu", "ready"), ("svc", "healthy")]

    def test_what_somebody_deleted_in_the_portal_is_written_off(self, world: World) -> None:
        world.azure.services.clear()
        assert self.look(world) == [("gpu", "ready")]
        assert world.keystore.load(world.site.key_entry("svc")) is None

    def test_a_young_row_may_just_not_be_listed_yet(self, world: World) -> None:
        world.azure.services.clear()
        assert len(self.look(world, settle_s=3600)) == 2

    def test_what_comes_back_is_believed(self, world: World) -> None:
        row = world.ledger.find(ResourceKind.WEB_SERVICE, "svc", world.site.workspace)
        assert row is not None
        world.ledger.record(row.ledger_id, ResourceState.GONE, note="404")
        assert ("svc", "healthy") in self.look(world)
        assert world.ledger.rows()[1].state is ResourceState.LIVE

    def test_without_azure_the_ledger_speaks_and_says_so(self, world: World) -> None:
        world.azure.fail["resources_tagged_ours"] = [CannotReachAzure(what="GET", reason="reset")]
        seen = reconcile(site=world.site, backend=world.azure, ledger=world.ledger, keystore=world.keystore, settle_s=0)
        assert isinstance(seen.problem, CannotReachAzure)
        assert len(seen.resources) == 2

    def test_an_unknown_price_is_counted_not_summed(self, world: World) -> None:
        seen = reconcile(
            site=world.site,
            backend=world.azure,
            ledger=world.ledger,
            keystore=world.keystore,
            settle_s=0,
            now=lambda: utc_now() + timedelta(hours=1),
        )
        assert (seen.per_hour, seen.unpriced) == (0, 1)


def test_what_another_reader_proved_gone_meanwhile_counts_as_gone(
    azure: ScriptedBackend, ledger: Ledger, keystore: SessionKeystore, site: Site, job: Job
) -> None:
    row = ledger.intend(ResourceKind.WEB_SERVICE, "svc", site.workspace)

    def meanwhile(call: str) -> None:
        if call == "resources_tagged_ours":
            return
        if ledger.open_rows():
            ledger.record(row.ledger_id, ResourceState.GONE, note="seen by the other window")

    azure.on_call = meanwhile
    report = clean_up(site=site, backend=azure, ledger=ledger, keystore=keystore, job=job)
    assert [one.name for one in report.gone] == ["svc"]
    assert report.left == ()
