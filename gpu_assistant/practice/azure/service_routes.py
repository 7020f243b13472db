"""Web services over HTTP: deploy, read, keys, logs, delete, and the operations one polls meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gpu_assistant.practice.azure import bodies
from gpu_assistant.practice.azure.addresses import ARM_URL, MODEL_MANAGEMENT, WORKSPACE_ID, Handler, add_arm
from gpu_assistant.practice.azure.blobs import CONTAINER, SasSigner
from gpu_assistant.practice.azure.clock import Clock
from gpu_assistant.practice.azure.clusters import RefusedError
from gpu_assistant.practice.azure.deployment import SERVICE_NAME
from gpu_assistant.practice.azure.modelmanagement import failure_response, matches_tags
from gpu_assistant.practice.azure.records import Failure, Operation, Service, Settled, Subject
from gpu_assistant.practice.azure.rollout import build_log_name
from gpu_assistant.practice.azure.service_body import deployment_progress, error_body, service_body
from gpu_assistant.practice.azure.services import Services
from gpu_assistant.practice.front.http import Request, Response, Router

_SERVICES = MODEL_MANAGEMENT + "/services"


class ServiceRoutes:
    """The routes of web services. `port` is where the scoring address answers."""

    def __init__(self, services: Services, clock: Clock, signer: SasSigner, port: Callable[[], int]) -> None:
        self._services = services
        self._clock = clock
        self._signer = signer
        self._port = port

    def add_to(self, router: Router) -> None:
        """Declare the routes; the fixed names come before `{name}`."""
        add_arm(router, "POST", _SERVICES + "/validate/name/{name}", self._validate_name)
        add_arm(router, "POST", _SERVICES + "/validate/resource", self._validate_resource)
        add_arm(router, "POST", _SERVICES + "/validate", _refusals(self._validate))
        add_arm(router, "GET", _SERVICES, self._list)
        add_arm(router, "POST", _SERVICES, _refusals(self._post))
        add_arm(router, "GET", _SERVICES + "/{name}", self._get)
        add_arm(router, "PATCH", _SERVICES + "/{name}", _refusals(self._patch))
        add_arm(router, "DELETE", _SERVICES + "/{name}", self._delete)
        add_arm(router, "POST", _SERVICES + "/{name}/listkeys", self._list_keys)
        add_arm(router, "POST", _SERVICES + "/{name}/regenerateKeys", _refusals(self._regenerate))
        add_arm(router, "GET", _SERVICES + "/{name}/logs", _refusals(self._logs))
        add_arm(router, "GET", MODEL_MANAGEMENT + "/operations/{operation}", self._operation)

    def _validate_name(self, request: Request) -> Response:
        name = request.params["name"]
        if self._services.find(name) is not None:
            return _objection(
                "Conflict",
                f"Service {name} with the same name already exists, please use a different "
                "service name or delete the existing service.",
            )
        if not SERVICE_NAME.fullmatch(name):
            return _objection("InvalidServiceName", f"Service name '{name}' is invalid.")
        return Response.of_json({})

    def _validate_resource(self, request: Request) -> Response:
        # Real AKS finds out only when it schedules; see `scheduling_problem`.
        return Response.of_json({})

    def _validate(self, request: Request) -> Response:
        body = bodies.json_object(request)
        if body.get("type") == "Create":
            payload = bodies.table(body, "createRequest")
            failure = self._services.problem(bodies.text(body, "serviceName") or "", payload)
            if failure is not None:
                return _objection(failure.code, failure.message)
        return Response.of_json({})

    def _list(self, request: Request) -> Response:
        # No `nextLink` on the last page: the SDK would follow a null one.
        found = [service for service in self._services.all() if _is_wanted(service, request)]
        return Response.of_json({"value": [self._body(service) for service in found]})

    def _get(self, request: Request) -> Response:
        service = self._services.find(request.params["name"])
        return _not_found(request) if service is None else Response.of_json(self._body(service))

    def _post(self, request: Request) -> Response:
        operation = self._services.create(bodies.json_object(request))
        return Response.of_json({"operationId": operation.operation_id}, 202, _location(operation))

    def _patch(self, request: Request) -> Response:
        operation = self._services.patch(request.params["name"], bodies.json_rows(request))
        if operation is not None:
            return Response.of_json({"operationId": operation.operation_id}, 202, _location(operation))
        return self._get(request)

    def _delete(self, request: Request) -> Response:
        operation = self._services.delete(request.params["name"])
        return Response(204) if operation is None else Response.of_json({}, 202, _location(operation))

    def _list_keys(self, request: Request) -> Response:
        service = self._services.find(request.params["name"])
        if service is None:
            return _not_found(request)
        keys = self._services.keys
        body = {"primaryKey": keys.key(service, "Primary"), "secondaryKey": keys.key(service, "Secondary")}
        return Response.of_json(body)

    def _regenerate(self, request: Request) -> Response:
        body = bodies.json_object(request)
        kind, value = bodies.text(body, "keyType") or "", bodies.text(body, "keyValue")
        operation = self._services.regenerate_key(request.params["name"], kind, value)
        return Response.of_json({}, 202, _location(operation))

    def _logs(self, request: Request) -> Response:
        name = request.params["name"]
        if request.query.get("init", "False").lower() == "true":
            service = self._services.find(name)
            if service is None:
                return _not_found(request)
            return Response.of_json({"content": _init_log(service)})
        tail = bodies.query_number(request, "tail", 5000)
        return Response.of_json({"content": self._services.log(name, tail)})

    def _operation(self, request: Request) -> Response:
        operation = self._services.operation(request.params["operation"])
        if operation is None:
            return failure_response(Failure("OperationNotFound", "The operation was not found.", 404))
        if operation.subject is Subject.SERVICE_CREATE:
            return self._deployment_operation(operation, request)
        self._services.find(operation.name)  # lets a deletion that is due happen
        is_over = self._clock.has_passed(
            operation.began, operation.duration_s, at_least_real_s=operation.at_least_real_s
        )
        state = "Running" if not is_over else "Failed" if operation.failure else "Succeeded"
        error = error_body(operation.failure) if operation.failure and is_over else None
        return Response.of_json(_operation_body(operation, state, error))

    def _deployment_operation(self, operation: Operation, request: Request) -> Response:
        service = self._services.find(operation.name)
        if service is None or service.operation_id != operation.operation_id:
            return Response.of_json(_operation_body(operation, "Cancelled", None))
        states = {Settled.NOT_YET: "Running", Settled.SUCCEEDED: "Succeeded", Settled.FAILED: "Failed"}
        is_failed = service.settled is Settled.FAILED and service.failure is not None
        error = error_body(service.failure) if is_failed and service.failure else None
        details, stream = deployment_progress(service, self._clock)
        offset = bodies.query_number(request, "offset", 0)
        log_name = build_log_name(service)
        log_url = self._signer.url(CONTAINER, log_name, permissions="r", now_s=self._clock.wall_s())
        body = _operation_body(operation, states[service.settled], error)
        streamed = {"operationDetails": details, "streamingOperationLog": stream[offset:]}
        return Response.of_json({**body, "operationLog": log_url, **streamed})

    def _body(self, service: Service) -> dict[str, Any]:
        return service_body(service, self._services.state_of(service), self._port())


def _operation_body(operation: Operation, state: str, error: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "id": operation.operation_id,
        "operationType": "Service",
        "createdTime": operation.began.iso,
        "state": state,
        "error": error,
        "resourceLocation": f"{ARM_URL}/modelmanagement/v1.0{WORKSPACE_ID}/services/{operation.name}",
        "operationLog": None,
    }


def _location(operation: Operation) -> dict[str, str]:
    # The SDK takes the last path segment as the id, so there is no query after it.
    path = f"/modelmanagement/v1.0{WORKSPACE_ID}/operations/{operation.operation_id}"
    return {"Operation-Location": ARM_URL + path}


def _objection(code: str, message: str) -> Response:
    # What the SDK's `validate` calls understand as "no": 200 with an error in it; everything else is ignored.
    return Response.of_error(200, code, message)


def _is_wanted(service: Service, request: Request) -> bool:
    query, image = request.query, service.request.get("environmentImageRequest") or {}
    model_ids = [str(model_id) for model_id in image.get("modelIds") or []]
    return (
        query.get("computeType", "AKS").upper() == "AKS"
        and ("modelId" not in query or query["modelId"] in model_ids)
        and ("modelName" not in query or query["modelName"] in [name.rsplit(":", 1)[0] for name in model_ids])
        and matches_tags(query.get("tags", ""), service.request.get("kvTags") or {})
        and matches_tags(query.get("properties", ""), service.request.get("properties") or {})
    )


def _init_log(service: Service) -> str:
    image = service.request.get("environmentImageRequest") or {}
    lines = [
        f"Downloading model {model_id} from the workspace's storage: done" for model_id in image.get("modelIds") or []
    ]
    return "\n".join([*lines, "Storage initializer finished.", ""])


def _not_found(request: Request) -> Response:
    name = request.params["name"]
    return failure_response(Failure("NotFound", f"Service {name} was not found in the workspace.", 404))


def _refusals(handler: Handler) -> Handler:
    def guarded(request: Request) -> Response:
        try:
            return handler(request)
        except RefusedError as error:
            return failure_response(error.failure)

    return guarded
