"""Each user's recent history in DynamoDB: one item per event, in order of time."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from backend.aws.batch_write import MAX_WRITES_PER_CALL, TableItem, put_items
from backend.aws.retries import CallRefusedError, IncompleteCallError, RetriesExhaustedError, call_with_retries
from backend.forward.delivery import WORKERS
from backend.forward.identity import user_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from backend.aws.deadline import Deadline
    from backend.forward.reading import ReceivedEvent

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html (sort key length, bytes)
MAX_SORT_KEY_BYTES = 1024
DAY_SECONDS = 24 * 60 * 60


def write_history(
    events: Sequence[ReceivedEvent], client: DynamoDBClient, table: str, days: int, deadline: Deadline
) -> list[ReceivedEvent]:
    """Write events to the history and return those that may not have been written; a repeated write changes nothing.

    An event is kept for `days` after its arrival, not after its own time, since replayed events are old.
    """
    chunks = [events[start : start + MAX_WRITES_PER_CALL] for start in range(0, len(events), MAX_WRITES_PER_CALL)]
    if not chunks:
        return []
    with ThreadPoolExecutor(min(WORKERS, len(chunks)), thread_name_prefix="history") as pool:
        written = pool.map(lambda chunk: _write_chunk(chunk, client, table, days, deadline), chunks)
        return [
            received for chunk, is_written in zip(chunks, written, strict=True) if not is_written for received in chunk
        ]


def _write_chunk(
    chunk: Sequence[ReceivedEvent], client: DynamoDBClient, table: str, days: int, deadline: Deadline
) -> bool:
    pending = [item_of(received, days) for received in chunk]

    def put() -> None:
        nonlocal pending
        pending = put_items(pending, client, table)
        if pending:
            raise IncompleteCallError

    try:
        call_with_retries(put, deadline)
    except (RetriesExhaustedError, CallRefusedError):
        return False
    return True


def item_of(received: ReceivedEvent, days: int) -> TableItem:
    """Return the history item of an event; its key is the user, and the time with the event id."""
    event = received.event
    milliseconds = round(event.timestamp.timestamp() * 1000)
    item = {
        "person": {"S": user_of(event)},
        "moment": {"S": f"{milliseconds:013d}#{_short(str(event.event_id))}"},
        "event_type": {"S": event.event_type},
        "expires_at": {"N": str(int(received.arrived_at.timestamp()) + days * DAY_SECONDS)},
    }
    if event.item_id is not None:
        item["item_id"] = {"S": event.item_id}
    if event.session_id is not None:
        item["session_id"] = {"S": event.session_id}
    return item


def _short(event_id: str) -> str:
    """Return the id, or its digest where it is too long for a sort key, as one of 256 characters can be."""
    if len(event_id.encode()) + 14 <= MAX_SORT_KEY_BYTES:
        return event_id
    return hashlib.sha256(event_id.encode()).hexdigest()
