"""The sign-in host of Azure as the practice workspace plays it, for an unmodified `msal`.

Browser (authorization code with PKCE), device code, refresh and client secret, with the errors Microsoft Entra
gives when a person declines, comes from another tenant or never answers. Which of them happens is a
`LoginPolicy`; by default every sign-in is approved at once. No password is ever asked for.
"""

from __future__ import annotations

import hashlib
import html
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from gpu_assistant.practice.constants import (
    SIGN_IN_HOST,
    SIGN_IN_HOSTS,
    TENANT_DOMAIN,
    TENANT_ID,
)
from gpu_assistant.practice.front.http import Request, Response, Router
from gpu_assistant.practice.front.tokens import TokenIssuer
from gpu_assistant.practice.sign_in.grants import DEFAULT_SCOPE, OIDC_SCOPES, Grants, base64url
from gpu_assistant.practice.sign_in.policy import (
    LoginError,
    LoginPolicy,
    SignInAnswer,
    answering_errors,
    describe_refusal,
    refusal,
)

_CODE_LIFETIME_S = 600
_OPEN_TENANTS = frozenset({"common", "organizations", "consumers"})


@dataclass(frozen=True, slots=True)
class _PendingSignIn:
    """A code that was handed out and waits to be redeemed, once."""

    client_id: str
    scope: str
    expires_at: float
    redirect_uri: str = ""
    nonce: str = ""
    code_challenge: str = ""
    asked_before: bool = False


class SignInHost:
    """The handlers of the sign-in host. Codes live in memory; tokens are another module's business."""

    def __init__(
        self,
        issuer: TokenIssuer,
        policy: LoginPolicy,
        *,
        device_interval_s: int = 1,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._issuer = issuer
        self._grants = Grants(issuer, now)
        self._policy = policy
        self._device_interval_s = device_interval_s
        self._now = now
        self._lock = threading.Lock()
        self._codes: dict[str, _PendingSignIn] = {}

    def add_routes(self, router: Router) -> None:
        """Declare every route of the sign-in host under both of its names."""
        for host in SIGN_IN_HOSTS:
            for method, pattern, handler in (
                ("GET", "/common/discovery/instance", self._instance_discovery),
                ("GET", "/{tenant}/v2.0/.well-known/openid-configuration", self._openid_configuration),
                ("GET", "/{tenant}/discovery/v2.0/keys", self._keys),
                ("POST", "/{tenant}/oauth2/v2.0/devicecode", self._device_code),
                ("GET", "/{tenant}/oauth2/v2.0/authorize", self._authorize),
                ("POST", "/{tenant}/oauth2/v2.0/token", self._token),
            ):
                router.add(method, host, pattern, answering_errors(handler), needs_token=False)

    def _instance_discovery(self, request: Request) -> Response:
        endpoint = urlsplit(request.query.get("authorization_endpoint", ""))
        tenant = endpoint.path.strip("/").partition("/")[0] or "common"
        return Response.of_json(
            {
                "tenant_discovery_endpoint": f"{_authority(tenant)}/v2.0/.well-known/openid-configuration",
                "api-version": "1.1",
                "metadata": [
                    {
                        "preferred_network": SIGN_IN_HOST,
                        "preferred_cache": "login.windows.net",
                        "aliases": list(SIGN_IN_HOSTS),
                    }
                ],
            }
        )

    def _openid_configuration(self, request: Request) -> Response:
        tenant = self._known_tenant(request)
        authority = _authority(tenant)
        issuer_tenant = "{tenantid}" if tenant in _OPEN_TENANTS else TENANT_ID
        return Response.of_json(
            {
                "issuer": f"https://{SIGN_IN_HOST}/{issuer_tenant}/v2.0",
                "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
                "token_endpoint": f"{authority}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{authority}/discovery/v2.0/keys",
                "response_modes_supported": ["query", "fragment", "form_post"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "scopes_supported": sorted(OIDC_SCOPES),
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            }
        )

    def _keys(self, request: Request) -> Response:
        self._known_tenant(request)
        return Response.of_json({"keys": [self._issuer.public_jwk]})

    def _device_code(self, request: Request) -> Response:
        self._known_tenant(request)
        form = _form(request)
        code = self._remember(
            _PendingSignIn(_required(form, "client_id"), form.get("scope", ""), self._now() + _CODE_LIFETIME_S)
        )
        user_code = "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXZ23456789") for _ in range(9))
        address = "https://microsoft.com/devicelogin"
        return Response.of_json(
            {
                "user_code": user_code,
                "device_code": code,
                "verification_uri": address,
                "expires_in": _CODE_LIFETIME_S,
                "interval": self._device_interval_s,
                "message": f"To sign in, use a web browser to open the page {address} and enter the code "
                f"{user_code} to authenticate. (Practice: this happens by itself.)",
            }
        )

    def _authorize(self, request: Request) -> Response:
        tenant = self._known_tenant(request)
        query = request.query
        redirect_uri = _required(query, "redirect_uri")
        if urlsplit(redirect_uri).hostname not in {"localhost", "127.0.0.1"}:
            raise LoginError("invalid_request", "AADSTS50011: The redirect URI is not one of this computer.")
        if query.get("code_challenge_method", "S256") != "S256":
            raise LoginError("invalid_request", "AADSTS9002325: PKCE with the method S256 is required.")
        match self._policy.answer:
            case SignInAnswer.NEVER_ANSWER:
                return _page("Practice sign-in", "<p>This practice sign-in is never answered.</p>")
            case SignInAnswer.WRONG_TENANT as answer:
                # Microsoft Entra shows this to the person and never sends the browser back.
                return _page("Sign-in failed", f"<p>{html.escape(describe_refusal(answer, tenant))}</p>", status=400)
            case SignInAnswer.DENY as answer:
                refused = refusal(answer, tenant)
                fields = {"error": refused.error, "error_description": refused.description}
            case _:
                pending = _PendingSignIn(
                    client_id=_required(query, "client_id"),
                    scope=query.get("scope", ""),
                    expires_at=self._now() + _CODE_LIFETIME_S,
                    redirect_uri=redirect_uri,
                    nonce=query.get("nonce", ""),
                    code_challenge=query.get("code_challenge", ""),
                )
                fields = {"code": self._remember(pending)}
        if "state" in query:
            fields["state"] = query["state"]
        return _send_back(redirect_uri, fields, query.get("response_mode", "query"))

    def _token(self, request: Request) -> Response:
        tenant = self._known_tenant(request)
        form = _form(request)
        client_id = _required(form, "client_id")
        if self._policy.answer is SignInAnswer.WRONG_TENANT:
            raise refusal(SignInAnswer.WRONG_TENANT, tenant)
        match form.get("grant_type"):
            case "authorization_code":
                pending = self._redeem_code(form, client_id)
                return self._grants.issue(client_id, pending.scope, nonce=pending.nonce)
            case "urn:ietf:params:oauth:grant-type:device_code" | "device_code":
                # The client sends no scope here; what it asked for was said when it fetched the code.
                return self._grants.issue(client_id, self._redeem_device_code(form, client_id).scope)
            case "refresh_token":
                if self._policy.answer is SignInAnswer.REFRESH_EXPIRED:
                    raise refusal(SignInAnswer.REFRESH_EXPIRED, tenant)
                scope = self._grants.refreshed_scope(form.get("refresh_token", ""), client_id, form.get("scope"))
                return self._grants.issue(client_id, scope)
            case "client_credentials":
                if not form.get("client_secret") and not form.get("client_assertion"):
                    raise LoginError(
                        "invalid_client", "AADSTS7000218: The request has no client secret or assertion.", 401
                    )
                return self._grants.issue(client_id, form.get("scope", DEFAULT_SCOPE), is_user=False)
        raise LoginError("unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")

    def _redeem_code(self, form: Mapping[str, str], client_id: str) -> _PendingSignIn:
        pending = self._take(form.get("code", ""), client_id)
        if pending is None or pending.redirect_uri != form.get("redirect_uri"):
            raise LoginError("invalid_grant", "AADSTS70008: The authorization code has expired or is not known.")
        if pending.code_challenge:
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if not secrets.compare_digest(base64url(digest), pending.code_challenge):
                raise LoginError("invalid_grant", "AADSTS501481: The code verifier does not match.")
        return pending

    def _redeem_device_code(self, form: Mapping[str, str], client_id: str) -> _PendingSignIn:
        code = form.get("device_code", "")
        pending = self._take(code, client_id)
        if pending is None or self._policy.answer is SignInAnswer.CODE_EXPIRED:
            raise refusal(SignInAnswer.CODE_EXPIRED)
        if self._policy.answer is SignInAnswer.DENY:
            raise LoginError("authorization_declined", "AADSTS70017: The end user denied the request.")
        if self._policy.answer is SignInAnswer.NEVER_ANSWER or not pending.asked_before:
            # The first question always comes too early, as it does while a person is still typing.
            asked = _PendingSignIn(pending.client_id, pending.scope, pending.expires_at, asked_before=True)
            with self._lock:
                self._codes[code] = asked
            raise refusal(SignInAnswer.NEVER_ANSWER)
        return pending

    def _known_tenant(self, request: Request) -> str:
        tenant = request.params["tenant"].lower()
        is_hidden = self._policy.answer is SignInAnswer.TENANT_NOT_FOUND
        if is_hidden or tenant not in _OPEN_TENANTS | {TENANT_ID, TENANT_DOMAIN}:
            raise LoginError("invalid_tenant", describe_refusal(SignInAnswer.TENANT_NOT_FOUND, tenant))
        return tenant

    def _remember(self, pending: _PendingSignIn) -> str:
        code = secrets.token_urlsafe(32)
        with self._lock:
            now = self._now()
            self._codes = {known: kept for known, kept in self._codes.items() if kept.expires_at > now}
            self._codes[code] = pending
        return code

    def _take(self, code: str, client_id: str) -> _PendingSignIn | None:
        with self._lock:
            pending = self._codes.pop(code, None)
        is_good = pending is not None and pending.client_id == client_id and pending.expires_at > self._now()
        return pending if is_good else None


def _send_back(redirect_uri: str, fields: Mapping[str, str], response_mode: str) -> Response:
    if response_mode == "form_post":
        inputs = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in fields.items()
        )
        form = f'<form method="post" action="{html.escape(redirect_uri)}">{inputs}<button>Continue</button></form>'
        return _page("Practice sign-in", f"{form}<script>document.forms[0].submit()</script>")
    mark = "#" if response_mode == "fragment" else "&" if urlsplit(redirect_uri).query else "?"
    return Response(302, b"", {"Location": f"{redirect_uri}{mark}{urlencode(fields)}"})


def _page(title: str, body: str, *, status: int = 200) -> Response:
    text = f"<!doctype html><meta charset=utf-8><title>{title}</title>{body}"
    return Response(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


def _authority(tenant: str) -> str:
    return f"https://{SIGN_IN_HOST}/{tenant}"


def _form(request: Request) -> dict[str, str]:
    try:
        return {name: values[0] for name, values in parse_qs(request.body.decode(), max_num_fields=100).items()}
    except ValueError:  # not text, or far too many fields
        raise LoginError("invalid_request", "AADSTS900144: The request body is not a form.") from None


def _required(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name)
    if not value:
        raise LoginError(
            "invalid_request", f"AADSTS900144: The request must contain the following parameter: '{name}'."
        )
    return value
