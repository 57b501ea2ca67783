"""The ASGI application: which operation a request asks for, and how answers and errors look on the wire."""

from __future__ import annotations

import inspect
import time
import traceback
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

import msgspec

from model.engine import limits
from model.engine.arns import caller_of
from model.engine.errors import EngineError, InvalidActionError, InvalidInputError, RequestTooLargeError
from model.engine.logs import log
from model.engine.operations.registry import HANDLERS
from model.engine.wire import CONTROL, Operation, operations, paths, shape_answer

if TYPE_CHECKING:
    from model.engine.engine import Engine

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

TARGET_PREFIX = b"AmazonPersonalize."
JSON_11 = b"application/x-amz-json-1.1"
JSON = b"application/json"

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


def make_application(engine: Engine) -> Application:
    """Return the application that serves an engine.

    Parameters
    ----------
    engine : Engine

    Returns
    -------
    callable
        ASGI 3.
    """

    async def application(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] == "GET" and scope["path"] == "/health":
            await _send(send, 200, JSON, b'{"status":"ok"}')
        elif scope["method"] == "GET" and scope["path"] == "/metrics":
            page = engine.counts.page(engine.gauges())
            await _send(send, 200, b"text/plain; version=0.0.4; charset=utf-8", page.encode())
        else:
            await _operate(engine, scope, receive, send)

    return application


async def _operate(engine: Engine, scope: Message, receive: Receive, send: Send) -> None:
    started = time.perf_counter()
    name, outcome, status = "unknown", "ok", 200
    content_type = JSON_11 if scope["path"] == "/" else JSON
    headers: dict[bytes, bytes] = dict(scope["headers"])
    extra: list[tuple[bytes, bytes]] = []
    try:
        operation = _operation_of(scope, headers)
        name = operation.name
        request = _read_request(await _read_body(receive))
        operation.check(request)
        caller = caller_of(headers.get(b"authorization"), engine.caller)
        found = HANDLERS[name](engine, caller, request)
        answer = await found if inspect.isawaitable(found) else found
        body = _encoder.encode(shape_answer(operation, answer)) if operation.output else b""
    except EngineError as error:
        outcome, status = error.name, _status(error, scope)
        body, extra = _error_body(error.name, str(error))
        log("refused", operation=name, error=outcome, status=status)
    except Exception as error:  # noqa: BLE001 - a fault of ours is answered and named, never a dropped connection
        outcome, status = "InternalFailure", 500
        body, extra = _error_body(outcome, "the engine met an internal error; its log has the kind and the place")
        log("failure", operation=name, error=type(error).__name__, place=_place_of(error))
    await _send(send, status, content_type, body, extra)
    engine.counts.add_request(name, outcome, time.perf_counter() - started)


def _operation_of(scope: Message, headers: dict[bytes, bytes]) -> Operation:
    if scope["method"] != "POST":
        raise InvalidActionError(f"there is nothing to {scope['method'][:16]} at this path")
    if scope["path"] == "/":
        target = headers.get(b"x-amz-target", b"")
        operation = operations().get(target.removeprefix(TARGET_PREFIX).decode("latin-1"))
        if operation is None or not target.startswith(TARGET_PREFIX) or operation.service != CONTROL:
            raise InvalidActionError("the header X-Amz-Target names no operation of AmazonPersonalize")
    else:
        operation = paths().get(scope["path"])
        if operation is None:
            raise InvalidActionError("the path is of no operation")
    if operation.name not in HANDLERS:
        raise InvalidActionError(f"{operation.name} is not offered yet by this engine")
    return operation


async def _read_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidInputError("the request ended before its body did")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limits.BODY_BYTES:
            raise RequestTooLargeError(f"the body has more than {limits.BODY_BYTES} bytes")
        if not message.get("more_body"):
            return b"".join(parts)


def _read_request(body: bytes) -> dict[str, Any]:
    try:
        request = _decoder.decode(body or b"{}")
    except msgspec.DecodeError as error:
        raise InvalidInputError(f"the body is not valid JSON: {error}") from None
    if not isinstance(request, dict):
        raise InvalidInputError("the body must be a JSON object")
    return request


def _status(error: EngineError, scope: Message) -> int:
    # Services that speak JSON 1.1 answer 400 unless the model says otherwise, and this one says nothing.
    return 400 if scope["path"] == "/" and error.http_status < 500 else error.http_status


def _error_body(name: str, message: str) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    return _encoder.encode({"__type": name, "message": message}), [(b"x-amzn-errortype", name.encode())]


def _place_of(error: Exception) -> str:
    """Return where an error was raised; its message might hold ids of people."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"


async def _send(
    send: Send, status: int, content_type: bytes, body: bytes, extra: list[tuple[bytes, bytes]] | None = None
) -> None:
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-requestid", str(uuid.uuid4()).encode()),
        *(extra or ()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
