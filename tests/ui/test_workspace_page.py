"""Page 1 on a real screen, with a controller that only remembers."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gpu_assistant.domain.billing import BillableResource, HourlyPrice, ResourceKind, ResourceState
from gpu_assistant.domain.errors import RETRY, CannotReachAzure
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import Account, SignInMethod, SignInPrompt, Subscription, WorkspaceRef
from gpu_assistant.ui.pages.workspace import WorkspacePage
from gpu_assistant.ui.theme import Root, px
from gpu_assistant.wizard.state import JobKind, JobView, Phase, Place, Step, StepView, WizardState
from gpu_assistant.workflows.site import Site
from tests.ui.fake_controller import NOW, FakeController
from tests.ui.in_process import pump_until
from tests.ui.paper_desk import PaperDesk

REAL = WorkspaceRef("sub-1", "group-1", "vision", "eastus", "tenant-1")
OTHER = WorkspaceRef("sub-1", "group-1", "speech", "westeurope", "tenant-1")
PRACTICE = WorkspaceRef("sub-0", "practice", "practice", "eastus", "practice")
ADA = Account("ada@contoso.com", "tenant-1", SignInMethod.DEVICE_CODE)
OPEN = Place(Site(REAL), ADA)
OPEN_PRACTICE = Place(Site(PRACTICE, practice=True), None, speed=60.0, scenario="init-crashes")
START = WizardState()


def opening(*steps: StepView, phase: Phase = Phase.RUNNING, **facts: Any) -> dict[JobKind, JobView]:
    return {JobKind.OPEN: JobView(JobKind.OPEN, 1, 990.0, phase, steps, **facts)}


def cluster(name: str, workspace: WorkspaceRef, price: str | None = "0.5", practice: bool = False) -> BillableResource:
    """Two days old."""
    return BillableResource(
        ledger_id=name,
        kind=ResourceKind.COMPUTE_TARGET,
        name=name,
        workspace=workspace,
        state=ResourceState.LIVE,
        created=NOW - timedelta(hours=48),
        price_per_hour=HourlyPrice(Decimal(price), "USD") if price else None,
        practice=practice,
    )


class Shown:
    """The page in a window as small as it may be."""

    def __init__(self, root: Root, state: WizardState = START, files: tuple[Path, ...] = (), **answers: Any) -> None:
        self.root = root
        self.controller = FakeController(state, answers)
        self.desk = PaperDesk(files)
        root.geometry(f"{px(root, 760)}x{px(root, 500)}")
        self.page = WorkspacePage(root, self.controller.as_controller, self.desk)
        self.page.pack(fill="both", expand=True)
        self.page.enter()
        self.show(state)

    def show(self, state: WizardState) -> None:
        self.controller.state = state
        self.page.render(state)
        self.root.update()

    def find(self, name: str) -> Any:
        found = [widget for widget in _below(self.page) if getattr(widget, "screen_name", "") == name]
        mapped = [widget for widget in found if widget.winfo_ismapped()]
        return (mapped or found)[0]

    def is_shown(self, name: str) -> bool:
        return any(getattr(w, "screen_name", "") == name and w.winfo_ismapped() for w in _below(self.page))

    def text(self, name: str) -> str:
        return str(self.find(name).cget("text"))

    def click(self, name: str) -> None:
        assert self.is_shown(name), name
        self.find(name).invoke()
        self.root.update()

    def texts(self) -> str:
        return "\n".join(
            str(widget.cget("text"))
            for widget in _below(self.page)
            if widget.winfo_ismapped() and "text" in widget.keys()  # noqa: SIM118  (tkinter's widgets have no other way)
        )


def _below(widget: tk.Misc) -> Iterator[Any]:
    for child in widget.winfo_children():
        yield child
        yield from _below(child)


@pytest.fixture
def show_page(root: Root) -> Callable[..., Shown]:
    return lambda *state, **more: Shown(root, *state, **more)


ShowPage = Callable[..., Shown]


def test_practice_is_one_click(show_page: ShowPage) -> None:
    page = show_page()
    page.click("workspace.practice")
    assert page.controller.calls == [("open_practice", ())]


def test_practice_and_azure_are_equals(show_page: ShowPage) -> None:
    page = show_page()
    one, other = page.find("workspace.practice"), page.find("workspace.sign_in.browser")
    assert str(one.cget("style")) == str(other.cget("style"))
    assert abs(one.winfo_width() - other.winfo_width()) <= 2


@pytest.mark.parametrize("method", [SignInMethod.BROWSER, SignInMethod.DEVICE_CODE, SignInMethod.AZURE_CLI])
def test_sign_in_with_the_tenant_that_was_typed(show_page: ShowPage, method: SignInMethod) -> None:
    page = show_page()
    page.find("workspace.tenant").insert(0, " contoso.com ")
    page.click(f"workspace.sign_in.{method.value}")
    assert page.controller.calls == [("sign_in", (method, "contoso.com"))]


def test_without_the_practice_part_the_button_is_off_and_the_page_says_what_to_install(show_page: ShowPage) -> None:
    page = show_page(START._replace(practice_missing="tensorflow"))
    assert page.find("workspace.practice").instate(["disabled"])
    assert "tensorflow" in page.text("workspace.practice.missing")
    page.click("workspace.practice.copy")
    assert page.desk.copied == ['pip install "gpu-assistant[practice]"']
    page.show(START)
    assert page.find("workspace.practice").instate(["!disabled"])
    assert not page.is_shown("workspace.practice.missing")


def test_recent_workspaces_open_with_one_click(show_page: ShowPage) -> None:
    page = show_page(START._replace(recent=(REAL, OTHER)))
    page.click("workspace.recent.2")
    assert page.controller.calls == [("open_workspace", (OTHER, SignInMethod.BROWSER))]


def test_a_config_json_is_opened_or_the_reason_is_told(show_page: ShowPage, tmp_path: Path) -> None:
    why_not = Text("{file} is not a workspace's config.json.", file="config.json")
    page = show_page(files=(tmp_path / "config.json",), open_config=why_not)
    page.click("workspace.config")
    assert page.controller.asked("open_config") == [(tmp_path / "config.json",)]
    assert page.desk.toasts == ["config.json is not a workspace's config.json."]


def test_no_config_json_chosen_asks_for_nothing(show_page: ShowPage) -> None:
    page = show_page()
    page.click("workspace.config")
    assert not page.controller.calls


def test_opening_shows_what_happens_and_can_be_cancelled(show_page: ShowPage) -> None:
    step = StepView("Start the practice workspace", 30.0, 990.0, doing="Converting the sample model", fraction=0.4)
    page = show_page(START._replace(jobs=opening(step)))
    assert "Converting the sample model" in page.texts()
    assert not page.is_shown("workspace.practice")
    page.click("workspace.cancel")
    assert page.controller.calls == [("cancel", (JobKind.OPEN,))]
    page.show(START._replace(jobs=opening(step, phase=Phase.CANCELLING)))
    assert page.find("workspace.cancel").instate(["disabled"])
    page.show(START._replace(jobs=opening(step, phase=Phase.CANCELLED)))
    assert page.is_shown("workspace.practice")


def test_a_device_code_is_large_and_copied(show_page: ShowPage) -> None:
    prompt = SignInPrompt("https://microsoft.com/devicelogin", "C4QRJ7XKP")
    page = show_page(START._replace(prompt=prompt, jobs=opening(StepView("Sign in to Azure", 0.0, 990.0))))
    assert page.find("workspace.prompt.code").get() == "C4QRJ7XKP"
    page.click("workspace.prompt.copy")
    page.click("workspace.prompt.url")
    assert page.desk.copied == ["C4QRJ7XKP"]
    assert page.desk.browsed == ["https://microsoft.com/devicelogin"]


def test_a_browser_sign_in_has_no_code_and_opens_the_whole_address(show_page: ShowPage) -> None:
    url = "https://login.example.com/authorize?" + "x" * 400
    page = show_page(START._replace(prompt=SignInPrompt(url), jobs=opening(StepView("Sign in to Azure", 0.0, 990.0))))
    assert not page.is_shown("workspace.prompt.code")
    assert len(page.text("workspace.prompt.url")) < 80
    page.click("workspace.prompt.url")
    assert page.desk.browsed == [url]
    page.show(START._replace(jobs=opening(StepView("Read the subscriptions", 0.0, 991.0))))
    assert not page.is_shown("workspace.prompt.url")


def test_the_only_subscription_is_read_at_once_and_only_once(show_page: ShowPage) -> None:
    only = Subscription("sub-1", "Vision")
    page = show_page(START._replace(account=ADA, subscriptions=(only,)))
    page.show(
        START._replace(account=ADA, subscriptions=(only,), jobs={JobKind.BROWSE: JobView(JobKind.BROWSE, 1, 1.0)})
    )
    assert page.controller.asked("browse") == [("sub-1",)]


def test_subscription_then_workspace(show_page: ShowPage) -> None:
    signed_in = START._replace(
        account=ADA, subscriptions=(Subscription("sub-0", "Test"), Subscription("sub-1", "Vision"))
    )
    page = show_page(signed_in)
    assert "ada@contoso.com" in page.texts()
    assert not page.controller.calls
    box = page.find("workspace.subscription")
    box.current(1)
    box.event_generate("<<ComboboxSelected>>")
    page.root.update()
    assert page.controller.asked("browse") == [("sub-1",)]
    page.show(signed_in._replace(workspaces=(REAL, OTHER)))
    assert page.find("workspace.open").instate(["disabled"])
    page.find("workspace.workspaces").selection_set(OTHER.azure_id)
    page.root.update()
    page.click("workspace.open")
    assert page.controller.asked("open_workspace") == [(OTHER, SignInMethod.DEVICE_CODE)]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        pytest.param(
            START._replace(account=ADA, subscriptions=()), "no subscription in the tenant tenant-1", id="none"
        ),
        pytest.param(
            START._replace(account=ADA, subscriptions=(Subscription("sub-1", "Vision"),), workspaces=()),
            "no Azure Machine Learning workspace",
            id="no workspace",
        ),
    ],
)
def test_nothing_to_choose_is_explained(show_page: ShowPage, state: WizardState, words: str) -> None:
    page = show_page(state)
    assert words in page.text("workspace.picker.note")
    assert not page.is_shown("workspace.open")


def test_an_open_workspace_says_what_it_is_and_can_be_left(show_page: ShowPage) -> None:
    page = show_page(START._replace(place=OPEN))
    for fact in ("vision", "group-1", "eastus", "ada@contoso.com", "tenant-1"):
        assert fact in page.texts()
    page.click("workspace.close")
    page.click("workspace.sign_out")
    page.click("workspace.portal")
    assert page.controller.calls == [("close_workspace", ()), ("sign_out", ())]
    assert page.desk.browsed == [REAL.portal_url]


def test_practice_wears_its_badge_and_has_nobody_to_sign_out(show_page: ShowPage) -> None:
    page = show_page(START._replace(place=OPEN_PRACTICE))
    badge = page.text("workspace.badge")
    assert "nothing is billed" in badge
    assert "60 times faster" in badge
    assert "init-crashes" in badge
    assert not page.is_shown("workspace.sign_out")
    assert not page.is_shown("workspace.sdk_v1")


def test_real_azure_is_told_about_the_end_of_the_sdk(show_page: ShowPage) -> None:
    assert "2026-06-30" in show_page(START._replace(place=OPEN)).text("workspace.sdk_v1")


def test_it_cannot_be_left_while_something_is_deployed(show_page: ShowPage) -> None:
    page = show_page(START._replace(place=OPEN, jobs={JobKind.DEPLOY: JobView(JobKind.DEPLOY, 1, 990.0)}))
    assert page.find("workspace.close").instate(["disabled"])
    assert page.text("workspace.close.why_not")


def test_what_bills_is_said_first_with_the_money(show_page: ShowPage) -> None:
    rows = (cluster("gpu-1", REAL), cluster("gpu-2", REAL), cluster("mystery", OTHER, price=None))
    page = show_page(START._replace(rows=rows))
    said = page.texts()
    assert said.index("still bills") < said.index("Practice on this computer")
    assert "gpu-1, gpu-2 in the workspace vision: $1.00 per hour, about $48.00 so far" in said
    assert "mystery in the workspace speech: price unknown" in said


def test_its_button_opens_the_workspace_and_then_the_clean_up(show_page: ShowPage) -> None:
    page = show_page(START._replace(rows=(cluster("gpu-1", REAL),)))
    page.click("workspace.clean_up.1")
    assert page.controller.calls == [("open_workspace", (REAL, SignInMethod.BROWSER, ("then", Step.CLEAN_UP)))]


def test_leftovers_of_practice_are_not_called_a_bill(show_page: ShowPage) -> None:
    page = show_page(START._replace(rows=(cluster("gpu-1", PRACTICE, practice=True),)))
    assert "still bills" not in page.texts()
    page.click("workspace.clean_up.1")
    assert page.controller.calls == [("open_practice", (("then", Step.CLEAN_UP),))]


def test_no_banner_once_a_workspace_is_open(show_page: ShowPage) -> None:
    page = show_page(START._replace(place=OPEN, rows=(cluster("gpu-1", REAL),)))
    assert not page.is_shown("workspace.leftovers")


def test_a_keyring_that_does_not_work_is_told_and_tried_again(show_page: ShowPage) -> None:
    page = show_page(START._replace(place=OPEN._replace(keystore_problem="No keyring answers.")))
    assert "No keyring answers." in page.text("workspace.keyring")
    page.click("workspace.keyring.retry")
    assert page.controller.calls == [("retry_keyring", ())]
    page.show(START._replace(place=OPEN))
    assert not page.is_shown("workspace.keyring")


@pytest.mark.parametrize("kind", [JobKind.OPEN, JobKind.BROWSE])
def test_a_failure_is_shown_with_its_remedies_and_can_be_put_away(show_page: ShowPage, kind: JobKind) -> None:
    error = CannotReachAzure(what="login.microsoftonline.com", reason="no such host")
    page = show_page(START._replace(jobs={kind: JobView(kind, 1, 990.0, Phase.FAILED, error=error, ended_s=991.0)}))
    assert "login.microsoftonline.com" in page.text("error.detail")
    page.click("error.retry")
    page.click("error.dismiss")
    assert page.controller.calls == [("act", (RETRY, kind)), ("dismiss", (kind,))]
    page.show(START)
    assert "login.microsoftonline.com" not in page.texts()
    assert page.is_shown("workspace.practice")


@pytest.mark.parametrize("state", [START, START._replace(recent=(REAL, OTHER, PRACTICE))], ids=["first", "recent"])
def test_both_cards_fit_the_smallest_page(show_page: ShowPage, state: WizardState) -> None:
    page = show_page(state)
    for name in ("workspace.practice", "workspace.config", "workspace.sdk_v1"):
        widget = page.find(name)
        assert widget.winfo_rooty() + widget.winfo_height() <= page.page.winfo_rooty() + page.page.winfo_height()


def test_what_does_not_fit_scrolls_to_the_control_that_gets_the_focus(show_page: ShowPage) -> None:
    rows = tuple(cluster(f"gpu-{number}", replace(REAL, name=f"ws-{number}")) for number in range(6))
    page = show_page(START._replace(rows=rows, recent=(REAL, OTHER, PRACTICE)))
    last = page.find("workspace.recent.3")
    bottom = page.page.winfo_rooty() + page.page.winfo_height()
    assert last.winfo_rooty() + last.winfo_height() > bottom
    last.focus_force()
    pump_until(page.root, lambda: last.winfo_rooty() + last.winfo_height() <= bottom)


def test_another_account_starts_anew(show_page: ShowPage) -> None:
    page = show_page(START._replace(account=ADA, subscriptions=(Subscription("sub-1", "Vision"),)))
    page.show(START)
    bob = replace(ADA, username="bob@contoso.com")
    page.show(START._replace(account=bob, subscriptions=(Subscription("sub-9", "Bob's"),)))
    assert page.controller.asked("browse") == [("sub-1",), ("sub-9",)]
