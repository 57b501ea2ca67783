"""Requests from one service of the emulator to another, within the process."""

from __future__ import annotations

import json
from typing import Any

from ministack import app
from ministack.core.responses import get_region


def call_json(service: str, target: str, arguments: dict[str, Any], path: str = "/") -> tuple[int, dict[str, Any]]:
    """Send one JSON request to a service of the emulator. Never call this on the emulator's event loop.

    Parameters
    ----------
    service
        The service's signing name, for example ``logs``.
    target
        The action with its prefix; empty for a REST API, whose path names the action.

    Returns
    -------
    tuple
        The HTTP status and the body of the response.
    """
    named = {"x-amz-target": target, "content-type": "application/x-amz-json-1.1"}
    headers = {
        **(named if target else {"content-type": "application/json"}),
        "host": f"{service}.{get_region()}.amazonaws.com",
        "authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{get_region()}/{service}/aws4_request",
    }
    body = json.dumps(arguments).encode()
    status, response_headers, response = app.call_service_handler_sync(
        app.SERVICE_HANDLERS[service], "POST", path, headers, body, {}
    )
    result = json.loads(response or b"{}")
    if status >= 400 and not result.get("__type"):
        error_type = {name.lower(): value for name, value in response_headers.items()}.get("x-amzn-errortype", "")
        result["__type"] = error_type.partition(":")[0]
    return status, result
