"""What Microsoft Entra means when it refuses a sign-in (`AADSTS…`), in words with a remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gpu_assistant.domain.errors import (
    AssistantError,
    SignInFailed,
    SignInTimedOut,
    TokenExpired,
    WrongTenant,
)
from gpu_assistant.domain.text import Text
from gpu_assistant.logs import redact

_CODE = re.compile(r"AADSTS(\d+)")
_NOISE = re.compile(r"\s*(Trace ID|Correlation ID|Timestamp):.*", re.DOTALL)

_NOT_IN_TENANT = frozenset({50020, 51004, 90072, 50034, 500212})
_EXPIRED = frozenset({50173, 50078, 70008, 70043, 700082, 700084, 50132, 50133, 135011})
_REASONS = {
    53003: Text("A rule of your organisation (conditional access) forbids this sign-in. Ask its administrator."),
    530003: Text("Your organisation wants a managed device for this sign-in. Ask its administrator."),
    50076: Text("Your organisation wants a second factor. Sign in again, with the browser."),
    50079: Text("Your organisation wants a second factor to be set up. Sign in again, with the browser."),
    65001: Text("An administrator must allow the Azure CLI client in this directory first."),
    65004: Text("The permission was declined in the browser."),
    90094: Text("An administrator of the directory must give consent first."),
    50105: Text("The account is not assigned to this application in the directory."),
    50126: Text("The user name or the password was wrong."),
    50053: Text("The account is locked after too many wrong passwords."),
    50057: Text("The account is disabled."),
    700016: Text("The directory does not know the Azure CLI client, which this program signs in with."),
    7000218: Text("The directory does not allow public clients to sign in."),
}


def error_of_result(result: Mapping[str, Any], *, tenant_id: str, renewing: bool = False) -> AssistantError:
    """The error for a result of msal that holds no token. `renewing` means that nobody was asked just now."""
    description = str(result.get("error_description") or "")
    error = str(result.get("error") or "")
    codes = {int(code) for code in _CODE.findall(description)}
    codes |= {int(code) for code in result.get("error_codes") or () if str(code).isdigit()}
    if codes & _NOT_IN_TENANT:
        return WrongTenant(tenant=tenant_id or Text("it was created in"), subscription=Text("wanted"))
    if codes & {90002, 900021, 90013} or "authority configuration" in description:
        return SignInFailed(reason=Text("There is no directory (tenant) {tenant}.", tenant=tenant_id))
    for code in sorted(codes & _REASONS.keys()):
        return SignInFailed(reason=_REASONS[code])
    if codes & _EXPIRED or (renewing and error in ("invalid_grant", "interaction_required", "login_required")):
        return TokenExpired(during="")
    if error in ("expired_token", "code_expired"):
        return SignInTimedOut(minutes=15)
    if error in ("access_denied", "authorization_declined", "abort"):
        return SignInFailed(reason=Text("The sign-in was declined."))
    said = redact(_NOISE.sub("", description)) or error
    return SignInFailed(reason=said[:400] or Text("Microsoft gave no reason."))
