"""Loads a stream's items and users through POST /update-data."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data.replay.batches import LARGEST_BODY_BYTES, body_of
from data.replay.door import Door, DoorClosed, Patience
from data.replay.verdicts import read_verdicts
from data.stream import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from data.stream import Stream

# Records per request, as many as the door takes events.
RECORDS_PER_REQUEST = 500


@dataclass
class Loaded:
    """What became of a catalogue: records accepted by kind (`items`, `users`) and refused by reason."""

    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def load_catalogue(
    stream: Stream,
    url: str,
    api_key: str,
    *,
    patience_seconds: float = 120.0,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Loaded:
    """Post a stream's items and users by POST /update-data, 500 or 1 MB at a time.

    Parameters
    ----------
    stream
        Whose catalogue it is.
    url, api_key
        The API's base with its stage, and a key for it.
    patience_seconds
        How long one request is tried.
    on_progress
        Called with the number of records that got their outcome since the last call.

    Raises
    ------
    DoorClosed, NotAdmitted
        The door does not answer, or not to this key.
    """
    loaded = Loaded()
    door = Door(url, api_key, patience_seconds=patience_seconds)
    try:
        for kind, records in (("items", stream.items), ("users", stream.users)):
            for payloads in _in_parts(records):
                _settle(door, kind, payloads, loaded)
                on_progress(len(payloads))
    finally:
        door.close()
    return loaded


def _settle(door: Door, kind: str, payloads: list[bytes], loaded: Loaded) -> None:
    """Send records until each has its outcome."""
    patience = Patience(door.patience_seconds)
    while payloads:
        answer = door.post("/update-data", b'{"kind":"%s","records":%s}' % (kind.encode(), body_of(payloads)))
        outcomes = read_verdicts(answer, len(payloads), "records").outcomes
        for outcome in outcomes:
            if outcome == ACCEPTED:
                loaded.accepted[kind] += 1
            elif outcome is not None:
                loaded.refused[outcome] += 1
        payloads = [payload for payload, outcome in zip(payloads, outcomes, strict=True) if outcome is None]
        if payloads and not patience.pause(answer.retry_after_seconds):
            raise DoorClosed(f"{len(payloads)} {kind} were not stored in {patience.seconds:g} s")


def _in_parts(records: Iterable[dict[str, object]]) -> Iterator[list[bytes]]:
    part: list[bytes] = []
    size_bytes = 0
    for record in records:
        payload = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
        if part and (len(part) == RECORDS_PER_REQUEST or size_bytes + len(payload) > LARGEST_BODY_BYTES):
            yield part
            part, size_bytes = [], 0
        part.append(payload)
        size_bytes += len(payload) + 1
    if part:
        yield part
