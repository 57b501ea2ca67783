"""Fault injection, for tests of the engine's clients; off unless a control port is opened.

The control port takes JSON and needs no header: `POST /faults` sets a fault, `GET /faults` lists them with how many
calls each has met and into how many it was injected, `DELETE /faults` clears all, `DELETE /faults/<id>` one.
"""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

import msgspec

from model.engine.access.authentication import refuse_web_pages
from model.engine.http.messages import Application, Bodies, Message, Receive, Send, answer, head_of
from model.engine.http.wire import operations
from model.engine.monitoring.logs import log
from model.engine.personalize.errors import (
    EngineError,
    InternalFailureError,
    InvalidInputError,
    ResourceNotFoundError,
    ServiceUnavailableError,
    ThrottlingError,
)

ANY = "*"
FAULTS_MAX = 100
LONGEST_DELAY_SECONDS = 300.0
PATH = "/faults"

_encoder = msgspec.json.Encoder()


class Fault(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A fault to inject.

    Attributes
    ----------
    operation : str
        The operation whose calls it meets; "*" means every operation.
    fault : str
        "throttle" answers ThrottlingException, "unavailable" 503, "failure" 500; "delay" waits before the operation;
        "lost" runs the operation and answers 500, as when the answer gets lost on the way.
    calls : list of int
        Into which of the calls it meets it is injected, counted from 1 since it was set; empty means all.
    every : int
        Inject it into each n-th call only.
    """

    operation: str
    fault: Literal["throttle", "unavailable", "failure", "delay", "lost"]
    calls: list[Annotated[int, msgspec.Meta(ge=1)]] = []
    every: Annotated[int, msgspec.Meta(ge=1)] = 1
    seconds: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_DELAY_SECONDS)] = 0.0


class _ActiveFault(msgspec.Struct):
    """A fault that was set, with how many calls it has met and was injected into."""

    id: str
    fault: Fault
    met: int = 0
    injected: int = 0

    def count_call(self) -> bool:
        """Count a call and return whether the fault is injected into it."""
        self.met += 1
        fault = self.fault
        is_injected = (not fault.calls or self.met in fault.calls) and self.met % fault.every == 0
        self.injected += is_injected
        return is_injected

    def document(self) -> dict[str, Any]:
        return {"id": self.id, **msgspec.to_builtins(self.fault), "met": self.met, "struck": self.injected}


class Faults:
    """The faults that are set at present."""

    def __init__(self) -> None:
        self._active: dict[str, _ActiveFault] = {}
        self._last_id = 0

    def __bool__(self) -> bool:
        return bool(self._active)

    def set(self, fault: Fault) -> dict[str, Any]:
        """Set a fault and return it with its id."""
        if fault.operation != ANY and fault.operation not in operations():
            raise InvalidInputError(f"operation must be one of the three services or {ANY}, not {fault.operation[:64]}")
        if (fault.fault == "delay") != (fault.seconds > 0):
            raise InvalidInputError("a delay needs seconds above zero, and nothing else takes them")
        if len(self._active) >= FAULTS_MAX:
            raise InvalidInputError(f"there may be {FAULTS_MAX} faults at once: clear some")
        self._last_id += 1
        active = _ActiveFault(str(self._last_id), fault)
        self._active[active.id] = active
        return active.document()

    def clear(self, fault_id: str | None = None) -> None:
        """Clear one fault, or all."""
        if fault_id is None:
            self._active.clear()
        elif self._active.pop(fault_id, None) is None:
            raise ResourceNotFoundError(f"there is no fault {fault_id[:64]}")

    def documents(self) -> list[dict[str, Any]]:
        """Return the faults with the counts of their calls."""
        return [active.document() for active in self._active.values()]

    def take(self, operation: str) -> list[Fault]:
        """Count a call, and return the faults to inject into it, in the order in which they were set."""
        met = [active for active in self._active.values() if active.fault.operation in (operation, ANY)]
        return [active.fault for active in met if active.count_call()]


def error_of(fault: Fault) -> EngineError | None:
    """Return the error that a fault answers with; None for a fault that lets the operation run."""
    errors: dict[str, EngineError] = {
        "throttle": ThrottlingError("a fault switch of this engine throttles the call"),
        "unavailable": ServiceUnavailableError("a fault switch of this engine refuses the call"),
        "failure": InternalFailureError("a fault switch of this engine fails the call"),
    }
    return errors.get(fault.fault)


def make_control(faults: Faults) -> Application:
    """Return the ASGI 3 application of the control port."""
    bodies = Bodies()

    async def application(scope: Message, receive: Receive, send: Send) -> None:
        try:
            refuse_web_pages(head_of(scope))
            status, document = _control(faults, scope["method"], scope["path"], await bodies.read(receive))
        except EngineError as error:
            status, document = error.http_status, {"__type": error.name, "message": str(error)}
        await answer(send, status, _encoder.encode(document))

    return application


def _control(faults: Faults, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
    if method == "GET" and path == PATH:
        return 200, {"faults": faults.documents()}
    if method == "POST" and path == PATH:
        try:
            fault = msgspec.json.decode(body, type=Fault)
        except msgspec.DecodeError as error:
            raise InvalidInputError(f"the body is not a fault: {error}") from None
        document = faults.set(fault)
        log("fault-set", operation=fault.operation, fault=fault.fault)
        return 201, document
    if method == "DELETE" and (path == PATH or path.startswith(f"{PATH}/")):
        faults.clear(path.removeprefix(PATH).lstrip("/") or None)
        log("fault-cleared", at=time.time())
        return 200, {"faults": faults.documents()}
    raise ResourceNotFoundError(f"unknown path: there are GET, POST and DELETE {PATH}, and DELETE {PATH}/<id>")
