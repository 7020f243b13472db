"""What the played sign-in host issues: access, refresh and identity tokens in one answer."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable

from gpu_assistant.practice.constants import (
    ARM_AUDIENCE,
    SIGN_IN_HOST,
    TENANT_ID,
    USER_DISPLAY_NAME,
    USER_OBJECT_ID,
    USER_PRINCIPAL_NAME,
)
from gpu_assistant.practice.front.http import Response
from gpu_assistant.practice.front.tokens import TokenIssuer, TokenRejectedError
from gpu_assistant.practice.sign_in.policy import LoginError, SignInAnswer, refusal

ACCESS_TOKEN_LIFETIME_S = 3600
OIDC_SCOPES = frozenset({"openid", "profile", "offline_access", "email"})
DEFAULT_SCOPE = f"{ARM_AUDIENCE}/.default"
_REFRESH_TOKEN_LIFETIME_S = 30 * 24 * 3600
_REFRESH_AUDIENCE = "urn:gpu-assistant:practice-refresh"


class Grants:
    """Issues tokens. Refresh tokens are signed, not remembered, so they outlive a restart of the server."""

    def __init__(self, issuer: TokenIssuer, now: Callable[[], float] = time.time) -> None:
        self._issuer = issuer
        self._now = now

    def refreshed_scope(self, refresh_token: str, client_id: str, wanted: str | None) -> str:
        """What a refresh token is good for: the scope `wanted`, else the one it was issued for. Raises LoginError."""
        try:
            claims = self._issuer.verify(refresh_token, audiences=(_REFRESH_AUDIENCE,))
        except TokenRejectedError:
            raise refusal(SignInAnswer.REFRESH_EXPIRED) from None
        if claims.get("client_id") != client_id:
            raise LoginError("invalid_grant", "AADSTS70000: The refresh token belongs to another application.")
        return wanted or str(claims["scope"])

    def issue(self, client_id: str, scope: str, *, nonce: str = "", is_user: bool = True) -> Response:
        """The answer of the token endpoint; a service principal gets an access token and nothing more."""
        wanted = scope.split()
        resources = [part for part in wanted if part not in OIDC_SCOPES] or [DEFAULT_SCOPE]
        # `https://host//.default` names the resource `https://host/`: only one slash separates the two.
        audience = resources[0].rpartition("/")[0]
        answer: dict[str, object] = {
            "token_type": "Bearer",
            "scope": " ".join(resources),
            "expires_in": ACCESS_TOKEN_LIFETIME_S,
            "ext_expires_in": ACCESS_TOKEN_LIFETIME_S,
            "access_token": self._issuer.access_token(
                audience=audience,
                subject=USER_PRINCIPAL_NAME if is_user else client_id,
                lifetime_s=ACCESS_TOKEN_LIFETIME_S,
                client_id=client_id,
            ),
        }
        if is_user:
            now = int(self._now())
            refresh_claims = {
                "aud": _REFRESH_AUDIENCE,
                "tid": TENANT_ID,
                "exp": now + _REFRESH_TOKEN_LIFETIME_S,
                "client_id": client_id,
                "scope": scope,
                "jti": uuid.uuid4().hex,
            }
            answer["refresh_token"] = self._issuer.sign(refresh_claims)
            answer["id_token"] = self._issuer.sign(_id_claims(client_id, nonce, now))
            identity = {"uid": USER_OBJECT_ID, "utid": TENANT_ID}
            answer["client_info"] = base64url(json.dumps(identity).encode())
        return Response.of_json(answer, headers={"Cache-Control": "no-store"})


def _id_claims(client_id: str, nonce: str, now: int) -> dict[str, object]:
    claims: dict[str, object] = {
        "aud": client_id,
        "iss": f"https://{SIGN_IN_HOST}/{TENANT_ID}/v2.0",
        "iat": now,
        "nbf": now,
        "exp": now + ACCESS_TOKEN_LIFETIME_S,
        "tid": TENANT_ID,
        "oid": USER_OBJECT_ID,
        "sub": USER_OBJECT_ID,
        "preferred_username": USER_PRINCIPAL_NAME,
        "name": USER_DISPLAY_NAME,
        "ver": "2.0",
    }
    return {**claims, "nonce": nonce} if nonce else claims


def base64url(data: bytes) -> str:
    """Base64 as tokens use it, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
