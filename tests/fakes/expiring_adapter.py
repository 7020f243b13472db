"""An adapter whose sign-in expires: every call is refused until the process was started with another token."""

from __future__ import annotations

from gpu_assistant.backends.base import BackendConfig
from gpu_assistant.domain.errors import TokenExpired
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import ServiceKeys
from gpu_assistant.domain.workspace import Account, SignInMethod

EXPIRED = "a token that has expired"


class ExpiringAdapter:
    """Made inside the SDK process."""

    def __init__(self, config: BackendConfig) -> None:
        self._token = config.token.reveal() if config.token else ""

    def keys(self, name: str) -> ServiceKeys:
        self._check()
        return ServiceKeys(Secret("one"), Secret("two"))

    def account(self) -> Account:
        self._check()
        return Account("student", "tenant", SignInMethod.TOKEN)

    def sign_in(self, method: SignInMethod, *, tenant_id: str, on_prompt: object = None) -> Account:
        return self.account()

    def sign_in_memory(self) -> Secret | None:
        return None

    def _check(self) -> None:
        if self._token == EXPIRED:
            raise TokenExpired(during="")
