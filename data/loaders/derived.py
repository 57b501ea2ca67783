"""Items and users of a source that has none of its own: who and what its events name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from data.stream import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from data.stream import RawEvent


def derive(events: Iterable[RawEvent], identity: str) -> list[dict[str, object]]:
    """Return one record per id that accepted events name, first seen as its creation, in order of appearance.

    Parameters
    ----------
    events
        In order of time.
    identity
        `item_id` or `user_id`.
    """
    found: dict[str, dict[str, object]] = {}
    for event in events:
        if event.outcome == ACCEPTED:
            fields = json.loads(event.payload)
            name = fields.get(identity)
            if name is not None and name not in found:
                found[name] = {identity: name, "created_at": fields["timestamp"]}
    return list(found.values())
