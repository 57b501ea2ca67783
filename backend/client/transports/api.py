"""Batches by `POST /events`, with the verdict on each event."""

from __future__ import annotations

import time
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from backend.client.transports.connection import Connection, ConnectionFailedError
from backend.client.transports.interface import RETRY, Answer, Problem, Verdict
from backend.contract.instants import read_instant
from backend.contract.limits import MAX_EVENTS_PER_REQUEST
from backend.contract.refusal import FieldError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backend.client.transports.connection import Response
    from backend.client.transports.interface import Entry, Status

LARGEST_BODY_BYTES = 1_000_000
"""Bytes of a body before compression; the API accepts 1 MiB."""

COMPRESSED_FROM_BYTES = 1024

LEAST_CLOCK_OFFSET_SECONDS = 2.0
"""A smaller difference is not corrected: it matters to no recommendation."""

_GZIP_BITS = 31
_FASTEST = 1
_REFUSED, _TOO_LARGE = 400, 413
_RETRIED = frozenset({408, 425, 429})
_SERVER_ERROR, _FIRST_ERROR = 500, 300
_PERMANENT = {
    401: "no API key was accepted",
    403: "the API key is not valid, was revoked or may not write events, or the URL is not the API's",
    404: "the path does not exist; the URL must end with the stage, such as https://…/v1",
}
_CONTENT_TYPES = frozenset({"application/json", "application/xml", "text/html", "text/plain", "text/xml"})
_STATUSES: dict[str, Status] = {
    "accepted": "accepted",
    "refused": "refused",
    "suppressed": "suppressed",
    "retry": "retry",
}


class _Verdict(msgspec.Struct):
    status: str
    index: int | None = None
    event_id: str | None = None
    reason: str | None = None
    errors: tuple[FieldError, ...] = ()


class _Error(msgspec.Struct):
    code: str | None = None
    field: str | None = None
    rule: str | None = None


class _Body(msgspec.Struct):
    events: list[_Verdict] | None = None
    records: list[_Verdict] | None = None
    error: _Error | None = None
    server_time: str | None = None


_decode = msgspec.json.Decoder(_Body).decode


class ApiTransport:
    """Sends batches to one API.

    Parameters
    ----------
    url, key
        The API's base URL with its stage, and a key that may write events.
    timeout
        Seconds to connect, and to wait for an answer.
    batch_events
        Most events per request, 1 to 500.
    """

    batch_bytes = LARGEST_BODY_BYTES

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: tuple[float, float] = (3.0, 10.0),
        batch_events: int = MAX_EVENTS_PER_REQUEST,
    ) -> None:
        if not 1 <= batch_events <= MAX_EVENTS_PER_REQUEST:
            raise ValueError(
                f"the batch size is {batch_events}; the API accepts 1 to {MAX_EVENTS_PER_REQUEST} events per request"
            )
        self.batch_events = batch_events
        self._connection = Connection(url, key, timeout)

    def deliver(self, batch: Sequence[Entry], seconds: float | None = None) -> Answer:
        """Post a batch once."""
        body = encode_body([entry.payload for entry in batch], is_json=batch[0].is_json)
        headers = {}
        if len(body) >= COMPRESSED_FROM_BYTES:
            packer = zlib.compressobj(_FASTEST, wbits=_GZIP_BITS)
            body = packer.compress(body) + packer.flush()
            headers["content-encoding"] = "gzip"
        began, began_at = time.monotonic(), datetime.now(UTC)
        try:
            response = self._connection.post("/events", body, headers, seconds)
        except ConnectionFailedError as error:
            return Answer([RETRY] * len(batch), Problem(f"POST {self._connection.address}/events failed: {error}"))
        return read_answer(
            response,
            len(batch),
            f"POST {self._connection.address}/events",
            asked=(began_at, time.monotonic() - began),
        )

    def close(self) -> None:
        """Close the connection; the next batch opens another."""
        self._connection.close()


def encode_body(payloads: list[bytes], *, is_json: bool = True) -> bytes:
    """Return JSON texts as an array; anything else, which is a batch of its own, unchanged."""
    return b"[" + b",".join(payloads) + b"]" if is_json else b"".join(payloads)


def read_answer(
    response: Response,
    sent: int,
    request: str,
    list_field: str = "events",
    asked: tuple[datetime, float] | None = None,
) -> Answer:
    """Return one verdict per event, or record, from a response to POST /events or POST /update-data.

    Parameters
    ----------
    request
        Names the request in problems.
    asked
        When the request began by this machine's clock, and how many seconds it took.
    """
    body = _read_body(response)
    offset = _clock_offset(body, asked) if body and asked else None
    stated = getattr(body, list_field) if body else None
    if stated is not None:
        verdicts = _match(stated, sent)
        problem = None
        if any(verdict is RETRY for verdict in verdicts):
            waiting = sum(verdict is RETRY for verdict in verdicts)
            problem = Problem(f"{request} answered {response.status}: {waiting} of {sent} must be sent again")
        return Answer(verdicts, problem, response.retry_after, clock_offset=offset)
    status = response.status
    # Only the API's own error is a verdict on the events: a proxy or another service answers 400 and 413 as well.
    error = body.error if body else None
    if error and _is_refusal(status, error):
        return Answer([_whole(status, error)] * sent, is_refused_as_a_whole=True, clock_offset=offset)
    return Answer(
        [RETRY] * sent,
        _problem(response, request),
        response.retry_after,
        is_refused_as_a_whole=status == _TOO_LARGE,  # halves may pass
        clock_offset=offset,
    )


def _read_body(response: Response) -> _Body | None:
    try:
        return _decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _match(stated: list[_Verdict], sent: int) -> list[Verdict]:
    """Return the verdict on each event by its index; an event without one, or with an unknown one, is sent again."""
    verdicts = [RETRY] * sent
    for position, verdict in enumerate(stated):
        index = position if verdict.index is None else verdict.index
        status = _STATUSES.get(verdict.status, "retry")
        if 0 <= index < sent and status != "retry":
            verdicts[index] = Verdict(status, verdict.event_id, verdict.reason, verdict.errors)
    return verdicts


def _is_refusal(status: int, error: _Error) -> bool:
    """Return whether the API refused the body: its function with field and rule, or its gateway as too large."""
    if status == _TOO_LARGE:
        return error.code == "too_large"
    return status == _REFUSED and None not in (error.code, error.field, error.rule)


def _whole(status: int, error: _Error) -> Verdict:
    if status == _TOO_LARGE:
        return Verdict("refused", reason="too_large", errors=_errors(error, "is too large for the API"))
    # An array that is neither empty nor too long is refused as a whole only where it is not valid JSON.
    is_malformed = error.field == "body" and error.code in {"bad_request", "malformed_json"}
    reason = "malformed_json" if is_malformed else error.code
    return Verdict("refused", reason=reason, errors=_errors(error, "was refused without a reason"))


def _errors(error: _Error, otherwise: str) -> tuple[FieldError, ...]:
    return (FieldError(error.field or "body", error.rule or otherwise),)


def _problem(response: Response, request: str) -> Problem:
    status = response.status
    if status in _PERMANENT:
        return Problem(f"{request} answered {status}: {_PERMANENT[status]}", is_permanent=True)
    if status < _FIRST_ERROR:
        kind = response.content_type.partition(";")[0].strip().lower()
        kind = kind if kind in _CONTENT_TYPES else "unknown"  # a header may repeat the key
        return Problem(f"{request} answered {status} without a verdict per event (content type {kind}): is it the API?")
    if status in _RETRIED or status >= _SERVER_ERROR:
        return Problem(f"{request} answered {status}")
    if status < _REFUSED:
        message = f"{request} answered {status}: a redirection, which is not followed, so that the key stays here"
        return Problem(message, is_permanent=True)
    return Problem(f"{request} answered {status} without a verdict per event: is it the API?", is_permanent=True)


def _clock_offset(body: _Body, asked: tuple[datetime, float]) -> float | None:
    """Return the seconds by which the server's clock is ahead: 0 where that is few, None where the request hides it."""
    if body.server_time is None:
        return None
    try:
        server_time = read_instant(body.server_time)
    except ValueError:
        return None
    began_at, took = asked
    offset = (server_time - began_at).total_seconds() - took / 2
    if abs(offset) <= LEAST_CLOCK_OFFSET_SECONDS:
        return 0.0
    return offset if abs(offset) > took else None
