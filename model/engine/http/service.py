"""The ASGI application: routes a request to its operation, and encodes answers and errors."""

from __future__ import annotations

import asyncio
import time
import traceback
from typing import TYPE_CHECKING, Any

import msgspec

from model.datasets.errors import DatasetError
from model.engine.access.authentication import refuse_web_pages
from model.engine.http.faults import error_of
from model.engine.http.messages import CLOSE, JSON, Application, Bodies, Message, Receive, Send, answer, head_of
from model.engine.http.operator_pages import READING, make_pages
from model.engine.http.wire import CONTROL, Operation, operations, paths, shape_answer
from model.engine.monitoring.logs import Refusals, log
from model.engine.operations.registry import HANDLERS
from model.engine.personalize import limits
from model.engine.personalize.errors import (
    AccessDeniedError,
    EngineError,
    InternalFailureError,
    InvalidActionError,
    InvalidInputError,
    RequestTooLargeError,
    ServiceUnavailableError,
    ThrottlingError,
    documented_error,
)
from model.engine.personalize.request_ids import random_uuid

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from model.engine.access.authentication import Door
    from model.engine.http.faults import Faults
    from model.engine.operations.resources.kind import Answer
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine

TARGET_PREFIX = b"AmazonPersonalize."
JSON_11 = b"application/x-amz-json-1.1"
# Of these, a second request of the same second and content is a twin: it changes nothing that the first did not.
REPEATABLE = ("Describe", "List", "Get", "Put")

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


class Service:
    """Answers requests with the operations of an engine."""

    def __init__(self, engine: Engine, door: Door, faults: Faults) -> None:
        self._engine = engine
        self._door = door
        self._faults = faults
        self._bodies = Bodies()
        self._refusals = Refusals()

    async def operate(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        counts = self._engine.counts
        call = _Call(scope)
        counts.in_progress += 1
        try:
            body = await self._authenticate_and_answer(call, receive)
            status = 200
        except (EngineError, DatasetError) as failure:
            error = documented_error(failure)
            call.outcome, status = error.name, _status(error, scope)
            body = call.refuse(error.name, str(error))
            fields = {"request": call.request_id, "operation": call.name, "error": call.outcome}
            self._refusals.log(started, status=status, **fields)
        except RecursionError:
            call.outcome, status = InvalidInputError.name, InvalidInputError.http_status
            body = call.refuse(call.outcome, "the request is nested too deeply")
        except Exception as error:  # noqa: BLE001 - an internal error is answered and logged, never a dropped connection
            call.outcome, status = InternalFailureError.name, 500
            body = call.refuse(call.outcome, "the engine met an internal error; its log has the kind and the place")
            place = _place_of(error)
            log("failure", request=call.request_id, operation=call.name, error=type(error).__name__, place=place)
        finally:
            counts.in_progress -= 1
        await answer(send, status, body, JSON_11 if scope["path"] == "/" else JSON, call.headers)
        counts.add_request(call.name, call.outcome, time.perf_counter() - started)

    async def _authenticate_and_answer(self, call: _Call, receive: Receive) -> bytes:
        try:
            if self._engine.counts.in_progress > limits.REQUESTS_AT_ONCE:
                raise ThrottlingError(f"{limits.REQUESTS_AT_ONCE} requests are being answered: wait and try again")
            admission = self._door.admit(head_of(call.scope), time.time())
        except EngineError:
            call.arrived = await self._bodies.skip(receive)
            raise
        body = await self._bodies.read(receive)
        call.arrived = True
        operation = _operation_of(call.scope)
        repeatable = isinstance(operation, InvalidActionError) or operation.name.startswith(REPEATABLE)
        # Before an unknown operation is refused: an unauthenticated client must not learn which ones exist.
        caller = self._door.caller(admission, body, time.time(), once=not repeatable)
        if isinstance(operation, InvalidActionError):
            raise operation
        call.name = operation.name
        try:
            return await self._answer(operation, caller, body)
        except Exception:
            self._door.release(admission, time.time())
            raise

    async def _answer(self, operation: Operation, caller: Caller, body: bytes) -> bytes:
        lost = False
        if self._faults:
            lost = await self._inject_faults(operation.name)
        request = _read_request(body)
        operation.check(request)
        answered = HANDLERS[operation.name](self._engine, caller, request)
        if not isinstance(answered, dict | msgspec.Struct):
            answered = await _in_time(operation.name, answered)
        if lost:
            raise InternalFailureError("a fault switch of this engine lost the answer; the operation has been done")
        return _encoder.encode(shape_answer(operation, answered)) if operation.output else b""

    async def _inject_faults(self, name: str) -> bool:
        """Inject the faults that are set for a call; return whether its answer is to be lost."""
        lost = False
        for fault in self._faults.take(name):
            self._engine.counts.add_fault(name, fault.fault)
            error = error_of(fault)
            if error is not None:
                raise error
            await asyncio.sleep(fault.seconds)
            lost |= fault.fault == "lost"
        return lost


class _Call:
    """One request while it is processed."""

    def __init__(self, scope: Message) -> None:
        self.scope = scope
        self.request_id = random_uuid()
        self.headers = [(b"x-amzn-requestid", self.request_id.encode())]
        self.name, self.outcome = "unknown", "ok"
        self.arrived = False

    def refuse(self, name: str, message: str) -> bytes:
        """Return the body of a refusal, and note its headers."""
        self.headers.append((b"x-amzn-errortype", name.encode()))
        if not self.arrived:
            # The rest of the body is not read, so the connection cannot be reused.
            self.headers.append(CLOSE)
        return _encoder.encode({"__type": name, "message": message})


def make_application(engine: Engine, door: Door, faults: Faults) -> Application:
    """Return the ASGI 3 application that serves an engine; on loopback it serves `/metrics` as well."""
    service = Service(engine, door, faults)
    pages = make_pages(engine)
    # Metrics show names of resources, which need a key: beyond loopback they have a port of their own.
    shown = {"/health", "/ready"} if door.is_closed else {"/health", "/ready", "/metrics"}

    async def application(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] in shown and scope["method"] in READING and _may_see(door, scope):
            await pages(scope, receive, send)
        else:
            await service.operate(scope, receive, send)

    return application


def _may_see(door: Door, scope: Message) -> bool:
    if door.is_closed:
        return True
    try:
        refuse_web_pages(head_of(scope))
    except AccessDeniedError:
        return False  # the service refuses it with the reason
    return True


def _operation_of(scope: Message) -> Operation | InvalidActionError:
    if scope["method"] != "POST":
        return InvalidActionError(f"the method {scope['method'][:16]} is not allowed: every operation is a POST")
    if scope["path"] == "/":
        target = next((value for name, value in scope["headers"] if name == b"x-amz-target"), b"")
        operation = operations().get(target.removeprefix(TARGET_PREFIX).decode("latin-1"))
        if operation is None or not target.startswith(TARGET_PREFIX) or operation.service != CONTROL:
            return InvalidActionError("the header X-Amz-Target must name an operation of AmazonPersonalize")
    else:
        operation = paths().get(scope["path"])
        if operation is None:
            return InvalidActionError("unknown path: it belongs to no operation of Personalize")
    return operation


async def _in_time(name: str, running: Awaitable[Answer]) -> Answer:
    """Wait for an answer until the client's timeout; the operation itself is not interrupted."""
    task = asyncio.ensure_future(running)
    done, _ = await asyncio.wait({task}, timeout=limits.HANDLING_SECONDS)
    if not done:
        task.add_done_callback(lambda ended: log("late", operation=name, failed=str(ended.exception() is not None)))
        raise ServiceUnavailableError(f"{name} was not done within {limits.HANDLING_SECONDS:g} s; it continues")
    return task.result()


def _read_request(body: bytes) -> dict[str, Any]:
    try:
        request = _decoder.decode(body or b"{}")
    except msgspec.DecodeError as error:
        raise InvalidInputError(f"the body is not valid JSON: {error}") from None
    if not isinstance(request, dict):
        raise InvalidInputError("the body must be a JSON object")
    return request


def _status(error: EngineError, scope: Message) -> int:
    # JSON 1.1 services answer 400 where the model states no other status; only errors of the connection rather than
    # the operation keep their own.
    if scope["path"] != "/" or error.http_status >= 500 or isinstance(error, RequestTooLargeError):
        return error.http_status
    return 400


def _place_of(error: Exception) -> str:
    """Return where an error was raised, to be logged in place of its message, which might hold ids of users."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
