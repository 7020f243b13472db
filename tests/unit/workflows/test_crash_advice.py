"""What a person is told to change when the scoring script stops while it starts."""

from __future__ import annotations

import pytest

from gpu_assistant.workflows.crash_advice import advice_for


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("saved_model.ModelError: There are 2 SavedModels below /x. Register one of them.", "Change that"),
        ("settings.SettingError: GPU_ASSISTANT_TOP=x makes no sense; the default is 5.", "Change that"),
        ("IndexError: Read less bytes than requested", "subfolder variables"),
        ("tensorflow.python.framework.errors_impl.NotFoundError: variables/variables.index", "subfolder variables"),
        ("tensorflow...NotFoundError: Op type not registered 'SentencepieceOp'", "operation of a library"),
        ("ModuleNotFoundError: No module named 'ujson'", "environment.yml"),
        ("InvalidArgumentError: The Conv2D op currently only supports the NHWC tensor format on the CPU", "GPUs only"),
        ("MemoryError", "memory did not suffice"),
        ("google.protobuf.message.DecodeError: Error parsing message", "Export the model again"),
        ("ZeroDivisionError: division by zero", "Mend the cause"),
        ("", "Mend the cause"),
    ],
)
def test_by_the_line_that_names_the_exception(cause: str, words: str) -> None:
    assert words in advice_for(cause, "")


def test_by_the_log_when_the_exception_says_little() -> None:
    log = "Op type not registered 'FancyOp' in binary\nTraceback (most recent call last):\nRuntimeError: it failed"
    assert "operation of a library" in advice_for("RuntimeError: it failed", log)
