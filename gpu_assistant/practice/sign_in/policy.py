"""How practice sign-ins end: the choice of an answer, and the errors of Microsoft Entra in its own words."""

from __future__ import annotations

import enum
import time
import uuid
from collections.abc import Callable, Mapping

from gpu_assistant.practice.constants import TENANT_ID, USER_PRINCIPAL_NAME
from gpu_assistant.practice.front.http import Request, Response


class SignInAnswer(enum.Enum):
    """What happens to somebody who signs in."""

    APPROVE = "approve"
    DENY = "deny"
    TENANT_NOT_FOUND = "tenant-not-found"
    WRONG_TENANT = "wrong-tenant"
    CODE_EXPIRED = "code-expired"
    NEVER_ANSWER = "never-answer"
    REFRESH_EXPIRED = "refresh-expired"


_ERRORS: Mapping[SignInAnswer, tuple[str, str]] = {
    SignInAnswer.DENY: ("access_denied", "AADSTS65004: User declined to consent to access the app."),
    SignInAnswer.TENANT_NOT_FOUND: (
        "invalid_request",
        "AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are "
        "signing into the correct cloud.",
    ),
    SignInAnswer.WRONG_TENANT: (
        "invalid_grant",
        f"AADSTS50020: User account '{USER_PRINCIPAL_NAME}' from identity provider "
        f"'https://sts.windows.net/{TENANT_ID}/' does not exist in tenant '{{tenant}}' and cannot access the "
        "application in that tenant.",
    ),
    SignInAnswer.CODE_EXPIRED: (
        "expired_token",
        "AADSTS70020: The provided value for the input parameter 'device_code' is not valid. This device code "
        "has expired.",
    ),
    SignInAnswer.NEVER_ANSWER: (
        "authorization_pending",
        "AADSTS70016: OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
    ),
    SignInAnswer.REFRESH_EXPIRED: (
        "invalid_grant",
        "AADSTS700082: The refresh token has expired due to inactivity.",
    ),
}


class LoginPolicy:
    """What sign-ins are answered with from now on. Safe to use from several threads."""

    def __init__(self, answer: SignInAnswer = SignInAnswer.APPROVE) -> None:
        self.answer = answer

    def set(self, name: str) -> None:
        """Choose by the name of a `SignInAnswer`. Raises ValueError for any other name."""
        self.answer = SignInAnswer(name)


class LoginError(Exception):
    """Becomes the JSON error that `msal` hands to its caller; `error` is OAuth's word, `description` Entra's."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status


def answering_errors(handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Turn a LoginError of a handler into the JSON that the sign-in host sends."""

    def answer(request: Request) -> Response:
        try:
            return handler(request)
        except LoginError as refused:
            code = refused.description.partition(":")[0].removeprefix("AADSTS")
            trace = {"trace_id": str(uuid.uuid4()), "correlation_id": str(uuid.uuid4())}
            body = {
                "error": refused.error,
                "error_description": refused.description,
                "error_codes": [int(code)] if code.isdigit() else [],
                "timestamp": time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime()),
                **trace,
            }
            return Response.of_json(body, refused.status)

    return answer


def refusal(answer: SignInAnswer, tenant: str = "") -> LoginError:
    """The error that tells a program about an answer other than APPROVE."""
    return LoginError(_ERRORS[answer][0], describe_refusal(answer, tenant))


def describe_refusal(answer: SignInAnswer, tenant: str) -> str:
    """The same for a person: `AADSTS…: …`."""
    return _ERRORS[answer][1].format(tenant=tenant)
