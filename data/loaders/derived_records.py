"""Derives item and user records from events, for sources without records of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from data.stream import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from data.stream import RawEvent


def derive_records(events: Iterable[RawEvent], id_field: str) -> list[dict[str, object]]:
    """Return one record per `item_id` or `user_id` in the accepted events, which are in order of time.

    The records are in order of appearance, each created when its id first appears.
    """
    records: dict[str, dict[str, object]] = {}
    for event in events:
        if event.outcome == ACCEPTED:
            fields = json.loads(event.payload)
            record_id = fields.get(id_field)
            if record_id is not None and record_id not in records:
                records[record_id] = {id_field: record_id, "created_at": fields["timestamp"]}
    return list(records.values())
