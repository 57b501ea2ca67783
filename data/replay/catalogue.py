"""Loads a stream's items and people through POST /update-data."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from data.replay.door import Door
from data.replay.verdicts import read_verdicts
from data.stream import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
    """Post a stream's items and users by POST /update-data, 500 at a time.

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
            for some in _in_parts(records):
                body = json.dumps({kind: some}, ensure_ascii=False, separators=(",", ":")).encode()
                for outcome in read_verdicts(door.post("/update-data", body), len(some), "records").outcomes:
                    if outcome == ACCEPTED:
                        loaded.accepted[kind] += 1
                    else:
                        loaded.refused[str(outcome)] += 1
                on_progress(len(some))
    finally:
        door.close()
    return loaded


def _in_parts(records: Iterable[dict[str, object]]) -> Iterable[list[dict[str, object]]]:
    iterator = iter(records)
    while some := list(islice(iterator, RECORDS_PER_REQUEST)):
        yield some
