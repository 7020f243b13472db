"""What the person who deploys may change, as environment variables of the web service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


class SettingError(ValueError):
    """A variable that makes no sense. The text names it and what would be right."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Read once from environment variables GPU_ASSISTANT_<NAME>, printed once at start."""

    expect_gpu: bool = False  # fail at start when TensorFlow sees no GPU
    top: int = 5  # predictions in an answer that asks for no number
    max_body_mb: float = 20.0
    max_megapixels: float = 50.0  # a decoded image takes up to 12 bytes a pixel, and several may be in flight
    signature: str = ""  # empty: serving_default, else predict, else the only one
    output: str = ""  # empty: found by name and shape

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Raises SettingError naming the variable that makes no sense."""
        values: dict[str, Any] = {}
        for field in fields(cls):
            variable = f"GPU_ASSISTANT_{field.name.upper()}"
            text = environment.get(variable, "").strip()
            if text:
                values[field.name] = _parse(variable, text, field.default)
        return cls(**values)


def _parse(variable: str, text: str, default: object) -> object:
    try:
        if isinstance(default, bool):
            return {"0": False, "false": False, "1": True, "true": True}[text.lower()]
        if isinstance(default, int | float):
            number = type(default)(text)
            if not 0 < number < 1e6:
                raise ValueError(text)
            return number
        return text
    except (KeyError, ValueError):
        raise SettingError(f"{variable}={text} makes no sense; the default is {default}.") from None
