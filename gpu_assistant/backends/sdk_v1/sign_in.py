"""Sign-in with Microsoft Entra through msal, or with a token that is ready; and tokens for every request after.

Runs in the SDK process. Blocks while a person signs in; the program cancels by ending the process.
"""

from __future__ import annotations

import logging
import threading
import time
import webbrowser
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import msal
from msal.oauth2cli.authcode import AuthCodeReceiver

from gpu_assistant.backends.base import BackendConfig, OnPrompt
from gpu_assistant.backends.sdk_v1 import azure_cli
from gpu_assistant.backends.sdk_v1.errors import translated
from gpu_assistant.backends.sdk_v1.sign_in_errors import error_of_result
from gpu_assistant.backends.sdk_v1.token_cache import Remembered, TokenCache
from gpu_assistant.backends.sdk_v1.tokens import Token
from gpu_assistant.domain.errors import (
    NotSignedIn,
    SignInError,
    SignInFailed,
    SignInTimedOut,
    TokenExpired,
)
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import Account, SignInMethod, SignInPrompt

# The public client of the Azure CLI, which azure-identity uses too: every tenant knows it, and it may ask for
# Azure Resource Manager without a registration of our own.
_CLIENT_ID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
_AUTHORITY = "https://login.microsoftonline.com"
_ANY_TENANT = "organizations"
# The audience that the SDK asks for, with its slash; the second slash belongs to the scope.
_AUDIENCE = "https://management.core.windows.net/"
_SCOPES = [f"{_AUDIENCE}/.default"]
_BROWSER_S = 5 * 60
_EARLY_S = 5 * 60
_HTTP_S = 30.0

log = logging.getLogger(__name__)


class SignIn:
    """Who is signed in, and their tokens. Safe from any thread; only `sign_in` waits for a person."""

    def __init__(
        self,
        config: BackendConfig,
        *,
        clock: Callable[[], float] = time.time,
        open_browser: Callable[[str], object] = webbrowser.open,
    ) -> None:
        self._ready = config.token
        self._cache = TokenCache(config.token_cache, config.token_cache_key)
        self._clock = clock
        self._open_browser = open_browser
        self._lock = threading.Lock()
        self._remembered = self._recall(config)
        self._msal_cache: Any = msal.SerializableTokenCache()
        if self._remembered is not None and self._remembered.msal_cache:
            self._msal_cache.deserialize(self._remembered.msal_cache)
        self._token: Token | None = None
        self._distrusted = False
        self.workspace_name = config.workspace.name if config.workspace else Text("(none is chosen)")

    # --- who --------------------------------------------------------------------------------------------------

    def account(self) -> Account | None:
        """Who is signed in; None when nobody is, or the sign-in works no longer. Asks nobody."""
        try:
            token = self._current_token()
        except SignInError:
            return None
        return self._account(token)

    def sign_in(self, method: SignInMethod, *, tenant_id: str, on_prompt: OnPrompt | None) -> Account:
        """Ask the person (or the Azure CLI). Raises a SignInError, or CannotReachAzure."""
        if method is SignInMethod.TOKEN:
            if self._ready is None:
                raise SignInFailed(reason=Text("There is no ready token; choose another way to sign in."))
            return self._account(self._current_token())
        if method is SignInMethod.AZURE_CLI:
            token = azure_cli.token(_AUDIENCE, tenant_id)
            remembered = Remembered(method, tenant_id or token.tenant_id)
        else:
            # A fresh cache, so that an account which was signed in before is not taken for this one.
            msal_cache = msal.SerializableTokenCache()
            token, remembered = self._with_a_person(method, tenant_id, on_prompt or _nobody_sees, msal_cache)
            self._msal_cache = msal_cache
        with self._lock:
            self._token, self._remembered, self._distrusted = token, remembered, False
            self._cache.save(remembered)
        return self._account(token)

    def sign_out(self) -> None:
        """Forget everything, here and in the file. A ready token belongs to the configuration and stays."""
        with self._lock:
            self._token = self._remembered = None
            self._msal_cache = msal.SerializableTokenCache()
            self._cache.clear()

    def memory(self) -> Secret | None:
        """The sign-in for the next SDK process of this program, when no file keeps it."""
        with self._lock:
            if self._cache.is_kept or self._remembered is None:
                return None
            return self._remembered.packed()

    # --- tokens -----------------------------------------------------------------------------------------------

    def token_for(self, audience: str) -> str:
        """A token for the SDK; it asks anew for every request. Raises NotSignedIn or TokenExpired."""
        return self._current_token().text.reveal()

    def forget_token(self) -> None:
        """Azure refused the token though it seemed good: the next one is fetched anew."""
        with self._lock:
            self._token, self._distrusted = None, True

    @property
    def tenant_id(self) -> str:
        """The tenant of the present sign-in. Raises like `token_for`."""
        return self._current_token().tenant_id

    def _current_token(self) -> Token:
        if self._ready is not None:
            token = Token.of(self._ready)
            if token.expires_at <= self._clock():
                raise TokenExpired(during="")
            return token
        with self._lock:
            if self._token is None or self._token.expires_at - _EARLY_S <= self._clock():
                self._token = self._renewed(force=self._distrusted)
                self._distrusted = False
            return self._token

    def _renewed(self, *, force: bool) -> Token:
        remembered = self._remembered
        if remembered is None:
            raise NotSignedIn(workspace=self.workspace_name)
        if remembered.method is SignInMethod.AZURE_CLI:
            return azure_cli.token(_AUDIENCE, remembered.tenant_id)
        with translated(Text("Renewing the sign-in")):
            app = _application(remembered.tenant_id, self._msal_cache)
            accounts = [
                found for found in app.get_accounts() if found.get("home_account_id") == remembered.home_account_id
            ]
            result = (
                app.acquire_token_silent_with_error(_SCOPES, accounts[0], force_refresh=force) if accounts else None
            )
        if not result:
            raise NotSignedIn(workspace=self.workspace_name)
        if "access_token" not in result:
            log.info("the sign-in could not be renewed: %s", result.get("error"))
            raise error_of_result(result, tenant_id=remembered.tenant_id, renewing=True)
        self._keep(remembered)
        return Token.of(Secret(result["access_token"]))

    def _keep(self, remembered: Remembered) -> None:
        if self._msal_cache.has_state_changed:
            self._remembered = Remembered(
                remembered.method,
                remembered.tenant_id,
                remembered.home_account_id,
                self._msal_cache.serialize(),
            )
            self._cache.save(self._remembered)

    # --- asking a person --------------------------------------------------------------------------------------

    def _with_a_person(
        self, method: SignInMethod, tenant_id: str, on_prompt: OnPrompt, msal_cache: Any
    ) -> tuple[Token, Remembered]:
        with translated(Text("Signing in")):
            try:
                app = _application(tenant_id, msal_cache)
                ask = self._in_browser if method is SignInMethod.BROWSER else self._with_code
                result = ask(app, on_prompt)
            except ValueError as exc:  # what msal raises for a directory that does not exist
                raise error_of_result({"error_description": str(exc)}, tenant_id=tenant_id) from exc
            if "access_token" not in result:
                raise error_of_result(result, tenant_id=tenant_id)
            token = Token.of(Secret(result["access_token"]))
            home_account_id = str(app.get_accounts()[0]["home_account_id"])
        return token, Remembered(method, tenant_id, home_account_id, msal_cache.serialize())

    def _in_browser(self, app: Any, on_prompt: OnPrompt) -> Any:
        with AuthCodeReceiver(port=0) as receiver:
            flow = app.initiate_auth_code_flow(
                _SCOPES,
                redirect_uri=f"http://localhost:{receiver.get_port()}",
                prompt="select_account",
                response_mode="form_post",
            )
            on_prompt(SignInPrompt(url=flow["auth_uri"]))
            # A browser command that does not return (a text browser, a wrapper script) must hold up nothing.
            threading.Thread(target=self._open_browser, args=(flow["auth_uri"],), daemon=True).start()
            answer = receiver.get_auth_response(timeout=_BROWSER_S, state=flow["state"])
        if not answer:
            raise SignInTimedOut(minutes=_BROWSER_S // 60)
        return app.acquire_token_by_auth_code_flow(flow, answer)

    def _with_code(self, app: Any, on_prompt: OnPrompt) -> Any:
        flow = app.initiate_device_flow(_SCOPES)
        if "user_code" not in flow:
            return flow
        on_prompt(
            SignInPrompt(
                url=str(flow["verification_uri"]),
                user_code=str(flow["user_code"]),
                expires=datetime.fromtimestamp(float(flow["expires_at"]), timezone.utc),
            )
        )
        return app.acquire_token_by_device_flow(flow)

    def _recall(self, config: BackendConfig) -> Remembered | None:
        if config.token is not None:
            return None
        if self._cache.is_kept:
            return self._cache.load()
        if config.remembered_sign_in is None:
            return None
        try:
            return Remembered.unpacked(config.remembered_sign_in)
        except ValueError:
            return None

    def _account(self, token: Token) -> Account:
        method = self._remembered.method if self._remembered is not None else SignInMethod.TOKEN
        expires = datetime.fromtimestamp(token.expires_at, timezone.utc)
        return Account(token.username, token.tenant_id, method, expires)


def _application(tenant_id: str, msal_cache: Any) -> Any:
    return msal.PublicClientApplication(
        _CLIENT_ID,
        authority=f"{_AUTHORITY}/{tenant_id or _ANY_TENANT}",
        token_cache=msal_cache,
        instance_discovery=False,  # the authority is a constant of ours and needs no second opinion
        timeout=_HTTP_S,
    )


def _nobody_sees(prompt: SignInPrompt) -> None:
    log.info("a sign-in waits at %s", prompt.url)
