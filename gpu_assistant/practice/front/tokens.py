"""Sign-in to the practice workspace without a stored token, and secrets that never lie in a file.

Everything here is derived from the private key of the practice authority, a file only its owner can read:
whoever can read it (the same person on this computer) can sign in, and nobody else can. Each use has a key
of its own, separated by HKDF, so a service key says nothing about the key that signs tokens.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gpu_assistant.practice.constants import (
    ARM_AUDIENCE,
    ARM_AUDIENCES,
    TENANT_ID,
    USER_DISPLAY_NAME,
    USER_OBJECT_ID,
    USER_PRINCIPAL_NAME,
)
from gpu_assistant.practice.front import authority

_ALGORITHM = "ES256"
_LEEWAY_S = 30
# The order of the group of P-256. A scalar must lie between 1 and this; 128 surplus bits make the bias nil.
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class TokenRejectedError(Exception):
    """A token that is not good here. `code` is what Azure Resource Manager answers in that case."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def derive_secret(folder: Path, purpose: str) -> bytes:
    """32 secret bytes for one purpose, the same each time until the key of `folder` is deleted.

    Raises FileNotFoundError when no practice server ever ran on this folder.
    """
    return _derive(authority.load_key(folder), purpose, length=32)


def mint(
    folder: Path,
    *,
    audience: str = ARM_AUDIENCE,
    subject: str = USER_PRINCIPAL_NAME,
    lifetime_s: float = 3600.0,
    tenant_id: str = TENANT_ID,
) -> str:
    """An access token for `subject`, as the practice sign-in host would issue it."""
    issuer = TokenIssuer(authority.load_key(folder))
    return issuer.access_token(audience=audience, subject=subject, lifetime_s=lifetime_s, tenant_id=tenant_id)


def verify(folder: Path, token: str, *, audiences: Collection[str] = ARM_AUDIENCES) -> Mapping[str, Any]:
    """The claims of a token. Raises TokenRejectedError."""
    return TokenIssuer(authority.load_key(folder)).verify(token, audiences=audiences)


class TokenIssuer:
    """Signs and checks tokens with a key derived from the authority's. Safe to use from several threads."""

    def __init__(self, authority_key: ec.EllipticCurvePrivateKey) -> None:
        scalar = int.from_bytes(_derive(authority_key, "sign-in tokens", length=48), "big")
        self._key = ec.derive_private_key(scalar % (_P256_ORDER - 1) + 1, ec.SECP256R1())
        self._public_key = self._key.public_key()

    @property
    def public_jwk(self) -> Mapping[str, str]:
        """The public half as the sign-in host publishes it."""
        jwk = jwt.algorithms.ECAlgorithm.to_jwk(self._public_key, as_dict=True)
        return {**jwk, "use": "sig", "alg": _ALGORITHM, "kid": "practice"}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A signed JWT with exactly these claims."""
        return str(jwt.encode(dict(claims), self._key, algorithm=_ALGORITHM, headers={"kid": "practice"}))

    def access_token(
        self,
        *,
        audience: str = ARM_AUDIENCE,
        subject: str = USER_PRINCIPAL_NAME,
        lifetime_s: float = 3600.0,
        tenant_id: str = TENANT_ID,
        client_id: str | None = None,
    ) -> str:
        """A token with the claims a v1 token of Microsoft Entra has, of which the SDK reads `exp` and `tid`."""
        now = int(time.time())
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{tenant_id}/",
            "iat": now,
            "nbf": now,
            "exp": int(now + lifetime_s),
            "tid": tenant_id,
            "oid": USER_OBJECT_ID,
            "sub": subject,
            "upn": subject,
            "unique_name": subject,
            "name": USER_DISPLAY_NAME,
            "scp": "user_impersonation",
            "uti": uuid.uuid4().hex,
            "ver": "1.0",
        }
        return self.sign(claims if client_id is None else {**claims, "appid": client_id})

    def verify(self, token: str, *, audiences: Collection[str] = ARM_AUDIENCES) -> Mapping[str, Any]:
        """The claims of a token that this issuer signed for one of `audiences` (a trailing `/` is optional).

        Raises TokenRejectedError, whose text never quotes the token.
        """
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._public_key,
                algorithms=[_ALGORITHM],
                leeway=_LEEWAY_S,
                options={"require": ["exp", "aud", "tid"], "verify_aud": False},
            )
        except jwt.ExpiredSignatureError:
            raise TokenRejectedError("ExpiredAuthenticationToken", "The access token is expired.") from None
        except jwt.PyJWTError:
            raise TokenRejectedError("InvalidAuthenticationToken", "The access token is invalid.") from None
        # `https://management.core.windows.net//.default` and `…/.default` are both asked for in the field.
        audience = str(claims["aud"])
        if audience not in audiences and audience.rstrip("/") + "/" not in audiences:
            raise TokenRejectedError(
                "InvalidAuthenticationTokenAudience", "The access token has been obtained for another audience."
            )
        return claims


def _derive(key: ec.EllipticCurvePrivateKey, purpose: str, *, length: int) -> bytes:
    secret = key.private_numbers().private_value.to_bytes(32, "big")
    info = b"gpu-assistant practice: " + purpose.encode()
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=info).derive(secret)
