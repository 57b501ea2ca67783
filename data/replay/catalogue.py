"""Loads a stream's items and users through POST /update-data."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data.replay.batches import LARGEST_BODY_BYTES, encode_body
from data.replay.http_client import ApiClient, ApiUnavailableError, RetryDeadline
from data.replay.outcomes import read_outcomes
from data.stream import ACCEPTED

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
    client = ApiClient(url, api_key, timeout_seconds=timeout_seconds)
    try:
        for kind, records in (("items", stream.items), ("users", stream.users)):
            for payloads in _split_into_requests(records):
                _send_until_settled(client, kind, payloads, result)
                on_progress(len(payloads))
    finally:
        client.close()
    return result


def _send_until_settled(client: ApiClient, kind: str, payloads: list[bytes], result: CatalogueResult) -> None:
    """Send records until each is accepted or refused."""
    deadline = RetryDeadline(client.timeout_seconds)
    while payloads:
        response = client.post("/update-data", b'{"kind":"%s","records":%s}' % (kind.encode(), encode_body(payloads)))
        outcomes = read_outcomes(response, len(payloads), "records").outcomes
        for outcome in outcomes:
            if outcome == ACCEPTED:
                result.accepted[kind] += 1
            elif outcome is not None:
                result.refused[outcome] += 1
        payloads = [payload for payload, outcome in zip(payloads, outcomes, strict=True) if outcome is None]
        if payloads and not deadline.pause(response.retry_after_seconds):
            raise ApiUnavailableError(f"{len(payloads)} {kind} were not stored in {deadline.seconds:g} s")


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
