"""Which files of a registered model describe it: judged from their paths alone, for every SDK generation.

The rules mirror `scoring/saved_model.py` and `scoring/labels.py`, which decide on the machine that serves. They are
shipped without this package, so the two share no code; tests hold them together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from gpu_assistant.domain.errors import ModelError
from gpu_assistant.domain.text import Text

GRAPH_FILE = "saved_model.pb"
GRAPH_LIMIT_BYTES = 256 << 20
LABELS_FILE = "labels.txt"
LABELS_LIMIT_BYTES = 4 << 20  # the scoring script reads none that are larger
PREPROCESSING_FILE = "preprocessing.json"
PREPROCESSING_LIMIT_BYTES = 64 << 10

_BESIDE = ("", "assets", "assets.extra")
_OTHER_FORMATS = {
    ".h5": "Keras",
    ".hdf5": "Keras",
    ".joblib": "scikit-learn",
    ".keras": "Keras",
    ".onnx": "ONNX",
    ".pickle": "pickle",
    ".pkl": "pickle",
    ".pt": "PyTorch",
    ".pth": "PyTorch",
    ".safetensors": "safetensors",
    ".tflite": "TensorFlow Lite",
}


@dataclass(frozen=True, slots=True)
class SavedModelFiles:
    """Paths as the registry has them, with `/`. `rest` is all else below the folder of the graph.

    `labels` are the places where the scoring script looks for labels.txt, the first one first, and `preprocessing`
    those of preprocessing.json.
    """

    graph: str
    labels: tuple[str, ...]
    preprocessing: tuple[str, ...]
    rest: tuple[str, ...]

    def inside(self, path: str) -> str:
        """`path` as seen from the folder that holds the graph."""
        return path.removeprefix(self.graph.removesuffix(GRAPH_FILE))


def find_saved_model(model_id: str, paths: Iterable[str]) -> SavedModelFiles:
    """The SavedModel among the files of a registered model: at any depth; of nested ones, the outermost.

    Raises ModelError when there is none, or more than one to choose from.
    """
    files = sorted(set(paths))
    graphs = [path for path in files if _name(path) == GRAPH_FILE]
    folders = {_folder(path) for path in graphs}
    outermost = [path for path in graphs if not any(above in folders for above in _above(_folder(path)))]
    if not outermost:
        raise ModelError(reason=_why_not(model_id, files))
    if len(outermost) > 1:
        found = ", ".join(_folder(path) or "." for path in outermost[:4]) + ("…" if len(outermost) > 4 else "")
        reason = Text(
            "{model} holds {count} SavedModels ({found}). Register the folder of one of them.",
            model=model_id,
            count=len(outermost),
            found=found,
        )
        raise ModelError(reason=reason)
    graph = outermost[0]
    folder = _folder(graph)
    places = [*(_join(folder, inside) for inside in _BESIDE), *_above(folder)]
    below = f"{folder}/" if folder else ""
    return SavedModelFiles(
        graph=graph,
        labels=_those(LABELS_FILE, places, files),
        preprocessing=_those(PREPROCESSING_FILE, places, files),
        rest=tuple(path for path in files if path.startswith(below) and path != graph),
    )


def _those(name: str, places: list[str], files: list[str]) -> tuple[str, ...]:
    return tuple(path for place in places if (path := _join(place, name)) in files)


def _why_not(model_id: str, files: list[str]) -> Text:
    if not files:
        return Text("{model} has no files in the workspace.", model=model_id)
    if any(_name(path) == f"{GRAPH_FILE}txt" for path in files):
        return Text(
            "{model} holds a SavedModel in text form. Export the model again in binary form and register that.",
            model=model_id,
        )
    for path in files:
        made_with = _OTHER_FORMATS.get(PurePosixPath(path).suffix.lower())
        if made_with:
            return Text(
                "{model} is no TensorFlow SavedModel: it holds {file} ({format}). Export it as a SavedModel and "
                "register that folder.",
                model=model_id,
                file=_name(path),
                format=made_with,
            )
    return Text(
        "{model} is no TensorFlow SavedModel: there is no {file} in it. Register the folder that holds one.",
        model=model_id,
        file=GRAPH_FILE,
    )


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _join(*parts: str) -> str:
    return "/".join(part for part in parts if part)


def _above(folder: str) -> list[str]:
    """The folders around a folder, the nearest first; "" is the model itself."""
    above = []
    while folder:
        folder = _folder(folder)
        above.append(folder)
    return above
