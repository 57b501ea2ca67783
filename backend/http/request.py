"""A request in the form of API Gateway's REST Lambda proxy integration."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from backend.http.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, as the authoriser identified it.

    Attributes
    ----------
    producer
        `page` or `server`.
    roles
        None in an answer that the gateway has cached of an authoriser that did not state them.
    reads
        The users whose recommendations it may read: `all`, `visitors`, or None.
    origins
        The origins of the pages that may send it; empty where every origin may.
    """

    producer: str
    roles: frozenset[str] | None
    reads: str | None
    origins: frozenset[str]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    Attributes
    ----------
    method
        HTTP method in capitals.
    resource
        The route as API Gateway declares it, `/recommendations/{user_id}`.
    path_parameters
        Decoded path parameters by name.
    query
        Every value of every query parameter, in the order of the request.
    headers
        Headers with their names in lower case.
    body
        Body bytes, decoded from base64.
    request_id
        For answers and logs only: the caller can set it, so that two requests may have the same.
    caller
        None for a request that no authoriser has seen, as one for a route without a key.
    """

    method: str
    resource: str
    path_parameters: dict[str, str]
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    request_id: str
    caller: Caller | None = None


def read_request(event: Mapping[str, Any]) -> Request:
    """Return the request of a REST proxy event.

    A REST API passes path parameters percent-encoded, unlike query parameters, so they are decoded here
    (https://github.com/serverless/serverless/issues/5037).

    Parameters
    ----------
    event
        The event of a Lambda proxy integration, payload format 1.0.

    Raises
    ------
    BadRequestError
        When the event declares a base64 body and the body is not base64.
    """
    query = event.get("multiValueQueryStringParameters")
    if query is None:
        query = {name: [value] for name, value in (event.get("queryStringParameters") or {}).items()}
    return Request(
        method=event["httpMethod"].upper(),
        resource=event["resource"],
        path_parameters={name: unquote(value) for name, value in (event.get("pathParameters") or {}).items()},
        query={name: list(values) for name, values in query.items()},
        headers=headers_of(event),
        body=_body_of(event),
        request_id=request_id_of(event),
        caller=caller_of(event),
    )


def headers_of(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers with their names in lower case."""
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def caller_of(event: Mapping[str, Any]) -> Caller | None:
    """Return the caller in the context that the authoriser returned, or None without one."""
    context = (event.get("requestContext") or {}).get("authorizer")
    if not context:
        return None
    roles = frozenset(context["roles"].split()) if "roles" in context else None
    return Caller(context["producer"], roles, context.get("reads"), frozenset(context.get("origins", "").split()))


def request_id_of(event: Mapping[str, Any]) -> str:
    """Return API Gateway's id of a request, which the caller sees and can set; `-` where there is none."""
    return str((event.get("requestContext") or {}).get("requestId") or "-")


def _body_of(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequestError("body", "must be base64 where the request says so") from error
