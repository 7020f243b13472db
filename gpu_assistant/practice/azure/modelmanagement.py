"""Models and assets over HTTP (`/modelmanagement/v1.0/…`), with the error bodies of that service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gpu_assistant.practice.azure import bodies
from gpu_assistant.practice.azure.addresses import MODEL_MANAGEMENT, Handler, add_arm
from gpu_assistant.practice.azure.models import ModelError, Models
from gpu_assistant.practice.azure.records import Asset, Detail, Failure, Model
from gpu_assistant.practice.front.http import Request, Response, Router

_PAGE = 255


class ModelRoutes:
    """The routes of models and assets."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def add_to(self, router: Router) -> None:
        """Declare the routes."""
        add_arm(router, "POST", MODEL_MANAGEMENT + "/assets", _refusals(self._post_asset))
        add_arm(router, "GET", MODEL_MANAGEMENT + "/assets/{asset}", self._get_asset)
        add_arm(router, "POST", MODEL_MANAGEMENT + "/models", _refusals(self._post))
        add_arm(router, "GET", MODEL_MANAGEMENT + "/models", self._list)
        add_arm(router, "GET", MODEL_MANAGEMENT + "/models/{model}", self._get)
        add_arm(router, "PATCH", MODEL_MANAGEMENT + "/models/{model}", _refusals(self._patch))
        add_arm(router, "DELETE", MODEL_MANAGEMENT + "/models/{model}", _refusals(self._delete))

    def _post_asset(self, request: Request) -> Response:
        body = bodies.json_object(request)
        asset = self._models.add_asset(bodies.text(body, "name") or "", bodies.rows(body, "artifacts"))
        return Response.of_json(_asset_body(asset))

    def _get_asset(self, request: Request) -> Response:
        asset = self._models.asset(request.params["asset"])
        if asset is None:
            return failure_response(Failure("AssetNotFound", "The asset was not found.", 404))
        return Response.of_json(_asset_body(asset))

    def _post(self, request: Request) -> Response:
        return Response.of_json(model_body(self._models.register(bodies.json_object(request))))

    def _list(self, request: Request) -> Response:
        latest_only = request.query.get("latestVersionOnly", "false").lower() == "true"
        found = self._models.list(_filter(request), latest_only=latest_only)
        start = bodies.query_number(request, "$skipToken", 0)
        count = bodies.query_number(request, "count", _PAGE)
        body: dict[str, Any] = {"value": [model_body(model) for model in found[start : start + count]]}
        if start + count < len(found) and count > 1:
            body["nextLink"] = f"?$skipToken={start + count}"
        return Response.of_json(body)

    def _get(self, request: Request) -> Response:
        model = self._models.find(request.params["model"])
        if model is None:
            text = f"Model with id {request.params['model']} was not found."
            return failure_response(Failure("ModelNotFound", text, 404))
        return Response.of_json(model_body(model))

    def _patch(self, request: Request) -> Response:
        return Response.of_json(model_body(self._models.patch(request.params["model"], bodies.json_rows(request))))

    def _delete(self, request: Request) -> Response:
        return Response(200 if self._models.delete(request.params["model"]) else 204)


def failure_response(failure: Failure) -> Response:
    """An error as the model management service words it: at the top level, with a `details` list."""
    details = failure.details or (Detail(failure.code, failure.message),)
    body = {
        "code": failure.code,
        "statusCode": failure.status,
        "message": failure.message,
        "details": [{"code": detail.code, "message": detail.message} for detail in details],
        "correlation": {"RequestId": "practice"},
    }
    return Response.of_json(body, failure.status)


def model_body(model: Model) -> dict[str, Any]:
    """A model as the SDK reads it; `datasets` must be a list."""
    given = model.body
    return {
        "id": model.model_id,
        "name": model.name,
        "version": model.version,
        "framework": given.get("framework") or "Custom",
        "frameworkVersion": given.get("frameworkVersion"),
        "url": given.get("url"),
        "mimeType": given.get("mimeType") or "application/json",
        "description": given.get("description"),
        "createdTime": model.created,
        "unpack": bool(given.get("unpack")),
        "kvTags": given.get("kvTags") or {},
        "properties": given.get("properties") or {},
        "datasets": given.get("datasets") or [],
        "runId": given.get("runId"),
        "experimentName": given.get("experimentName"),
        "createdBy": None,
    }


def matches_tags(wanted: str, tags: dict[str, Any]) -> bool:
    """Whether tags fit a query like `key,other=value`."""
    for part in filter(None, wanted.split(",")):
        key, equals, value = part.partition("=")
        if key not in tags or (equals and str(tags[key]) != value):
            return False
    return True


def _filter(request: Request) -> Callable[[Model], bool]:
    query = request.query

    def is_wanted(model: Model) -> bool:
        body = model.body
        return (
            query.get("name", model.name) == model.name
            and query.get("framework", body.get("framework")) == body.get("framework")
            and query.get("runId", body.get("runId")) == body.get("runId")
            and matches_tags(query.get("tags", ""), body.get("kvTags") or {})
            and matches_tags(query.get("properties", ""), body.get("properties") or {})
        )

    return is_wanted


def _refusals(handler: Handler) -> Handler:
    def guarded(request: Request) -> Response:
        try:
            return handler(request)
        except ModelError as error:
            return failure_response(Failure(error.code, str(error), error.status))

    return guarded


def _asset_body(asset: Asset) -> dict[str, Any]:
    return {
        "id": asset.asset_id,
        "name": asset.name,
        "createdTime": asset.created,
        "artifacts": asset.artifacts,
        "kvTags": {},
        "properties": {},
    }
