"""Loads a stream's items and users through POST /update-data."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from backend.client.delivery.pauses import Pauses
from backend.client.transports.api import LARGEST_BODY_BYTES, encode_body, read_answer
from backend.client.transports.connection import Connection, ConnectionFailedError
from backend.client.transports.interface import RETRY, Answer, Problem
from data.replay.errors import ApiAccessError, ApiUnavailableError
from data.replay.senders import TIMEOUT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from data.stream import Stream

# Maximum number of records per request, equal to the limit for events.
RECORDS_PER_REQUEST = 500


@dataclass
class CatalogueResult:
    """Numbers of records accepted by kind (`items`, `users`) and refused by reason."""

    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def load_catalogue(
    stream: Stream,
    url: str,
    api_key: str,
    *,
    timeout_seconds: float = 120.0,
    on_progress: Callable[[int], None] = lambda _: None,
) -> CatalogueResult:
    """Send a stream's items and users to POST /update-data, at most 500 records or 1 MB per request.

    Parameters
    ----------
    url, api_key
        The API's base URL with its stage, and an API key.
    on_progress
        Called with the number of records settled since the last call.

    Raises
    ------
    ApiUnavailableError, ApiAccessError
        The API does not answer, or it rejects the URL or the key.
    """
    result = CatalogueResult()
    connection = Connection(url, api_key, TIMEOUT_SECONDS)
    try:
        for kind, records in (("items", stream.items), ("users", stream.users)):
            for payloads in _split_into_requests(records):
                _send_until_settled(connection, kind, payloads, result, timeout_seconds)
                on_progress(len(payloads))
    finally:
        connection.close()
    return result


def _send_until_settled(
    connection: Connection, kind: str, payloads: list[bytes], result: CatalogueResult, timeout_seconds: float
) -> None:
    """Send records until each is accepted or refused."""
    deadline = time.monotonic() + timeout_seconds
    pauses = Pauses()
    while payloads:
        answer = _send(connection, kind, payloads)
        if answer.problem is not None and answer.problem.is_permanent and not result.accepted:
            raise ApiAccessError(answer.problem.message)
        for verdict in answer.verdicts:
            if verdict.status == "accepted":
                result.accepted[kind] += 1
            elif verdict.status != "retry":
                result.refused[verdict.reason or "unknown"] += 1
        payloads = [
            payload for payload, verdict in zip(payloads, answer.verdicts, strict=True) if verdict.status == "retry"
        ]
        if payloads:
            pause = pauses.next_seconds(answer.retry_after)
            if time.monotonic() + pause > deadline:
                problem = answer.problem.message if answer.problem else "no reason"
                raise ApiUnavailableError(f"{len(payloads)} {kind} were not stored in {timeout_seconds:g} s: {problem}")
            time.sleep(pause)


def _send(connection: Connection, kind: str, payloads: list[bytes]) -> Answer:
    request = f"POST {connection.address}/update-data"
    body = b'{"kind":"%s","records":%s}' % (kind.encode(), encode_body(payloads))
    try:
        response = connection.post("/update-data", body)
    except ConnectionFailedError as error:
        return Answer([RETRY] * len(payloads), Problem(f"{request} failed: {error}"))
    return read_answer(response, len(payloads), request, "records")


def _split_into_requests(records: Iterable[dict[str, object]]) -> Iterator[list[bytes]]:
    payloads: list[bytes] = []
    size_bytes = 0
    for record in records:
        payload = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
        if payloads and (len(payloads) == RECORDS_PER_REQUEST or size_bytes + len(payload) > LARGEST_BODY_BYTES):
            yield payloads
            payloads, size_bytes = [], 0
        payloads.append(payload)
        size_bytes += len(payload) + 1
    if payloads:
        yield payloads
