"""Reading what clients send: the right type, the default for what is absent, or a refusal in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gpu_assistant.practice.front.http import Request


class MalformedError(ValueError):
    """A request whose content is not what the route understands: a 400."""


def json_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object; `{}` when empty. Raises MalformedError."""
    value = _json(request)
    if not isinstance(value, dict):
        raise MalformedError("The request content is not a JSON object.")
    return value


def json_rows(request: Request) -> list[dict[str, Any]]:
    """The body as a list of JSON objects. Raises MalformedError."""
    return rows({"content": _json(request)}, "content")


def table(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    """An object inside an object; `{}` when it is absent or null. Raises MalformedError."""
    value = mapping.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedError(f"The value of '{key}' is not an object.")
    return value


def rows(mapping: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """A list of objects; empty when it is absent or null. Raises MalformedError."""
    value = mapping.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise MalformedError(f"The value of '{key}' is not a list of objects.")
    return value


def texts(mapping: Mapping[str, Any], key: str) -> list[str]:
    """A list of texts; empty when it is absent or null. Raises MalformedError."""
    value = mapping.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(row, str) for row in value):
        raise MalformedError(f"The value of '{key}' is not a list of texts.")
    return value


def text_table(mapping: Mapping[str, Any], key: str) -> dict[str, str]:
    """Tags, properties, variables: names and values as texts, nulls left out. Raises MalformedError."""
    return {name: str(value) for name, value in table(mapping, key).items() if value is not None}


def text(mapping: Mapping[str, Any], key: str) -> str | None:
    """A text, or None when it is absent, null or empty. Raises MalformedError."""
    value = mapping.get(key)
    if value is not None and not isinstance(value, str):
        raise MalformedError(f"The value of '{key}' is not a text.")
    return value or None


def number(mapping: Mapping[str, Any], key: str) -> float | None:
    """A number that is not negative, or None when it is absent or null. Raises MalformedError."""
    value = mapping.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        raise MalformedError(f"The value of '{key}' is not a number of 0 or more.")
    return float(value)


def query_number(request: Request, key: str, default: int) -> int:
    """A whole number of the query. Raises MalformedError."""
    value = request.query.get(key, "")
    if not value:
        return default
    if not value.isdecimal():
        raise MalformedError(f"The value of '{key}' is not a whole number.")
    return int(value)


def _json(request: Request) -> Any:
    try:
        return request.json()
    except ValueError:  # UnicodeDecodeError is one, too
        raise MalformedError("The request content is not JSON.") from None
