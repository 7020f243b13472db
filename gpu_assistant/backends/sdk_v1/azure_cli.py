"""The login of an Azure CLI that is on this computer, asked through its own command."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

from gpu_assistant.backends.sdk_v1.sign_in_errors import error_of_result
from gpu_assistant.backends.sdk_v1.tokens import Token
from gpu_assistant.domain.errors import AssistantError, AzureCliMissing, SignInFailed
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.text import Text
from gpu_assistant.logs import redact

_TIMEOUT_S = 60.0
_NO_LOGIN = re.compile(r"az login|AADSTS70043|AADSTS700082|no subscription", re.IGNORECASE)
_TENANT = re.compile(r"[A-Za-z0-9.-]+")


def token(audience: str, tenant_id: str) -> Token:
    """A token from `az account get-access-token`. Raises AzureCliMissing, SignInFailed or what Entra said."""
    command = shutil.which("az")
    if command is None:
        raise AzureCliMissing(reason=Text("The Azure CLI (az) is not installed, or not on the path."))
    arguments = ["account", "get-access-token", "--resource", audience, "--output", "json"]
    if tenant_id:
        if not _TENANT.fullmatch(tenant_id):
            reason = Text("{tenant} is neither the id nor the domain of a directory.", tenant=tenant_id)
            raise SignInFailed(reason=reason)
        arguments += ["--tenant", tenant_id]
    try:
        done = subprocess.run(
            [command, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise AzureCliMissing(reason=Text("The Azure CLI gave no answer ({error}).", error=type(exc).__name__)) from exc
    if done.returncode != 0:
        raise _refusal(done.stderr, tenant_id)
    try:
        return Token.of(Secret(str(json.loads(done.stdout)["accessToken"])))
    except (ValueError, KeyError, TypeError):
        raise SignInFailed(reason=Text("The Azure CLI answered something that is not a token.")) from None


def _refusal(stderr: str, tenant_id: str) -> AssistantError:
    said = redact(" ".join(stderr.split()))[-400:]
    if "AADSTS" in said and not _NO_LOGIN.search(said):
        return error_of_result({"error_description": said}, tenant_id=tenant_id)
    if _NO_LOGIN.search(said):
        return AzureCliMissing(reason=Text("The Azure CLI is installed, but nobody is logged in. Run: az login"))
    why = said or Text("it gave no reason")
    return AzureCliMissing(reason=Text("The Azure CLI failed: {reason}", reason=why))
