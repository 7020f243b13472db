"""What to change when the scoring script stops while it starts. Pure.

The script's own errors say what to do about them; the others are TensorFlow's and Python's, which do not.
"""

from __future__ import annotations

import re

from gpu_assistant.domain.text import Text

_SAYS_IT_ITSELF = re.compile(r"(?:^|\.)(?:ModelError|SettingError|PreprocessingError)\b")
_ADVICE: tuple[tuple[re.Pattern[str], Text], ...] = (
    (
        re.compile(r"Op type not registered"),
        Text(
            "The model uses an operation of a library that is not in the environment, or of another TensorFlow. Export "
            "it without, or add the library to scoring/environment.yml and import it in score.py."
        ),
    ),
    (
        re.compile(r"NCHW|only supports (?:the )?NHWC"),
        Text("The model is laid out for GPUs only (NCHW), so a rehearsal on a processor tells nothing about it."),
    ),
    (
        re.compile(
            r"Read less bytes than requested|variables|checkpoint|\.data-\d+|DataLossError|OutOfRange", re.IGNORECASE
        ),
        Text("The weights cannot be read. Take the whole SavedModel folder, with its subfolder variables, unchanged."),
    ),
    (
        re.compile(r"No module named|cannot import name"),
        Text(
            "A Python package is missing or of another version. In Azure scoring/environment.yml decides what is "
            "installed: add it there, and install it here to rehearse again."
        ),
    ),
    (
        re.compile(r"MemoryError|ResourceExhausted|OOM|Cannot allocate memory"),
        Text("The memory did not suffice. Close other programs here, and give the replica more in Azure."),
    ),
    (
        re.compile(r"[Pp]rotobuf|DecodeError|Error parsing message"),
        Text("The file saved_model.pb is damaged. Export the model again."),
    ),
)
_OTHERWISE = Text("Mend the cause, which the log shows in full, and rehearse again.")


def advice_for(cause: str, log: str) -> Text:
    """What to change, judged from the line that names the exception and, where that says little, from the log."""
    if _SAYS_IT_ITSELF.search(cause.partition(":")[0]):
        return Text("Change that and rehearse again.")
    for pattern, advice in _ADVICE:
        if pattern.search(cause):
            return advice
    tail = "\n".join(log.splitlines()[-60:])
    for pattern, advice in _ADVICE[:2]:
        if pattern.search(tail):
            return advice
    return _OTHERWISE
