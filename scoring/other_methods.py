"""Methods that the server's routing refuses by itself: 405 without the Allow header that has to come with it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_ROUTES = "azureml_inference_server_http.server.routes"


def refuse_other_methods(refuse: Callable[[Any], Any]) -> None:
    """Answer PUT, DELETE and the like on /score with `refuse(request)`. To be called in init(): later is too late.

    GET, HEAD and OPTIONS reach run() anyway. Nothing happens under a server that is built otherwise.
    """
    blueprint = getattr(sys.modules.get(_ROUTES), "main_blueprint", None)
    if blueprint is None:
        return
    from flask import request

    def replace(response: Any) -> Any:
        is_ours = response.status_code == 405 and request.path == "/score" and "Allow" not in response.headers
        return refuse(request) if is_ours else response

    blueprint.after_app_request(replace)
