"""Registered models and the assets behind them: state, no HTTP."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gpu_assistant.practice.azure import bodies
from gpu_assistant.practice.azure.blobs import CONTAINER, BlobStore
from gpu_assistant.practice.azure.clock import Clock
from gpu_assistant.practice.azure.json_patch import apply_patch
from gpu_assistant.practice.azure.records import Asset, Model
from gpu_assistant.practice.azure.state_file import StateFile

_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_ASSET_URL = "aml://asset/"


class ModelError(Exception):
    """A request about models that Azure would refuse; `status` is the HTTP status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Models:
    """Registers, finds and changes models. Safe to use from several threads."""

    def __init__(self, state: StateFile, clock: Clock, store: BlobStore) -> None:
        self._state = state
        self._clock = clock
        self._store = store

    def add_asset(self, name: str, artifacts: Iterable[Mapping[str, Any]]) -> Asset:
        """Name a set of uploaded artifacts."""
        asset = Asset(uuid.uuid4().hex, name, self._clock.moment().iso, [dict(row) for row in artifacts])
        with self._state.change() as tables:
            tables.assets[asset.asset_id] = asset
        return asset

    def asset(self, asset_id: str) -> Asset | None:
        """An asset by its id."""
        with self._state.read() as tables:
            return tables.assets.get(asset_id)

    def register(self, body: Mapping[str, Any]) -> Model:
        """The next version of a model. Raises ModelError, MalformedError."""
        name = bodies.text(body, "name") or ""
        if not _MODEL_NAME.fullmatch(name):
            raise ModelError(400, "InvalidModelName", f"The model name '{name}' is invalid.")
        url = bodies.text(body, "url") or ""
        for part in ("kvTags", "properties"):
            bodies.table(body, part)
        with self._state.change() as tables:
            asset = tables.assets.get(url.removeprefix(_ASSET_URL)) if url.startswith(_ASSET_URL) else None
            if asset is None or not asset.artifacts:
                raise ModelError(400, "InvalidModelUrl", f"The model's url '{url}' names no asset with artifacts.")
            versions = [model.version for model in tables.models.values() if model.name == name]
            model = Model(name, max(versions, default=0) + 1, self._clock.moment().iso, dict(body))
            tables.models[model.model_id] = model
        return model

    def find(self, model_id: str) -> Model | None:
        """A model by `name:version`."""
        with self._state.read() as tables:
            return tables.models.get(model_id)

    def list(self, wanted: Callable[[Model], bool], *, latest_only: bool = False) -> list[Model]:
        """Models, the newest version of each name first; the SDK takes the first as the latest."""
        with self._state.read() as tables:
            models = [model for model in tables.models.values() if wanted(model)]
        models.sort(key=lambda model: (model.name, -model.version))
        if not latest_only:
            return models
        return [
            model for model in models if not any(m.name == model.name and m.version > model.version for m in models)
        ]

    def patch(self, model_id: str, operations: Iterable[Mapping[str, Any]]) -> Model:
        """Change tags, description or properties. Raises ModelError."""
        with self._state.change() as tables:
            model = tables.models.get(model_id)
            if model is None:
                raise ModelError(404, "ModelNotFound", f"Model with id {model_id} was not found.")
            try:
                changed = replace(model, body=apply_patch(model.body, operations))
                for part in ("kvTags", "properties"):
                    bodies.table(changed.body, part)
            except (ValueError, KeyError) as error:
                raise ModelError(400, "BadRequest", f"The patch cannot be applied: {error}.") from None
            tables.models[model_id] = changed
        return changed

    def delete(self, model_id: str) -> bool:
        """Forget a model; its files stay in the storage, as in Azure. False when there is none. Raises ModelError."""
        with self._state.change() as tables:
            users = [s.name for s in tables.services.values() if model_id in _model_ids(s.request)]
            if users:
                message = f"DeletionRequired: the model {model_id} is used by {', '.join(users)}."
                raise ModelError(412, "DeletionRequired", message)
            return tables.models.pop(model_id, None) is not None

    def seed(self, name: str, files: Mapping[str, Path], tags: Mapping[str, str], body: Mapping[str, Any]) -> Model:
        """Register files of this computer as a model, without copying them where the disk allows links.

        `files` maps a path below one common folder (`efficientnet-lite0/saved_model.pb`) to the file.
        """
        folders = {path.split("/")[0] for path in files}
        if len(folders) != 1:
            raise ValueError("the files of a model must lie below one folder")
        container = f"LocalUpload/{uuid.uuid4().hex}"
        for path, source in files.items():
            self._store.link(CONTAINER, f"{container}/{path}", source)
        asset = self.add_asset(name, [{"prefix": f"{container}/{folders.pop()}"}])
        given = {"name": name, "url": _ASSET_URL + asset.asset_id, "kvTags": dict(tags), **body}
        return self.register({"mimeType": "application/json", "unpack": False, "datasets": [], **given})


def _model_ids(request: Mapping[str, Any]) -> list[str]:
    return list((request.get("environmentImageRequest") or {}).get("modelIds") or [])
