"""Where things are in the practice subscription: resource ids, route patterns, and refusals for other places."""

from __future__ import annotations

from collections.abc import Callable

from gpu_assistant.practice.azure.bodies import MalformedError
from gpu_assistant.practice.constants import ARM_HOST, REGION, RESOURCE_GROUP, SUBSCRIPTION_ID, WORKSPACE
from gpu_assistant.practice.front.http import Request, Response, Router

ARM_URL = f"https://{ARM_HOST}"

GROUP_ID = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/{RESOURCE_GROUP}"
WORKSPACE_ID = f"{GROUP_ID}/providers/Microsoft.MachineLearningServices/workspaces/{WORKSPACE}"

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourceGroups/{group}"
WORKSPACE_PATTERN = GROUP + "/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
LEARNING_LOCATION = SUBSCRIPTION + "/providers/Microsoft.MachineLearningServices/locations/{location}"
COMPUTE_PROVIDER = SUBSCRIPTION + "/providers/Microsoft.Compute"
CLUSTERS = "/providers/Microsoft.ContainerService/managedClusters"

MODEL_MANAGEMENT = "/modelmanagement/v1.0" + WORKSPACE_PATTERN
ARTIFACTS = "/artifact/v2.0" + WORKSPACE_PATTERN + "/artifacts"
ENVIRONMENTS = "/environment/v1.0" + WORKSPACE_PATTERN + "/environments"

Handler = Callable[[Request], Response]


def compute_id(name: str) -> str:
    """The ARM id of a compute target."""
    return f"{WORKSPACE_ID}/computes/{name}"


def cluster_id(name: str) -> str:
    """The ARM id of the AKS cluster behind a compute target."""
    return f"{GROUP_ID}{CLUSTERS}/{name}"


def add_arm(router: Router, method: str, pattern: str, handler: Handler, *, needs_token: bool = True) -> None:
    """Declare a route on the ARM host that answers only for the practice subscription, group, region and workspace.

    A handler may raise MalformedError: that is a 400.
    """
    router.add(method, ARM_HOST, pattern, _at_home(handler), needs_token=needs_token)


def _at_home(handler: Handler) -> Handler:
    def guarded(request: Request) -> Response:
        try:
            return _elsewhere(request) or handler(request)
        except MalformedError as error:
            return Response.of_error(400, "InvalidRequestContent", str(error))

    return guarded


def _elsewhere(request: Request) -> Response | None:
    params = request.params
    subscription, group, workspace, location = (
        params.get(name) for name in ("subscription", "group", "workspace", "location")
    )
    if subscription is not None and subscription.casefold() != SUBSCRIPTION_ID:
        return Response.of_error(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")
    if group is not None and group.casefold() != RESOURCE_GROUP.casefold():
        return Response.of_error(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")
    if workspace is not None and workspace.casefold() != WORKSPACE.casefold():
        kind = "Microsoft.MachineLearningServices/workspaces"
        return Response.of_error(
            404,
            "ResourceNotFound",
            f"The Resource '{kind}/{workspace}' under resource group '{group}' was not found.",
        )
    if location is not None and location.casefold() != REGION:
        return Response.of_error(
            400,
            "NoRegisteredProviderFound",
            f"The practice subscription sells only in '{REGION}', not in '{location}'.",
        )
    return None
