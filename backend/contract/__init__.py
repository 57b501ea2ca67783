"""The data: events, items and users; how they are read, written, refused and aggregated for the stream."""

from backend.contract.aggregate import (
    MalformedAggregateError,
    StreamRecord,
    aggregate_records,
    deaggregate_records,
    group_events,
    is_aggregated,
)
from backend.contract.consent import may_deny_consent
from backend.contract.generated.structs import Event, Item, User
from backend.contract.instants import read_instant, write_instant
from backend.contract.lines.bad_rows import bad_row
from backend.contract.reading import (
    RECORD_KINDS,
    RecordKind,
    read_event,
    read_events,
    read_item,
    read_streamed_event,
    read_streamed_events,
    read_user,
    split_records,
)
from backend.contract.refusal import REASONS, BodyRefusedError, FieldError, Refusal
from backend.contract.writing import event_id_of, write_event, write_item, write_user

__all__ = [
    "REASONS",
    "RECORD_KINDS",
    "BodyRefusedError",
    "Event",
    "FieldError",
    "Item",
    "MalformedAggregateError",
    "RecordKind",
    "Refusal",
    "StreamRecord",
    "User",
    "aggregate_records",
    "bad_row",
    "deaggregate_records",
    "event_id_of",
    "group_events",
    "is_aggregated",
    "may_deny_consent",
    "read_event",
    "read_events",
    "read_instant",
    "read_item",
    "read_streamed_event",
    "read_streamed_events",
    "read_user",
    "split_records",
    "write_event",
    "write_instant",
    "write_item",
    "write_user",
]
