"""Page 2 on a real screen, with a controller that only remembers."""

from __future__ import annotations

import tkinter as tk
import tkinter.font as tkfont
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from gpu_assistant.backends.vm_catalogue import load_vm_catalogue
from gpu_assistant.domain.compute import Availability
from gpu_assistant.domain.errors import RETRY, CannotReachAzure
from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.paths import resource
from gpu_assistant.ui.pages.machine import MachinePage
from gpu_assistant.ui.theme import SMALL, Root, px
from gpu_assistant.ui.widgets.size_comparison import facts
from gpu_assistant.ui.widgets.vm_size_words import (
    gpu_count_words,
    hourly_words,
    monthly,
    most_nodes,
    short_gpu,
    verdict_words,
    why_not,
)
from gpu_assistant.wizard.navigation import offer
from gpu_assistant.wizard.state import JobKind, JobView, MachineChoice, Phase, Place, Step, WizardState
from gpu_assistant.workflows.site import Site
from tests.ui.fake_controller import FakeController
from tests.ui.in_process import pump_until
from tests.ui.paper_desk import PaperDesk
from tests.ui.vm_offers import BIG, CHEAP, CREATING, NO_QUOTA, READY, RETIRED, UNPRICED, offers

OFFERS = offers()
WORKSPACE = WorkspaceRef("sub", "group", "vision", "eastus", "tenant")
STATE = WizardState(
    step=Step.MACHINE,
    place=Place(Site(WORKSPACE), None),
    offers=OFFERS,
    targets=(READY, CREATING),
    jobs={JobKind.MACHINES: JobView(JobKind.MACHINES, 1, 900.0, Phase.DONE, ended_s=990.0)},
)


class Shown:
    """The page in a window as small as it may be, and what it asked the controller for."""

    def __init__(self, root: Root, state: WizardState = STATE) -> None:
        self.root = root
        self.controller = FakeController(state)
        self.desk = PaperDesk()
        root.geometry(f"{px(root, 760)}x{px(root, 500)}")
        self.page = MachinePage(root, self.controller.as_controller, self.desk)
        self.page.pack(fill="both", expand=True)
        self.page.enter()
        self.show(state)

    def show(self, state: WizardState) -> None:
        self.controller.state = state
        self.page.render(state)
        self.root.update()

    def find(self, name: str) -> Any:
        return next(widget for widget in _below(self.page) if getattr(widget, "screen_name", "") == name)

    def text(self, name: str) -> str:
        return str(self.find(name).cget("text"))

    def texts(self) -> str:
        """All that can be read now, cells included."""
        said = []
        for widget in _below(self.page):
            if widget.winfo_ismapped():
                if widget.winfo_class() == "Treeview":
                    said += [str(value) for key in widget.get_children() for value in widget.item(key, "values")]
                elif "text" in widget.keys():  # noqa: SIM118  (tkinter's widgets have no other way)
                    said.append(str(widget.cget("text")))
        return "\n".join(said)

    def choose(self, name: str, table: str = "machine.table") -> None:
        tree = self.find(table)
        tree.selection_set(name)
        tree.focus(name)
        self.root.update()
        tree.focus_force()
        tree.event_generate("<Return>")
        self.root.update()

    @property
    def choices(self) -> list[MachineChoice | None]:
        return [arguments[0] for arguments in self.controller.asked("choose_machine")]


def _below(widget: tk.Misc) -> Iterator[Any]:
    for child in widget.winfo_children():
        yield child
        yield from _below(child)


@pytest.fixture
def shown(root: Root) -> Shown:
    return Shown(root)


def test_every_size_is_there_the_cheapest_usable_first_and_the_unpriced_after_the_priced(shown: Shown) -> None:
    rows = shown.find("machine.table").get_children()
    assert len(rows) == len(OFFERS)
    assert rows[:3] == (CHEAP, BIG, UNPRICED)


def test_a_refused_row_tells_why_and_cannot_be_chosen(shown: Shown) -> None:
    cells = shown.find("machine.table").item(RETIRED, "values")
    assert cells[-1].strip() == "Retired 2023-08-31 → NC4as_T4_v3"
    shown.choose(RETIRED)
    assert not shown.choices
    assert "Retired on 2023-08-31. Use Standard_NC4as_T4_v3 instead." in shown.text("machine.note")


def test_return_chooses_and_the_price_is_for_all_nodes(shown: Shown) -> None:
    shown.choose(CHEAP)
    assert shown.choices == [MachineChoice(CHEAP, 1)]
    shown.show(STATE._replace(machine=MachineChoice(CHEAP, 3)))
    assert shown.text("machine.chosen") == CHEAP
    assert shown.text("machine.per_hour") == "$1.58 per hour"
    assert "$1,152 per month" in shown.text("machine.per_month")
    assert "3 nodes" in shown.text("machine.per_month")
    assert shown.find("machine.table").item(CHEAP, "values")[0] == "●"


def test_an_unknown_price_is_said_and_never_zero(shown: Shown) -> None:
    shown.show(STATE._replace(machine=MachineChoice(UNPRICED, 2)))
    assert shown.text("machine.per_hour") == "price unknown"
    assert "$0.00" not in shown.texts()
    assert shown.find("machine.table").set(UNPRICED, "price") == "unknown"


def test_nodes_end_where_the_quota_ends(shown: Shown) -> None:
    shown.show(STATE._replace(machine=MachineChoice(CHEAP, 1)))
    nodes = shown.find("machine.nodes")
    assert int(nodes.cget("to")) == 24
    nodes.delete(0, "end")
    nodes.insert(0, "500")
    nodes.focus_force()
    nodes.event_generate("<Return>")
    shown.root.update()
    assert shown.choices == [MachineChoice(CHEAP, 24)]


@pytest.mark.parametrize("typed", ["", "0"])
def test_a_node_count_that_is_none_is_mended(shown: Shown, typed: str) -> None:
    shown.show(STATE._replace(machine=MachineChoice(CHEAP, 2)))
    nodes = shown.find("machine.nodes")
    nodes.delete(0, "end")
    nodes.insert(0, typed)
    nodes.focus_force()
    nodes.event_generate("<Return>")
    shown.root.update()
    assert int(nodes.get()) >= 1
    assert all(choice is not None and choice.node_count >= 1 for choice in shown.choices)


def test_the_page_is_drawn_anew_while_the_list_of_gpus_is_open(shown: Shown) -> None:
    kinds = shown.find("machine.gpu")
    kinds.focus_force()
    shown.root.tk.call("ttk::combobox::Post", str(kinds))
    pump_until(shown.root, lambda: "popdown" in str(shown.root.tk.call("focus")))
    shown.show(STATE._replace(machine=MachineChoice(CHEAP, 2)))
    assert shown.find("machine.nodes").get() == "2"


def test_letters_cannot_be_typed_as_node_count(shown: Shown) -> None:
    shown.show(STATE._replace(machine=MachineChoice(CHEAP, 2)))
    nodes = shown.find("machine.nodes")
    nodes.insert("end", "x")
    assert nodes.get() == "2"


def test_tls_is_asked_for_real_azure_only(shown: Shown) -> None:
    shown.show(STATE._replace(machine=MachineChoice(CHEAP, 1)))
    box = shown.find("machine.secure")
    assert box.winfo_ismapped()
    box.invoke()
    assert shown.choices == [MachineChoice(CHEAP, 1, secure=False)]
    practice = STATE._replace(place=Place(Site(WORKSPACE, True), None), machine=MachineChoice(CHEAP, 1))
    shown.show(practice)
    assert not box.winfo_ismapped()
    assert "nothing is billed" in shown.text("machine.free")


def test_search_and_filters(shown: Shown) -> None:
    table = shown.find("machine.table")
    shown.find("machine.search").insert(0, "a100 nc")
    shown.root.update()
    assert BIG in table.get_children()
    assert all("A100" in key for key in table.get_children())
    shown.find("machine.search").delete(0, "end")
    shown.find("machine.usable").invoke()
    shown.root.update()
    assert table.get_children() == (CHEAP, BIG, UNPRICED)
    gpus = shown.find("machine.gpu")
    gpus.set("NVIDIA Tesla T4")
    shown.root.update()
    assert table.get_children() == (CHEAP,)
    shown.find("machine.search").insert(0, "no such size")
    shown.root.update()
    assert shown.text("machine.empty")
    assert not table.winfo_ismapped()


def test_escape_clears_the_search(shown: Shown) -> None:
    search = shown.find("machine.search")
    search.insert(0, "zzz")
    search.focus_force()
    search.event_generate("<Escape>")
    shown.root.update()
    assert len(shown.find("machine.table").get_children()) == len(OFFERS)


def test_two_sizes_are_compared_and_a_third_takes_the_place_of_the_second(shown: Shown) -> None:
    table, compare = shown.find("machine.table"), shown.find("machine.compare")
    for name in (CHEAP, BIG):
        table.selection_set(name)
        shown.root.update()
        compare.invoke()
        shown.root.update()
    assert table.set(CHEAP, "letter") == "A"
    assert table.set(BIG, "letter") == "B"
    assert "$384" in shown.texts()
    assert "$2,681" in shown.texts()
    shown.find("machine.compare.choose.B").invoke()
    assert shown.choices == [MachineChoice(BIG, 1)]
    table.selection_set(NO_QUOTA)
    shown.root.update()
    compare.invoke()
    shown.root.update()
    assert table.set(NO_QUOTA, "letter") == "B"
    assert str(shown.find("machine.compare.choose.B").cget("state")) == "disabled"
    shown.find("machine.compare.close").invoke()
    shown.root.update()
    assert table.set(CHEAP, "letter") == ""
    assert "≠" not in shown.texts()


def test_an_existing_cluster_can_be_chosen_when_it_is_ready(shown: Shown) -> None:
    shown.find("machine.kind.existing").invoke()
    shown.root.update()
    shown.choose("half-made", "machine.clusters")
    assert not shown.choices
    shown.choose("gpu-1", "machine.clusters")
    assert shown.choices == [MachineChoice(CHEAP, 2, "gpu-1")]
    shown.show(STATE._replace(machine=shown.choices[-1]))
    assert shown.text("machine.chosen") == "gpu-1"
    assert shown.text("machine.per_hour") == "$1.05 per hour"
    assert not shown.find("machine.nodes").winfo_ismapped()


def test_a_workspace_without_clusters_says_so(shown: Shown) -> None:
    shown.show(STATE._replace(targets=()))
    shown.find("machine.kind.existing").invoke()
    shown.root.update()
    assert "no cluster yet" in shown.text("machine.empty")


def test_it_reads_on_entering_and_again_when_asked(shown: Shown) -> None:
    assert shown.controller.asked("load_machines") == [()]
    shown.find("machine.refresh").invoke()
    assert shown.controller.asked("load_machines")[-1] == (("again", True),)


def test_while_reading_there_is_no_table_and_no_second_reading(root: Root) -> None:
    reading = JobView(JobKind.MACHINES, 1, 995.0)
    shown = Shown(root, STATE._replace(offers=None, targets=None, jobs={JobKind.MACHINES: reading}))
    assert str(shown.find("machine.refresh").cget("state")) == "disabled"
    assert not shown.find("machine.table").winfo_ismapped()
    shown.show(STATE)
    assert shown.find("machine.table").winfo_ismapped()


def test_a_failed_reading_offers_to_try_again(root: Root) -> None:
    error = CannotReachAzure(what="management.azure.com", reason="no such host")
    failed = JobView(JobKind.MACHINES, 1, 995.0, Phase.FAILED, error=error, ended_s=996.0)
    shown = Shown(root, STATE._replace(offers=None, targets=None, jobs={JobKind.MACHINES: failed}))
    assert "management.azure.com" in shown.text("error.detail")
    shown.find("error.retry").invoke()
    assert shown.controller.asked("act") == [(RETRY, JobKind.MACHINES)]
    shown.show(STATE)
    assert "management.azure.com" not in shown.texts()


def test_a_remembered_choice_is_in_sight(root: Root) -> None:
    shown = Shown(root, STATE._replace(machine=MachineChoice(UNPRICED, 1)))
    tree = shown.find("machine.table")
    assert tree.selection() == (UNPRICED,)
    assert tree.bbox(UNPRICED)


def test_a_choice_that_became_impossible_is_said(shown: Shown) -> None:
    shown.show(STATE._replace(machine=MachineChoice(RETIRED, 1)))
    assert "can no longer be chosen" in shown.text("machine.note")


def test_the_smallest_page_shows_all_of_itself(shown: Shown) -> None:
    shown.show(STATE._replace(machine=MachineChoice(CHEAP, 3)))
    for name in ("machine.nodes", "machine.per_month", "machine.secure", "machine.compare", "machine.refresh"):
        widget = shown.find(name)
        right = widget.winfo_rootx() + widget.winfo_width() - shown.page.winfo_rootx()
        bottom = widget.winfo_rooty() + widget.winfo_height() - shown.page.winfo_rooty()
        assert right <= shown.page.winfo_width(), name
        assert bottom <= shown.page.winfo_height(), name
        assert widget.winfo_width() >= widget.winfo_reqwidth(), name
    assert shown.page.winfo_reqwidth() <= px(shown.root, 760)
    assert shown.page.winfo_reqheight() <= px(shown.root, 500)


def test_no_reason_is_cut_off_on_the_smallest_page(shown: Shown) -> None:
    tree = shown.find("machine.table")
    small = tkfont.nametofont(SMALL)
    width = int(tree.column("verdict", "width"))
    for key in tree.get_children():
        words = tree.set(key, "verdict")
        assert small.measure(words) <= width - px(shown.root, 4), words


def test_no_gpu_of_the_catalogue_is_cut_off(shown: Shown) -> None:
    width = int(shown.find("machine.table").column("gpu", "width")) - px(shown.root, 8)
    small = tkfont.nametofont(SMALL)
    for size in load_vm_catalogue(resource("vm_sizes.toml")).sizes:
        words = short_gpu(size.vm_size.gpu_model)
        assert words
        assert small.measure(words) <= width, words


def test_comparing_leaves_the_price_readable_on_the_smallest_page(shown: Shown) -> None:
    shown.find("machine.table").selection_set(CHEAP)
    shown.root.update()
    shown.find("machine.compare").invoke()
    shown.root.update()
    tree = shown.find("machine.table")
    assert sum(int(tree.column(name, "width")) for name in tree.cget("displaycolumns")) <= tree.winfo_width()


# Words


@pytest.mark.parametrize(("gpus", "words"), [(0.1667, "1/6"), (0.125, "1/8"), (0.3333, "1/3"), (1.0, "1"), (8.0, "8")])
def test_a_share_of_a_card_is_a_fraction(gpus: float, words: str) -> None:
    assert gpu_count_words(gpus) == words


def test_every_refused_size_of_the_catalogue_has_a_reason_short_enough_for_its_row() -> None:
    for one in OFFERS:
        if one.availability is not Availability.AVAILABLE:
            assert 0 < len(why_not(one)) <= 48, one.vm_size.name
            assert verdict_words(one) == why_not(one)


def test_nodes_and_months() -> None:
    cheap = offer(STATE, CHEAP)
    assert cheap is not None
    assert most_nodes(cheap) == 24
    assert most_nodes(replace(cheap, quota=None)) == 100
    assert monthly(cheap.price, 2) == Decimal("0.526") * 2 * 730
    assert hourly_words(None) == "price unknown"


def test_facts_that_are_alike_do_not_differ() -> None:
    cheap, big = offer(STATE, CHEAP), offer(STATE, BIG)
    assert cheap is not None
    assert big is not None
    assert not any(fact.differs for fact in facts((cheap, cheap)))
    assert {fact.title for fact in facts((cheap, big)) if fact.differs} >= {"GPU", "Per hour", "vCPUs"}
