"""Everything that can go wrong, in the words of the person at the screen.

Each error has a stable `code`, a `title` for its class, a `template` that is filled with the facts of the
instance, and at least one `Remedy` that a button or a command can carry out. Instances take facts, not
sentences, so the texts can be translated: `detail` and every fact that is our own sentence are a `Text`.
What is still being billed travels in `billable`.
"""

from __future__ import annotations

import enum
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from gpu_assistant.domain.text import Text, known_text

if TYPE_CHECKING:
    from gpu_assistant.domain.billing import BillableResource

QUOTA_URL = "https://portal.azure.com/#view/Microsoft_Azure_Capacity/QuotaMenuBlade/~/myQuotas"
STATUS_URL = "https://status.azure.com/status"


class Action(enum.Enum):
    """What a remedy does; faces map these to a page, a job or a command."""

    RETRY = "retry"
    WAIT = "wait"
    SIGN_IN = "sign_in"
    CHOOSE_WORKSPACE = "choose_workspace"
    CHOOSE_VM_SIZE = "choose_vm_size"
    CHOOSE_MODEL = "choose_model"
    CHOOSE_NAME = "choose_name"
    CHOOSE_IMAGE = "choose_image"
    EDIT_DEPLOYMENT = "edit_deployment"
    SHOW_LOG = "show_log"
    REFRESH_KEYS = "refresh_keys"
    CLEAN_UP = "clean_up"
    OPEN_URL = "open_url"
    INSTALL = "install"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that helps, short enough for a button."""

    action: Action
    label: str
    url: str = ""


RETRY = Remedy(Action.RETRY, "Try again")
CLEAN_UP = Remedy(Action.CLEAN_UP, "Delete what was created")
SIGN_IN = Remedy(Action.SIGN_IN, "Sign in again")
CHOOSE_VM_SIZE = Remedy(Action.CHOOSE_VM_SIZE, "Choose another VM size")
CHOOSE_NAME = Remedy(Action.CHOOSE_NAME, "Choose another name")
SHOW_LOG = Remedy(Action.SHOW_LOG, "Read the log")
EDIT_DEPLOYMENT = Remedy(Action.EDIT_DEPLOYMENT, "Change the deployment's settings")
ASK_QUOTA = Remedy(Action.OPEN_URL, "Ask Azure for more quota", QUOTA_URL)
AZURE_STATUS = Remedy(Action.OPEN_URL, "See whether Azure has an outage", STATUS_URL)
REPORT = Remedy(Action.REPORT, "Report this")


class AssistantError(Exception):
    """The root. Raise a subclass with the facts its template names; a missing fact is a TypeError at once.

    Crosses process borders by pickling. `log` may hold lines that explain it; never a secret.
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"
    template: ClassVar[str] = "{reason}"
    remedies: tuple[Remedy, ...] = (RETRY, REPORT)

    def __init__(self, *, remedies: tuple[Remedy, ...] = (), log: str = "", **facts: object) -> None:
        missing = needed_facts(self.template) - facts.keys()
        if missing:
            raise TypeError(f"{type(self).__name__} needs the facts {sorted(missing)}")
        self.facts = facts
        self.log = log
        self.billable: tuple[BillableResource, ...] = ()
        if remedies:
            self.remedies = remedies
        super().__init__(self.detail)

    @property
    def detail(self) -> Text:
        """The instance in one or two sentences, in English."""
        return known_text(self.template, self.facts)

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), dict(self.__dict__))


def _rebuild(cls: type[AssistantError], state: dict[str, Any]) -> AssistantError:
    error = cls.__new__(cls)
    error.__dict__.update(state)
    error.args = (error.detail,)
    return error


def needed_facts(template: str) -> set[str]:
    """The names a template wants filled."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}
