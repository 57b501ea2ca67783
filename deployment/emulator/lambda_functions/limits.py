"""Lambda's limits on payloads and runtimes, which MiniStack does not enforce."""

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
"""The limit of a response, a little above that of a request, as Lambda's error message states it."""

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
RUNTIMES: Final = frozenset(f"python3.{minor}" for minor in range(9, 15))

_INVOCATION = re.compile(r"/2015-03-31/functions/[^/]+/invocations")
_DEFINITION = re.compile(r"/2015-03-31/functions(/[^/]+/configuration)?/?")


def with_limits(handle: Handler) -> Handler:
    """Refuse payloads that are too large and runtimes that cannot be had here."""

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        error = None
        if _INVOCATION.fullmatch(path):
            error = _payload_too_large_error(headers, body)
        elif method in {"POST", "PUT"} and _DEFINITION.fullmatch(path):
            error = _unsupported_runtime_error(json.loads(body or b"{}"), creating=method == "POST")
        return error or await handle(method, path, headers, body, query)

    return handle_request


def response_too_large_error(answer: str) -> dict[str, str] | None:
    """Return the function error that replaces a response over the limit, or None."""
    if len(answer.encode()) <= ANSWER_BYTES:
        return None
    return {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": f"Response payload size exceeded maximum allowed payload size ({ANSWER_BYTES} bytes).",
    }


def _payload_too_large_error(headers: dict[str, str], body: bytes) -> Answer | None:
    asynchronous = headers.get("x-amz-invocation-type") == "Event"
    limit = ASYNCHRONOUS_BYTES if asynchronous else SYNCHRONOUS_BYTES
    if len(body) <= limit:
        return None
    message = f"{len(body)} byte payload is too large for the {'Event' if asynchronous else 'RequestResponse'} "
    message += f"invocation type (limit {limit} bytes)"
    error: Answer = error_response_json("RequestTooLargeException", message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return error


def _unsupported_runtime_error(definition: dict[str, Any], *, creating: bool) -> Answer | None:
    runtime = definition.get("Runtime")
    if runtime in RUNTIMES or (runtime is None and not creating):
        return None
    if definition.get("PackageType") == "Image":
        message = "Functions from container images cannot run on the laptop; give a .zip archive."
    elif runtime is None:
        message = "Runtime is mandatory for functions created with deployment packages."
    else:
        message = f"Value {runtime} at 'runtime' does not run on the laptop: {', '.join(sorted(RUNTIMES))} do."
    error: Answer = error_response_json("InvalidParameterValueException", message, HTTPStatus.BAD_REQUEST)
    return error
