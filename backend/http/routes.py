"""Routes to functions, with every error mapped to its answer in one place."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from backend.contract.access.roles import ROUTES
from backend.http.answer import Answer, answer
from backend.http.cors import check_origin, cors_headers
from backend.http.errors import ForbiddenError, HttpError, NotFoundError
from backend.http.request import Request, caller_of, headers_of, read_request, request_id_of

Route = tuple[str, str]
Endpoint = Callable[[Request], Answer]
Handler = Callable[[Mapping[str, Any], object], Answer]

_logger = logging.getLogger(__name__)


def routes(table: Mapping[Route, Endpoint]) -> Handler:
    """Return the Lambda handler of a set of routes.

    An `HttpError` becomes its status with the field and the rule. Any other exception becomes a 500 with nothing but
    the request id, under which the log has the cause. Pages of listed origins can read every answer.

    Parameters
    ----------
    table
        The function of each method and API Gateway resource, such as `("GET", "/recommendations/{user_id}")`.
    """

    def handle(event: Mapping[str, Any], _context: object) -> Answer:
        answered = _answer(table, event, request_id_of(event))
        answered["headers"].update(cors_headers(headers_of(event).get("origin"), caller_of(event)))
        return answered

    return handle


def _answer(table: Mapping[Route, Endpoint], event: Mapping[str, Any], request_id: str) -> Answer:
    try:
        request = read_request(event)
        _check_roles(request)
        check_origin(request.headers, request.caller)
        return table.get((request.method, request.resource), _no_route)(request)
    except HttpError as error:
        return error_answer(error, request_id)
    except Exception as error:  # noqa: BLE001 - the last resort: the caller gets JSON and the log gets the cause
        _logger.error("request %s failed: %s", request_id, _cause(error))  # noqa: TRY400 - messages may hold user ids
        return error_answer(HttpError("the request failed; the log has the cause under its request id"), request_id)


def _check_roles(request: Request) -> None:
    """Raise `ForbiddenError` where the caller may not call a route, as the authoriser should have refused it."""
    access, caller = ROUTES.get(f"{request.method} {request.resource}"), request.caller
    if access is None or not access.roles:
        return
    if caller is None or (caller.roles is not None and not access.permits(caller.roles, caller.producer)):
        raise ForbiddenError("the roles of the key do not permit this request")


def _cause(error: BaseException) -> str:
    """Return the types of an exception and of its causes, and where they were raised, without their messages."""
    causes = []
    cause: BaseException | None = error
    while cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        causes.append(" < ".join([type(cause).__name__, *(f"{each.filename}:{each.lineno}" for each in frames[::-1])]))
        cause = cause.__cause__ or cause.__context__
    return "; from ".join(causes)


def error_answer(error: HttpError, request_id: str) -> Answer:
    """Return `{"error": {"code", "message", "field"?, "rule"?}, "request_id"}` with the error's status."""
    fields = {"code": error.code, "message": error.message, "field": error.field, "rule": error.rule}
    body = {"error": {name: value for name, value in fields.items() if value is not None}, "request_id": request_id}
    headers = {} if error.retry_after_seconds is None else {"Retry-After": str(error.retry_after_seconds)}
    return answer(error.status, body, headers)


def _no_route(request: Request) -> Answer:
    raise NotFoundError("path", f"{request.method} {request.resource} is not a route of this function")
