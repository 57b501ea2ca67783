"""Faults on purpose, for those who test what calls the engine: off unless a control port is opened.

The control port speaks JSON and needs no header at all: `POST /faults` sets a fault, `GET /faults` lists them with how
often each was met and struck, `DELETE /faults` clears all, `DELETE /faults/<id>` one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

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

if TYPE_CHECKING:
    from collections.abc import Iterator

ANY = "*"
FAULTS_MAX = 100
LONGEST_DELAY_SECONDS = 300.0
PATH = "/faults"

_encoder = msgspec.json.Encoder()


class Fault(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One fault that is asked for.

    Attributes
    ----------
    operation : str
        Whose calls it meets; "*" means every operation.
    fault : str
        "throttle" answers ThrottlingException, "unavailable" 503, "failure" 500, "delay" waits and goes on, "lost"
        does what is asked and answers 500, as when the answer gets lost on the way.
    calls : list of int
        Which of the calls it meets it strikes, counted from 1 since it was set; empty means all.
    every : int
        Strike each n-th call only.
    seconds : float
        How long "delay" waits.
    """

    operation: str
    fault: Literal["throttle", "unavailable", "failure", "delay", "lost"]
    calls: list[Annotated[int, msgspec.Meta(ge=1)]] = []
    every: Annotated[int, msgspec.Meta(ge=1)] = 1
    seconds: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_DELAY_SECONDS)] = 0.0


class _Standing(msgspec.Struct):
    """A fault that was set, with what it has met since."""

    id: str
    asked: Fault
    met: int = 0
    struck: int = 0

    def strikes(self) -> bool:
        self.met += 1
        asked = self.asked
        struck = (not asked.calls or self.met in asked.calls) and self.met % asked.every == 0
        self.struck += struck
        return struck

    def told(self) -> dict[str, Any]:
        return {"id": self.id, **msgspec.to_builtins(self.asked), "met": self.met, "struck": self.struck}


class Faults:
    """The faults that are set at present."""

    def __init__(self) -> None:
        self._standing: dict[str, _Standing] = {}
        self._made = 0

    def __bool__(self) -> bool:
        return bool(self._standing)

    def set(self, fault: Fault) -> dict[str, Any]:
        """Set a fault.

        Returns
        -------
        dict
            The fault with its id.
        """
        if fault.operation != ANY and fault.operation not in operations():
            raise InvalidInputError(f"operation must be one of the three services or {ANY}, not {fault.operation[:64]}")
        if (fault.fault == "delay") != (fault.seconds > 0):
            raise InvalidInputError("a delay needs seconds above zero, and nothing else takes them")
        if len(self._standing) >= FAULTS_MAX:
            raise InvalidInputError(f"there may be {FAULTS_MAX} faults at once: clear some")
        self._made += 1
        made = _Standing(str(self._made), fault)
        self._standing[made.id] = made
        return made.told()

    def clear(self, fault_id: str | None = None) -> None:
        """Clear one fault, or all.

        Parameters
        ----------
        fault_id : str, optional
        """
        if fault_id is None:
            self._standing.clear()
        elif self._standing.pop(fault_id, None) is None:
            raise ResourceNotFoundError(f"there is no fault {fault_id[:64]}")

    def told(self) -> list[dict[str, Any]]:
        """Return the faults with how often each was met and struck."""
        return [one.told() for one in self._standing.values()]

    def strike(self, operation: str) -> Iterator[Fault]:
        """Count a call, and yield the faults that strike it, in the order in which they were set."""
        met = [one for one in self._standing.values() if one.asked.operation in (operation, ANY)]
        # All are counted before any strikes, for the first that does may end the call.
        yield from [one.asked for one in met if one.strikes()]


def error_of(fault: Fault) -> EngineError | None:
    """Return what a call is refused with, or None where the fault lets it be done."""
    made: dict[str, EngineError] = {
        "throttle": ThrottlingError("a fault switch of this engine throttles the call"),
        "unavailable": ServiceUnavailableError("a fault switch of this engine refuses the call"),
        "failure": InternalFailureError("a fault switch of this engine fails the call"),
    }
    return made.get(fault.fault)


def make_control(faults: Faults) -> Application:
    """Return the application of the control port.

    Returns
    -------
    callable
        ASGI 3.
    """
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
        return 200, {"faults": faults.told()}
    if method == "POST" and path == PATH:
        try:
            fault = msgspec.json.decode(body, type=Fault)
        except msgspec.DecodeError as error:
            raise InvalidInputError(f"the body is not a fault: {error}") from None
        made = faults.set(fault)
        log("fault-set", operation=fault.operation, fault=fault.fault)
        return 201, made
    if method == "DELETE" and (path == PATH or path.startswith(f"{PATH}/")):
        faults.clear(path.removeprefix(PATH).lstrip("/") or None)
        log("fault-cleared", at=time.time())
        return 200, {"faults": faults.told()}
    raise ResourceNotFoundError(f"there are GET, POST and DELETE {PATH}, and DELETE {PATH}/<id>")
