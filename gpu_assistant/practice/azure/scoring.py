"""The front door of deployed services, on the path that azureml-fe has in a real cluster."""

from __future__ import annotations

from gpu_assistant.practice.azure.records import Service
from gpu_assistant.practice.azure.scenarios import ScenarioBook
from gpu_assistant.practice.azure.service_body import SERVICE_PATH
from gpu_assistant.practice.azure.services import Services
from gpu_assistant.practice.constants import LOOPBACK_HOST
from gpu_assistant.practice.front.http import Request, Response, Router

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class ScoringRoutes:
    """Checks the key and hands the request on. No sign-in token: the service key is the key."""

    def __init__(self, services: Services, book: ScenarioBook) -> None:
        self._services = services
        self._book = book

    def add_to(self, router: Router) -> None:
        """Declare the routes."""
        for method in _METHODS:
            router.add(method, LOOPBACK_HOST, SERVICE_PATH + "{name}/score", self._score, needs_token=False)
        router.add("GET", LOOPBACK_HOST, SERVICE_PATH + "{name}/swagger.json", self._swagger, needs_token=False)
        router.add("GET", LOOPBACK_HOST, SERVICE_PATH + "{name}", self._liveness, needs_token=False)

    def _score(self, request: Request) -> Response:
        service = self._services.find(request.params["name"])
        if service is None:
            return _gone(request)
        return self._services.forward(service, request) if self._is_allowed(service, request) else _unauthorized()

    def _liveness(self, request: Request) -> Response:
        service = self._services.find(request.params["name"])
        if service is None:
            return _gone(request)
        is_healthy = self._services.state_of(service) == "Healthy"
        return Response(200 if is_healthy else 503, b"Healthy" if is_healthy else b"")

    def _swagger(self, request: Request) -> Response:
        service = self._services.find(request.params["name"])
        if service is None:
            return _gone(request)
        if not self._is_allowed(service, request):
            return _unauthorized()
        answer = {"description": "What run() answers", "schema": {"type": "object"}}
        score = {"post": {"operationId": "ServiceRun", "responses": {"200": answer}}}
        return Response.of_json(
            {
                "swagger": "2.0",
                "info": {"title": service.name, "version": "1.0"},
                "basePath": f"{SERVICE_PATH}{service.name}",
                "paths": {"/score": score},
            }
        )

    def _is_allowed(self, service: Service, request: Request) -> bool:
        if service.request.get("authEnabled") is False:
            return True
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        oldest = 2 if self._book.playing.keys.rejected_until_regenerated else 1
        is_key = self._services.keys.accepts(service, given.strip(), oldest_generation=oldest)
        return scheme.lower() == "bearer" and is_key


def _unauthorized() -> Response:
    return Response(401, b"Unauthorized", {"Content-Type": "text/plain", "WWW-Authenticate": "Bearer"})


def _gone(request: Request) -> Response:
    return Response(404, b"Not Found", {"Content-Type": "text/plain"})
