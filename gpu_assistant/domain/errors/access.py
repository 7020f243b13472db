"""Who is signed in, and what they may do."""

from __future__ import annotations

from gpu_assistant.domain.errors.base import SIGN_IN, Action, AssistantError, Remedy


class SignInError(AssistantError):
    """Nobody is signed in, or Azure does not believe it."""

    code = "sign_in"
    title = "Sign-in did not work"
    remedies: tuple[Remedy, ...] = (SIGN_IN,)


class NotSignedIn(SignInError):
    code = "not_signed_in"
    title = "Nobody is signed in to Azure"
    template = "Sign in to use workspace {workspace}, or add --practice to try everything without an account."


class SignInFailed(SignInError):
    code = "sign_in_failed"
    template = "{reason}"


class SignInTimedOut(SignInError):
    code = "sign_in_timed_out"
    title = "Sign-in was not finished in time"
    template = "Nobody finished signing in within {minutes} minutes."


class WrongTenant(SignInError):
    code = "wrong_tenant"
    title = "Signed in to another directory"
    template = (
        "The account belongs to directory {tenant}, which cannot see subscription {subscription}. "
        "Sign in with the directory (tenant) that owns the subscription."
    )


class TokenExpired(SignInError):
    code = "token_expired"
    title = "The sign-in has expired"
    template = "Azure no longer accepts the sign-in{during}. Nothing was lost: sign in again and go on."


class AzureCliMissing(SignInError):
    code = "azure_cli_missing"
    title = "No Azure CLI login found"
    template = "{reason}"
    remedies: tuple[Remedy, ...] = (Remedy(Action.SIGN_IN, "Sign in with the browser instead"),)


class AccessDenied(AssistantError):
    code = "access_denied"
    title = "Azure says this account may not do that"
    template = "{what} was refused: {reason}"
    remedies: tuple[Remedy, ...] = (
        Remedy(Action.CHOOSE_WORKSPACE, "Choose another workspace"),
        Remedy(Action.SIGN_IN, "Sign in with another account"),
    )
