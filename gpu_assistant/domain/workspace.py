"""Who is signed in, and the workspace they work in."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class WorkspaceRef:
    """One Azure Machine Learning workspace. `tenant_id` is explicit: guessing it is a classic failure.

    `region` and `tenant_id` may be empty until the workspace was opened.
    """

    subscription_id: str
    resource_group: str
    name: str
    region: str = ""
    tenant_id: str = ""

    @property
    def azure_id(self) -> str:
        """The ARM id, without a trailing slash."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.name}"
        )

    @property
    def portal_url(self) -> str:
        """Where a person sees this workspace in the Azure portal."""
        return f"https://portal.azure.com/#resource{self.azure_id}"


@dataclass(frozen=True, slots=True)
class Subscription:
    """An Azure subscription that the signed-in account can see."""

    subscription_id: str
    name: str
    tenant_id: str = ""


class SignInMethod(enum.Enum):
    """How a person proves who they are; `TOKEN` is a ready token, which the practice workspace gives."""

    BROWSER = "browser"
    DEVICE_CODE = "device-code"
    AZURE_CLI = "azure-cli"
    TOKEN = "token"


@dataclass(frozen=True, slots=True)
class Account:
    """Who is signed in. Never holds a token."""

    username: str
    tenant_id: str
    method: SignInMethod
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignInPrompt:
    """What the person has to do now: open `url`, and type `user_code` there when there is one."""

    url: str
    user_code: str = ""
    expires: datetime | None = None
