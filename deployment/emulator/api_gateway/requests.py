"""Requests: size limits, and error responses that hide the function's error, as on AWS.

With a Lambda proxy integration AWS answers 502 ``Internal server error`` when the function fails or its response does
not have the documented form, and 413 ``Request Too Long`` when the request is larger than API Gateway or Lambda
accepts. MiniStack returns the function's error and stack trace to the caller, turns any response into a 200, and
accepts any size. Both are gateway responses, which an API may change. AWS passes path parameters to a function as they
were sent, percent-encoded, and matches a slash that was sent as %2F with a parameter; MiniStack decodes both first. AWS
takes a body without a content type for ``application/json``,
whatever media types count as binary; MiniStack takes it for text. AWS sends the id of a request, which the function
gets, in the header ``x-amzn-RequestId``.
"""

from __future__ import annotations

import json
import re
import uuid
from contextvars import ContextVar
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from ministack import app
from ministack.services import apigateway_v1

from deployment.emulator.lambda_functions.aliases import routed
from deployment.emulator.lambda_functions.limits import SYNCHRONOUS_BYTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Answer = tuple[int, dict[str, str], bytes]
    Outcome = tuple[dict[str, Any] | None, str | None]
    Execute = Callable[[str, str, str, str, dict[str, str], bytes, dict[str, list[str]]], Awaitable[Answer]]

# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
REQUEST_BYTES: Final = 10 * 1024 * 1024

# https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html
DEFAULT_TYPE: Final = "application/json"

# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
TOO_LONG: Final = {"message": "Request Too Long"}
FAILED: Final = "Internal server error"

# Stands for a slash within a path parameter while MiniStack matches the path; in no id, since it is no character.
SLASH: Final = "\ufdd0"

_headers: ContextVar[dict[str, str] | None] = ContextVar("headers", default=None)
_request_id: ContextVar[str] = ContextVar("request_id", default="")
_is_too_large_for_lambda: ContextVar[bool] = ContextVar("is_too_large_for_lambda", default=False)


def install() -> None:
    """Override the execution of requests and of the Lambda proxy integration."""
    app._handle_execute_api_request = _keeping_encoded_slashes(app._handle_execute_api_request)
    apigateway_v1.handle_execute = _within_gateway(apigateway_v1.handle_execute)
    apigateway_v1._call_lambda_raw = _within_lambda(apigateway_v1._call_lambda_raw)
    apigateway_v1._lambda_proxy_response = proxy_response
    apigateway_v1._build_lambda_event_v1 = _remembering_its_id(apigateway_v1._build_lambda_event_v1)


def request_headers() -> dict[str, str]:
    """Return the headers of the request that is being executed."""
    return _headers.get() or {}


def proxy_response(result: dict[str, Any]) -> Outcome:
    """Return the response of a proxy integration for the result of an invocation.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html

    Parameters
    ----------
    result
        As `deployment.emulator.lambda_functions.execute` returns it.

    Returns
    -------
    tuple
        The response and None, or None and the message of a 502.
    """
    body = result.get("body")
    if result.get("throttle"):
        return _answer(HTTPStatus.TOO_MANY_REQUESTS, body), None
    if result.get("error") or not _is_proxy_response(body):
        return None, FAILED
    return body, None


def _is_proxy_response(body: Any) -> bool:
    if not isinstance(body, dict) or not str(body.get("statusCode", "")).isdigit():
        return False
    return body.get("body") is None or isinstance(body["body"], str)


def _answer(status: HTTPStatus, body: object) -> dict[str, Any]:
    return {"statusCode": int(status), "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def _keeping_encoded_slashes(handle: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def handle_request(host: str, path: str, *request: Any, raw_path: str | None = None, **more: Any) -> Any:
        if raw_path and "%2f" in raw_path.lower():
            path = unquote(re.sub("%2f", quote(SLASH), raw_path, flags=re.IGNORECASE))
        return await handle(host, path, *request, raw_path=raw_path, **more)

    return handle_request


def _within_gateway(execute: Execute) -> Execute:
    async def handle_execute(
        api: str,
        stage: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: dict[str, list[str]],
    ) -> Answer:
        _headers.set(headers)
        _request_id.set("")
        _is_too_large_for_lambda.set(False)
        if len(body) > REQUEST_BYTES:
            return _gateway_response(api, stage, headers, "REQUEST_TOO_LARGE", TOO_LONG["message"])
        typed = {"content-type": DEFAULT_TYPE, **headers} if body else headers
        status, answered, content = await execute(api, stage, method, path, typed, body, query)
        if _is_too_large_for_lambda.get():
            status, answered, content = _gateway_response(api, stage, headers, "REQUEST_TOO_LARGE", TOO_LONG["message"])
        elif status == HTTPStatus.BAD_GATEWAY and content == json.dumps({"message": FAILED}).encode():
            _, answered, content = _gateway_response(api, stage, headers, "DEFAULT_5XX", FAILED)
        if request_id := _request_id.get():
            answered["x-amzn-requestid"] = request_id
        return status, answered, content

    return handle_execute


def _gateway_response(api: str, stage: str, headers: dict[str, str], kind: str, message: str) -> Answer:
    """Return the API's gateway response of a type."""
    scope, known = apigateway_v1.find_api_scope(api), apigateway_v1.stages_for_api(api).get(stage)
    if scope is None or known is None:
        return HTTPStatus.NOT_FOUND, {"Content-Type": "application/json"}, json.dumps({"message": "Not Found"}).encode()
    request = {
        "api_id": api,
        "stage_name": stage,
        "stage": known,
        "headers": headers,
        "query_params": {},
        "path_params": {},
        "resource_path": "",
        "request_id": _request_id.get() or str(uuid.uuid4()),
    }
    with apigateway_v1.request_scope(*scope):
        answer: Answer = apigateway_v1._gateway_error_response(apigateway_v1._gw_error(kind, message), request)
    return answer


def _remembering_its_id(build: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def build_event(*request: Any, **more: Any) -> dict[str, Any]:
        event = build(*request, **more)
        _request_id.set(event["requestContext"]["requestId"])
        return event

    return build_event


def _within_lambda(
    call: Callable[..., Awaitable[tuple[dict[str, Any] | None, str | None]]],
) -> Callable[..., Awaitable[tuple[dict[str, Any] | None, str | None]]]:
    async def call_within_limits(function: str, event: dict[str, Any], **scope: Any) -> Outcome:
        # The event is small but for its body, which JSON encoding only enlarges.
        is_large = len(event.get("body") or "") > SYNCHRONOUS_BYTES // 8
        if is_large and len(json.dumps(event)) > SYNCHRONOUS_BYTES:
            _is_too_large_for_lambda.set(True)
            return {"error": True}, None
        decoded = event.get("pathParameters") or {}
        as_sent = {name: quote(value, safe="/").replace(quote(SLASH), "%2F") for name, value in decoded.items()}
        sent: dict[str, Any] = {"pathParameters": as_sent or None}
        if "path" in event:
            sent["path"] = event["path"].replace(SLASH, "%2F")
        return await call(routed(function), event | sent, **scope)

    return call_within_limits
