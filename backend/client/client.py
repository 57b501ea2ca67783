"""The client through which an application sends its events."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from backend.client.clock import Clock
from backend.client.counts import RefusedEvent
from backend.client.delivery.outbox import Outbox, Policy
from backend.client.encoding import encode_event, encode_json, wrap_payload
from backend.client.errors import InvalidEventError
from backend.client.transports.api import ApiTransport
from backend.contract.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from backend.client.counts import Counts
    from backend.client.encoding import GivenEvent
    from backend.client.transports.interface import Transport

DROPPING_DEADLINE_SECONDS = 300.0


class Client:
    """Sends events in the background, in order, with retries; each has exactly one counted outcome.

    One client per process is enough; all threads may use it. In a forked child it is empty and works at once.

    Parameters
    ----------
    target
        The API's base URL with its stage, such as `https://api.example.com/v1`, or a transport, such as
        `rivulet_producer.transports.stream.StreamTransport`.
    key
        The API key; not for a transport.
    max_events, max_bytes
        Events that may wait in memory, and the bytes of their JSON.
    linger
        Seconds that an event waits for others to share its request.
    timeout
        Seconds to connect, and to wait for an answer; not for a transport, which has its own.
    deadline
        Seconds after which an event that is not confirmed is lost. None means 300 s with ``when_full="drop"`` and no
        spool, and no deadline otherwise.
    when_full
        ``"drop"`` counts the event as dropped, ``"block"`` waits for room.
    when_invalid
        What happens to an event that breaks the contract: ``"raise"`` an `InvalidEventError`, count it as refused
        (``"refuse"``), or ``"send"`` events as they are, unchecked, for the API to decide.
    spool
        Folder in which events are kept until they are delivered, even where the process is killed; it is made if it
        does not exist.
    on_refused
        Called with each `RefusedEvent`, in the thread that delivers or, if it was refused here, that sends.
    on_lost
        Called with the JSON of each lost event.
    background
        False without a thread: events are sent by `flush`, `close`, or when the queue is full and blocks.
    """

    def __init__(  # noqa: PLR0913 - all but two have a default
        self,
        target: str | Transport,
        key: str | None = None,
        *,
        max_events: int = 10_000,
        max_bytes: int = 16 * 1024 * 1024,
        linger: float = 1.0,
        timeout: tuple[float, float] = (3.0, 10.0),
        deadline: float | None = None,
        when_full: Literal["drop", "block"] = "drop",
        when_invalid: Literal["raise", "refuse", "send"] = "raise",
        spool: str | PathLike[str] | None = None,
        on_refused: Callable[[RefusedEvent], None] | None = None,
        on_lost: Callable[[bytes], None] | None = None,
        background: bool = True,
    ) -> None:
        _check_one_of("when_full", when_full, ("drop", "block"))
        _check_one_of("when_invalid", when_invalid, ("raise", "refuse", "send"))
        _check_positive(max_events=max_events, max_bytes=max_bytes, deadline=deadline)
        if linger < 0:
            raise ValueError(f"linger is {linger}; it must not be less than 0")
        if spool is not None and when_invalid == "send":
            raise ValueError('a spool holds valid events only, so when_invalid must be "raise" or "refuse"')
        if deadline is None and when_full == "drop" and spool is None:
            deadline = DROPPING_DEADLINE_SECONDS
        policy = Policy(
            max_events=max_events,
            max_bytes=max_bytes,
            linger=linger,
            deadline=deadline,
            drops_when_full=when_full == "drop",
            has_thread=background,
            spool=None if spool is None else Path(spool),
            on_refused=on_refused,
            on_lost=on_lost,
        )
        self._clock = Clock()
        self._when_invalid = when_invalid
        self._on_refused = on_refused
        self._outbox = Outbox(_transport(target, key, timeout), policy, self._clock)
        # A client that is dropped without `close` leaves no thread; at the exit of the process all are closed.
        weakref.finalize(self, self._outbox.retire).atexit = False

    def send(self, event: GivenEvent) -> str | None:
        """Add an event to those that are sent; return its id, or None where it was dropped or refused.

        It is encoded before this returns, so later changes to the object do not matter. A mapping without a timestamp
        gets the time of now. The id is the event's own, or is derived from its fields: two events that are alike in
        every field are one.

        Raises
        ------
        InvalidEventError
            It breaks the contract, and `when_invalid` is ``"raise"``; or it is to be sent unchecked and has no form in
            JSON.
        ClientClosedError
            The client is closed.
        """
        if self._when_invalid == "send":
            payload = encode_json(event)
            if isinstance(payload, Refusal):
                raise InvalidEventError(payload)
            entry = wrap_payload(payload)
        else:
            encoded = encode_event(event, self._clock)
            if isinstance(encoded, Refusal):
                self._refuse(encoded)
                return None
            entry, is_denied = encoded
            if is_denied:
                # Without consent it leaves neither this process nor a trace on its disk.
                self._outbox.count_settled(suppressed=1)
                return entry.event_id
        return entry.event_id if self._outbox.put(entry) else None

    def flush(self, timeout: float = 30.0) -> Counts:
        """Deliver all events that were sent before, and return the counts; `pending` are those that were not.

        Where only a change of the key, the address or the rights can help, it returns after one attempt: `problem` has
        the reason.

        With asyncio: ``await asyncio.to_thread(client.flush)``.
        """
        return self._outbox.flush(timeout)

    def close(self, timeout: float = 30.0) -> Counts:
        """Take no more events, and deliver those that wait as `flush` does; others are lost, or stay in the spool."""
        return self._outbox.close(timeout)

    def stats(self) -> Counts:
        """Return the counts of this process."""
        return self._outbox.counts()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _refuse(self, refusal: Refusal) -> None:
        if self._when_invalid == "raise":
            raise InvalidEventError(refusal)
        self._outbox.count_settled(refused=1)
        self._outbox.log_refusal(refusal.reason)
        event = RefusedEvent(refusal.payload, None, refusal.reason, refusal.errors)
        self._outbox.report(self._on_refused, event, "on_refused")


def _transport(target: str | Transport, key: str | None, timeout: tuple[float, float]) -> Transport:
    if not isinstance(target, str):
        if key is not None:
            raise ValueError("a key belongs to a URL; a transport has its own")
        return target
    if key is None:
        raise ValueError("a URL needs a key, as the API's owner gave it")
    return ApiTransport(target, key, timeout=timeout)


def _check_one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(known)}")


def _check_positive(**values: float | None) -> None:
    for name, value in values.items():
        if value is not None and value <= 0:
            raise ValueError(f"{name} is {value}; it must be more than 0")
