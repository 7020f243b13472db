"""Make sure that somebody is signed in."""

from __future__ import annotations

from collections.abc import Callable

from gpu_assistant.backends.base import OnPrompt, SignsIn
from gpu_assistant.domain.errors import NotSignedIn
from gpu_assistant.domain.workspace import Account, SignInMethod


def ensure_signed_in(
    backend: SignsIn,
    *,
    method: Callable[[], SignInMethod | None],
    tenant_id: str,
    workspace_name: str,
    on_prompt: OnPrompt,
) -> Account:
    """The account that is signed in, asking the person only when nobody is.

    `method` chooses how to ask; None means that nobody is there to be asked. Raises NotSignedIn then.
    """
    account = backend.account()
    if account is not None:
        return account
    chosen = method()
    if chosen is None:
        raise NotSignedIn(workspace=workspace_name)
    return backend.sign_in(chosen, tenant_id=tenant_id, on_prompt=on_prompt)
