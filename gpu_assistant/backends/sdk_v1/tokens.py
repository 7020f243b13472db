"""What an access token says about itself. It is not verified here: Azure does that with every request."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from gpu_assistant.domain.errors import SignInFailed
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.text import Text


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; `expires_at` is a POSIX time."""

    text: Secret
    expires_at: float
    tenant_id: str
    username: str

    @classmethod
    def of(cls, text: Secret) -> Token:
        """Read a token. The SDK needs `exp` and `tid` in it; without them raises SignInFailed."""
        claims = claims_of(text.reveal().partition(".")[2].partition(".")[0])
        if not isinstance(claims.get("exp"), int | float) or not claims.get("tid"):
            raise SignInFailed(reason=Text("The token is not one that Azure issues: it names no tenant or no end."))
        name = next((claims[key] for key in ("upn", "unique_name", "preferred_username") if claims.get(key)), "")
        return cls(text, float(claims["exp"]), str(claims["tid"]), str(name or claims.get("oid") or ""))


def claims_of(part: Any) -> dict[str, Any]:
    """A base64url part of a token as an object; empty when it is none."""
    if not isinstance(part, str):
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
