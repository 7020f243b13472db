"""Compute targets over HTTP: the ARM paths that change them and the resource-provider paths that read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gpu_assistant.practice.azure import bodies
from gpu_assistant.practice.azure.addresses import (
    ARM_URL,
    CLUSTERS,
    GROUP,
    GROUP_ID,
    LEARNING_LOCATION,
    SUBSCRIPTION,
    WORKSPACE_ID,
    WORKSPACE_PATTERN,
    add_arm,
    cluster_id,
    compute_id,
)
from gpu_assistant.practice.azure.clusters import Clusters, RefusedError
from gpu_assistant.practice.azure.records import ComputeTarget, Failure, ManagedCluster, Operation
from gpu_assistant.practice.constants import REGION, SUBSCRIPTION_ID
from gpu_assistant.practice.front.http import Request, Response, Router

_API_VERSION = "2020-02-02"
_TAGS = "/providers/Microsoft.Resources/tags/default"


class ComputeRoutes:
    """The routes of compute targets, their operations, their tags, and the AKS clusters behind them."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    def add_to(self, router: Router) -> None:
        """Declare the routes."""
        for prefix in ("", "/rp/workspaces"):
            add_arm(router, "GET", prefix + WORKSPACE_PATTERN + "/computes", self._list)
            add_arm(router, "GET", prefix + WORKSPACE_PATTERN + "/computes/{name}", self._get)
        one = WORKSPACE_PATTERN + "/computes/{name}"
        add_arm(router, "PUT", one, _refusals(self._put))
        add_arm(router, "DELETE", one, _refusals(self._delete))
        add_arm(router, "POST", one + "/listKeys", self._list_keys)
        add_arm(router, "GET", one + _TAGS, self._get_tags)
        add_arm(router, "PUT", one + _TAGS, self._put_tags)
        add_arm(router, "PATCH", one + _TAGS, self._put_tags)
        add_arm(router, "GET", LEARNING_LOCATION + "/computeOperationsStatus/{operation}", self._operation)
        add_arm(router, "GET", GROUP + CLUSTERS + "/{name}", self._get_cluster)
        add_arm(router, "DELETE", GROUP + CLUSTERS + "/{name}", self._delete_cluster)
        add_arm(router, "GET", SUBSCRIPTION + CLUSTERS, self._list_clusters)
        add_arm(router, "GET", GROUP + CLUSTERS, self._list_clusters)

    def _list(self, request: Request) -> Response:
        # No `nextLink` on the last page: the SDK would follow a null one.
        return Response.of_json({"value": [self._body(target) for target in self._clusters.targets()]})

    def _get(self, request: Request) -> Response:
        target = self._clusters.target(request.params["name"])
        return _not_found(request) if target is None else Response.of_json(self._body(target))

    def _put(self, request: Request) -> Response:
        body, name = bodies.json_object(request), request.params["name"]
        location = bodies.text(body, "location") or REGION
        tags = bodies.text_table(body, "tags")
        operation = self._clusters.create(name, location, bodies.table(body, "properties"), tags)
        target = self._clusters.target(name)
        return Response.of_json(self._body(target) if target else {}, 201, _asynchronous(operation))

    def _delete(self, request: Request) -> Response:
        action = request.query.get("underlyingResourceAction", "detach").lower()
        if action not in ("delete", "detach"):
            raise RefusedError(Failure("InvalidParameter", "underlyingResourceAction must be Delete or Detach."))
        operation = self._clusters.remove(request.params["name"], action)
        return Response.of_json({}, 202, _asynchronous(operation))

    def _operation(self, request: Request) -> Response:
        operation = self._clusters.operation(request.params["operation"])
        if operation is None:
            return Response.of_error(404, "OperationNotFound", "The operation was not found.")
        if not self._clusters.is_over(operation):
            return Response.of_json({"status": "InProgress"})
        if operation.failure is None:
            return Response.of_json({"status": "Succeeded"})
        return Response.of_json({"status": "Failed", "error": _error(operation.failure)})

    def _list_keys(self, request: Request) -> Response:
        target = self._clusters.target(request.params["name"])
        if target is None:
            return _not_found(request)
        # There is no Kubernetes behind it, so there is no credential to give away.
        configuration = {"userKubeConfig": "", "adminKubeConfig": "", "imagePullSecretName": ""}
        return Response.of_json({"computeType": "AKS", **configuration})

    def _get_tags(self, request: Request) -> Response:
        target = self._clusters.target(request.params["name"])
        return _not_found(request) if target is None else Response.of_json(_tags_body(target.name, target.tags))

    def _put_tags(self, request: Request) -> Response:
        target = self._clusters.target(request.params["name"])
        if target is None:
            return _not_found(request)
        body = bodies.json_object(request)
        given = bodies.text_table(bodies.table(body, "properties"), "tags")
        change = body.get("operation", "Replace")
        if change == "Merge":
            given = {**target.tags, **given}
        elif change == "Delete":
            given = {key: value for key, value in target.tags.items() if key not in given}
        self._clusters.tag(target.name, given)
        return Response.of_json(_tags_body(target.name, given))

    def _get_cluster(self, request: Request) -> Response:
        cluster = self._clusters.cluster(request.params["name"])
        return _cluster_not_found(request) if cluster is None else Response.of_json(_cluster_body(cluster))

    def _list_clusters(self, request: Request) -> Response:
        return Response.of_json({"value": [_cluster_body(cluster) for cluster in self._clusters.clusters()]})

    def _delete_cluster(self, request: Request) -> Response:
        is_gone = self._clusters.delete_cluster(request.params["name"])
        return Response(202 if is_gone else 204)

    def _body(self, target: ComputeTarget) -> dict[str, Any]:
        """Every key is one that the SDK reads without asking whether it is there."""
        state = self._clusters.provisioning_state(target)
        is_ready = state == "Succeeded"
        errors = [{"error": _error(target.failure)}] if target.failure and state == "Failed" else None
        services = [{"systemServiceType": "ScoringFrontEnd", "version": "practice", "publicIpAddress": "127.0.0.1"}]
        return {
            "id": compute_id(target.name),
            "name": target.name,
            "type": "Microsoft.MachineLearningServices/workspaces/computes",
            "location": target.location,
            "tags": target.tags or None,
            "properties": {
                "computeType": "AKS",
                "computeLocation": target.location,
                "description": target.description,
                "createdOn": target.began.iso,
                "modifiedOn": target.began.iso,
                "resourceId": cluster_id(target.cluster),
                "provisioningState": state,
                "provisioningErrors": errors,
                "isAttachedCompute": target.is_attached,
                "properties": {
                    "agentVmSize": target.vm_size,
                    "agentCount": target.node_count,
                    "clusterPurpose": target.purpose,
                    "clusterFqdn": f"{target.cluster}.hcp.{target.location}.azmk8s.io" if is_ready else None,
                    "systemServices": services if is_ready else None,
                    "loadBalancerType": target.load_balancer_type,
                    "loadBalancerSubnet": target.load_balancer_subnet,
                    "sslConfiguration": _ssl_body(target.ssl),
                },
            },
        }


def _refusals(handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
    def guarded(request: Request) -> Response:
        try:
            return handler(request)
        except RefusedError as error:
            return Response.of_error(error.failure.status, error.failure.code, error.failure.message)

    return guarded


def _asynchronous(operation: Operation) -> dict[str, str]:
    # The SDK polls this address verbatim, so it carries its api-version.
    path = f"/subscriptions/{SUBSCRIPTION_ID}/providers/Microsoft.MachineLearningServices/locations/{REGION}"
    url = f"{ARM_URL}{path}/computeOperationsStatus/{operation.operation_id}?api-version={_API_VERSION}&service=new"
    return {"Azure-AsyncOperation": url}


def _error(failure: Failure) -> dict[str, Any]:
    return {"code": failure.code, "statusCode": failure.status, "message": failure.message, "details": []}


def _not_found(request: Request) -> Response:
    resource = f"Microsoft.MachineLearningServices/workspaces/computes/{request.params['name']}"
    return Response.of_error(404, "ResourceNotFound", f"The resource '{WORKSPACE_ID}' has no '{resource}'.")


def _cluster_not_found(request: Request) -> Response:
    name = f"{GROUP_ID}{CLUSTERS}/{request.params['name']}"
    return Response.of_error(404, "ResourceNotFound", f"The Resource '{name}' was not found.")


def _cluster_body(cluster: ManagedCluster) -> dict[str, Any]:
    pool = {"name": "agentpool", "count": cluster.node_count, "vmSize": cluster.vm_size, "mode": "System"}
    return {
        "id": cluster_id(cluster.name),
        "name": cluster.name,
        "type": "Microsoft.ContainerService/managedClusters",
        "location": REGION,
        "tags": cluster.tags,
        "properties": {
            "provisioningState": "Succeeded",
            "powerState": {"code": "Running"},
            "agentPoolProfiles": [pool],
        },
    }


def _tags_body(name: str, tags: dict[str, str]) -> dict[str, Any]:
    return {
        "id": compute_id(name) + _TAGS,
        "name": "default",
        "type": "Microsoft.Resources/tags",
        "properties": {"tags": tags},
    }


def _ssl_body(ssl: dict[str, Any] | None) -> dict[str, Any] | None:
    if ssl is None:
        return None
    names = ("status", "cname", "leafDomainLabel", "overwriteExistingDomain", "cert", "key")
    return {name: ssl.get(name) for name in names}
