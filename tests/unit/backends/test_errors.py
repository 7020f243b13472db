"""Every exception family of the SDK, built from the payload of an answer, becomes the error it should."""

from __future__ import annotations

import json
import socket
import ssl
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError
from azureml._restclient.exceptions import ServiceException
from azureml._restclient.models.error_response import ErrorResponse, ErrorResponseException
from azureml._restclient.models.model_error_response import ModelErrorResponseException
from azureml.exceptions import (
    ComputeTargetException,
    ProjectSystemException,
    UserErrorException,
    WebserviceException,
)
from msrest.exceptions import ClientRequestError

from gpu_assistant.backends.sdk_v1.errors import About, error_of_response, to_assistant_error, translated
from gpu_assistant.domain import errors
from gpu_assistant.domain.billing import ResourceKind
from gpu_assistant.domain.workspace import WorkspaceRef

PAYLOADS = sorted((Path(__file__).parents[2] / "data" / "azure_errors").glob("*.json"))
WORKSPACE = WorkspaceRef("2222-sub", "rg", "practice")


def response(status: int, body: Any) -> requests.Response:
    answer = requests.Response()
    answer.status_code = status
    answer.reason = "Some reason"
    answer._content = (body if isinstance(body, str) else json.dumps(body)).encode()
    answer.request = requests.Request("GET", "https://management.azure.com/x").prepare()
    answer.url = "https://management.azure.com/x"
    answer.headers["Set-Cookie"] = "session=must-not-be-shown"
    return answer


def in_words(status: int, body: Any) -> str:
    """How the SDK writes an answer into a message."""
    answer = response(status, body)
    return (
        "Received bad response from Resource Provider:\n"
        f"Response Code: {status}\nHeaders: {answer.headers}\nContent: {answer.content!r}"
    )


def model_error(status: int, body: Any) -> ModelErrorResponseException:
    return ModelErrorResponseException(lambda kind, answer: None, response(status, body))


def forbidden(status: int, body: Any) -> UserErrorException:
    error = UserErrorException("Received an error: Operation returned an invalid status code 'Forbidden'")
    error.__cause__ = model_error(status, body)
    return error


def hollow(status: int, body: Any) -> ServiceException:
    """What the artifact client raises; its `__str__` iterates over the `details` that are None."""
    inner = ErrorResponseException(lambda kind, answer: ErrorResponse(), response(status, body))
    inner.message = "Operation returned an invalid status code"
    error = ServiceException(inner)
    error.details = None
    return error


def azure_core(status: int, body: Any) -> HttpResponseError:
    class Answer:
        status_code = status
        reason = "Some reason"
        headers = types.MappingProxyType({})

        def text(self) -> str:
            return body if isinstance(body, str) else json.dumps(body)

    kind = ClientAuthenticationError if status == 401 else HttpResponseError
    error = kind("Operation returned an invalid status")
    error.response = Answer()
    error.status_code = status
    return error


FAMILIES: dict[str, Callable[[Any, Any], Exception]] = {
    "compute": lambda status, body: ComputeTargetException(in_words(status, body)),
    "provisioning": lambda status, body: ComputeTargetException(
        "Compute object provisioning polling reached non-successful terminal state, current provisioning state: "
        "Failed\nProvisioning operation error:\nStatusCode: 400\nMessage: Operation results in exceeding quota limits"
    ),
    "webservice": lambda status, body: WebserviceException(in_words(status, body)),
    "webservice_text": lambda status, body: WebserviceException(body),
    "user_error": lambda status, body: UserErrorException(body),
    "project_text": lambda status, body: ProjectSystemException(body),
    "project": lambda status, body: ProjectSystemException(
        json.dumps({"error_details": body, "status_code": status, "url": "https://management.azure.com/x"})
    ),
    "model": model_error,
    "model_forbidden": forbidden,
    "artifact": hollow,
    "azure_core": azure_core,
    "bare": lambda status, body: Exception(f"Error registering the environment definition. Code: {status}\n: {body}"),
}


def about(facts: dict[str, Any]) -> About:
    kind = ResourceKind(facts["kind"]) if "kind" in facts else None
    workspace = WORKSPACE if facts.get("workspace") else None
    return About(**{"what": "Doing it", **facts, "kind": kind, "workspace": workspace})


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_payload(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    if case["family"] == "response":
        error = error_of_response(response(case["status"], case["body"]), about=about(case["about"]))
    else:
        exc = FAMILIES[case["family"]](case["status"], case["body"])
        error = to_assistant_error(exc, about(case["about"]))
    assert type(error).__name__ == case["expect"], f"{error}"
    assert case["says"] in str(error)
    assert error.remedies
    assert "must-not-be-shown" not in str(error), "headers of a response are not for people"


def test_the_hollow_exception_really_breaks_in_its_own_text() -> None:
    with pytest.raises(TypeError):
        str(hollow(403, {}))


def test_no_payload_is_forgotten() -> None:
    assert len(PAYLOADS) >= 40


def certificate_error() -> requests.exceptions.SSLError:
    error = requests.exceptions.SSLError("bad certificate", request=asked())
    error.__cause__ = ssl.SSLCertVerificationError("self-signed certificate in certificate chain")
    return error


def asked() -> requests.PreparedRequest:
    return requests.Request("GET", "https://management.azure.com/subscriptions").prepare()


def name_error() -> requests.ConnectionError:
    error = requests.ConnectionError("cannot connect", request=asked())
    error.__context__ = socket.gaierror(-2, "Name or service not known")
    return error


def refused() -> ServiceRequestError:
    error = ServiceRequestError("refused")
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    return error


NETWORK = {
    "certificate": (certificate_error, "the certificate of management.azure.com is not trusted here"),
    "name": (name_error, "the name management.azure.com cannot be resolved"),
    "refused, as azure-core says it": (refused, "refused the connection"),
    "proxy": (lambda: requests.exceptions.ProxyError("403", request=asked()), "the proxy would not connect"),
    "timeout": (lambda: requests.ReadTimeout("slow", request=asked()), "did not answer in time"),
    "reset": (lambda: requests.ConnectionError("Connection aborted", request=asked()), "broke off"),
    "msrest": (lambda: ClientRequestError("Error occurred in request."), "broke off"),
}


@pytest.mark.parametrize("name", NETWORK)
def test_a_broken_network_names_what_is_broken(name: str) -> None:
    make, words = NETWORK[name]
    error = to_assistant_error(make(), "Reading the models")
    assert type(error) is errors.CannotReachAzure
    assert words in error.detail
    assert error.detail.startswith("Reading the models failed:")


def test_our_own_error_from_the_token_callback_passes_through() -> None:
    own = errors.TokenExpired(during="")
    wrapped = UserErrorException("wrapped")
    wrapped.__cause__ = own
    assert to_assistant_error(wrapped, "Reading") is own
    with pytest.raises(errors.TokenExpired), translated("Reading"):
        raise own


@pytest.mark.parametrize(
    "exc", [KeyError("azure-asyncoperation"), TypeError("NoneType"), ValueError("Expecting value")]
)
def test_a_crash_inside_the_sdk_is_an_unexpected_answer(exc: Exception) -> None:
    with pytest.raises(errors.UnexpectedAnswer) as caught, translated("Deleting gpu-aks"):
        raise exc
    assert caught.value.__cause__ is exc


def test_no_secret_of_an_exception_reaches_the_person() -> None:
    text = "PUT https://a.blob.core.windows.net/x?sv=1&sig=AbC%2Bd failed with Authorization: Bearer abcdefghijk.lm"
    error = to_assistant_error(WebserviceException(text), "Uploading")
    assert "AbC" not in str(error)
    assert "abcdefghijk" not in str(error)
