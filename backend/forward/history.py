"""Each user's recent history: one item per event, in the order they happened."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from backend.forward.delivery import WORKERS
from backend.forward.identity import user_of
from backend.forward.patience import GaveUp, Patience, Refused, Unfinished, insist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from backend.forward.reading import Arrival

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
MAX_WRITES_PER_CALL = 25
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html (sort key length, bytes)
MAX_SORT_KEY_BYTES = 1024
DAY_SECONDS = 24 * 60 * 60


def remember(
    arrivals: Sequence[Arrival], client: DynamoDBClient, table: str, days: int, patience: Patience
) -> list[Arrival]:
    """Write events into the history; writing one twice changes nothing.

    Parameters
    ----------
    arrivals
        Events that the tracker has.
    client
        DynamoDB.
    table
        Name of the history table.
    days
        How long an event is kept after it came in. Not after it happened: old events that are replayed are news too.
    patience
        How long to insist.

    Returns
    -------
    list[Arrival]
        Events that may not have been written.
    """
    chunks = [arrivals[start : start + MAX_WRITES_PER_CALL] for start in range(0, len(arrivals), MAX_WRITES_PER_CALL)]
    if not chunks:
        return []
    with ThreadPoolExecutor(min(WORKERS, len(chunks)), thread_name_prefix="history") as pool:
        written = pool.map(lambda chunk: _write(chunk, client, table, days, patience), chunks)
        return [arrival for chunk, done in zip(chunks, written, strict=True) if not done for arrival in chunk]


def _write(chunk: Sequence[Arrival], client: DynamoDBClient, table: str, days: int, patience: Patience) -> bool:
    items: dict[str, Any] = {table: [{"PutRequest": {"Item": item_of(arrival, days)}} for arrival in chunk]}

    def put() -> None:
        nonlocal items
        items = dict(client.batch_write_item(RequestItems=items)["UnprocessedItems"])
        if items:
            raise Unfinished

    try:
        insist(put, patience)
    except (GaveUp, Refused):
        return False
    return True


def item_of(arrival: Arrival, days: int) -> dict[str, Any]:
    """Write an event as an item of the history table.

    Parameters
    ----------
    arrival
        The event and its arrival.
    days
        How long it is kept after its arrival.

    Returns
    -------
    dict
        The item with DynamoDB's attribute types; its key is the user, and the time with the event id.
    """
    event = arrival.event
    milliseconds = round(event.timestamp.timestamp() * 1000)
    item = {
        "person": {"S": user_of(event)},
        "moment": {"S": f"{milliseconds:013d}#{_short(str(event.event_id))}"},
        "event_type": {"S": event.event_type},
        "expires_at": {"N": str(int(arrival.arrived.timestamp()) + days * DAY_SECONDS)},
    }
    if event.item_id is not None:
        item["item_id"] = {"S": event.item_id}
    if event.session_id is not None:
        item["session_id"] = {"S": event.session_id}
    return item


def _short(event_id: str) -> str:
    """Stand in for an id that has too many bytes for a sort key, as one of 256 characters can, with its digest."""
    if len(event_id.encode()) + 14 <= MAX_SORT_KEY_BYTES:
        return event_id
    return hashlib.sha256(event_id.encode()).hexdigest()
