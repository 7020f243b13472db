"""The little of JSON Patch (RFC 6902) that the SDK sends to models and services: add, replace and remove in objects."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


def apply_patch(document: Mapping[str, Any], operations: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A changed copy. Raises ValueError for an operation that does not fit, KeyError for a part that is missing."""
    result: dict[str, Any] = json.loads(json.dumps(document))
    for operation in operations:
        kind, path = operation.get("op"), str(operation.get("path") or "")
        *parents, last = _parts(path)
        holder: Any = result
        for part in parents:
            if holder.get(part) is None:
                holder[part] = {}
            holder = holder[part]
            if not isinstance(holder, dict):
                raise ValueError(f"{path} does not lead into an object")
        if kind in ("add", "replace"):
            holder[last] = operation.get("value")
        elif kind == "remove":
            del holder[last]
        else:
            raise ValueError(f"the operation {kind!r} is not known")
    return result


def _parts(path: str) -> list[str]:
    if not path.startswith("/") or path == "/":
        raise ValueError(f"the path {path!r} is malformed")
    return [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
