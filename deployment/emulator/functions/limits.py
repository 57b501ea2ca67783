"""What Lambda refuses, that MiniStack takes."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from ministack.core.responses import error_response_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Answer = tuple[int, dict[str, str], bytes]
    Handler = Callable[..., Awaitable[Answer]]

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
SYNCHRONOUS_BYTES: Final = 6 * 1024 * 1024
ASYNCHRONOUS_BYTES: Final = 1024 * 1024
ANSWER_BYTES: Final = SYNCHRONOUS_BYTES + 100
"""An answer may be a little larger than a request: what its error message says of it."""

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
RUNTIMES: Final = frozenset(f"python3.{minor}" for minor in range(9, 15))

_INVOCATION = re.compile(r"/2015-03-31/functions/[^/]+/invocations")
_DEFINITION = re.compile(r"/2015-03-31/functions(/[^/]+/configuration)?/?")


def guarded(handle: Handler) -> Handler:
    """Refuse payloads that are too large and runtimes that cannot be had here.

    Parameters
    ----------
    handle
        MiniStack's handling of requests to Lambda.

    Returns
    -------
    Handler
        The same, behind the refusals.
    """

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        refusal = None
        if _INVOCATION.fullmatch(path):
            refusal = _too_large(headers, body)
        elif method in {"POST", "PUT"} and _DEFINITION.fullmatch(path):
            refusal = _no_such_runtime(json.loads(body or b"{}"), creating=method == "POST")
        return refusal or await handle(method, path, headers, body, query)

    return handle_request


def too_large_an_answer(answer: str) -> dict[str, str] | None:
    """Give the function error that takes the place of an answer over the limit, or None."""
    size = len(answer.encode())
    if size <= ANSWER_BYTES:
        return None
    return {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": f"Response payload size exceeded maximum allowed payload size ({ANSWER_BYTES} bytes).",
    }


def _too_large(headers: dict[str, str], body: bytes) -> Answer | None:
    asynchronous = headers.get("x-amz-invocation-type") == "Event"
    limit = ASYNCHRONOUS_BYTES if asynchronous else SYNCHRONOUS_BYTES
    if len(body) <= limit:
        return None
    message = f"{len(body)} byte payload is too large for the {'Event' if asynchronous else 'RequestResponse'} "
    message += f"invocation type (limit {limit} bytes)"
    refusal: Answer = error_response_json("RequestTooLargeException", message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return refusal


def _no_such_runtime(definition: dict[str, Any], *, creating: bool) -> Answer | None:
    runtime = definition.get("Runtime")
    if runtime in RUNTIMES or (runtime is None and not creating):
        return None
    if definition.get("PackageType") == "Image":
        message = "Functions from container images cannot run on the laptop; give a .zip archive."
    elif runtime is None:
        message = "Runtime is mandatory for functions created with deployment packages."
    else:
        message = f"Value {runtime} at 'runtime' is not one that the laptop has: {', '.join(sorted(RUNTIMES))}."
    refusal: Answer = error_response_json("InvalidParameterValueException", message, HTTPStatus.BAD_REQUEST)
    return refusal
