"""Records of any kind, from their bytes to their verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from backend.collect.entities import take_entities
from backend.collect.intake import take_events
from backend.contract import read_event, read_item, read_user

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from backend.collect.services import Patience, Services
    from backend.collect.verdicts import Verdict
    from backend.contract import Refusal

Kind = Literal["interactions", "items", "users"]
KINDS: tuple[Kind, ...] = ("interactions", "items", "users")


def take(
    kind: Kind,
    payloads: Sequence[bytes | Refusal],
    services: Services,
    patience: Patience,
    name: str,
    now: datetime,
) -> list[Verdict]:
    """Read records and take them.

    Parameters
    ----------
    kind
        What they are.
    payloads
        The JSON of each, or why it has none.
    services
        Where they go.
    patience
        How long to insist where they are not taken.
    name
        What the objects in the lake and in the bad rows are called.
    now
        When they came.

    Returns
    -------
    list[Verdict]
        By position.
    """
    if kind == "interactions":
        events = [read_event(payload, now=now) if isinstance(payload, bytes) else payload for payload in payloads]
        return take_events(events, services, patience, name, now)
    if kind == "items":
        items = [read_item(payload) if isinstance(payload, bytes) else payload for payload in payloads]
        return take_entities(kind, items, services, patience, name, now)
    users = [read_user(payload) if isinstance(payload, bytes) else payload for payload in payloads]
    return take_entities(kind, users, services, patience, name, now)
