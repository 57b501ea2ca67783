"""A request as API Gateway's REST Lambda proxy integration hands it over."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from backend.http.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Mapping


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
        Every value of every query parameter, in the order they came.
    headers
        Headers with their names in lower case.
    body
        Body bytes, already out of base64.
    request_id
        API Gateway's id of this request.
    """

    method: str
    resource: str
    path_parameters: dict[str, str]
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    request_id: str


def read_request(event: Mapping[str, Any]) -> Request:
    """Read a REST proxy event.

    Path parameters come percent-encoded from a REST API, unlike query parameters, so they are decoded here
    (https://github.com/serverless/serverless/issues/5037).

    Parameters
    ----------
    event
        The event of a Lambda proxy integration, payload format 1.0.

    Returns
    -------
    Request
        The request.

    Raises
    ------
    BadRequest
        When the body says it is base64 and is not.
    """
    query = event.get("multiValueQueryStringParameters")
    if query is None:
        query = {name: [value] for name, value in (event.get("queryStringParameters") or {}).items()}
    return Request(
        method=event["httpMethod"].upper(),
        resource=event["resource"],
        path_parameters={name: unquote(value) for name, value in (event.get("pathParameters") or {}).items()},
        query={name: list(values) for name, values in query.items()},
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        body=_body_of(event),
        request_id=request_id_of(event),
    )


def request_id_of(event: Mapping[str, Any]) -> str:
    """Find API Gateway's id of a request, `-` where there is none.

    Parameters
    ----------
    event
        The event of a Lambda proxy integration.

    Returns
    -------
    str
        The id that the caller also sees in the `x-amzn-RequestId` header.
    """
    return str((event.get("requestContext") or {}).get("requestId") or "-")


def _body_of(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest("body", "must be base64 where the request says so") from error
