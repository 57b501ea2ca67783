"""What the data is: events, items and users, how they are read, written, refused, and packed for the stream."""

from backend.contract.aggregate import MalformedAggregate, is_aggregated, pack, unpack
from backend.contract.bad_rows import bad_row, denies_consent
from backend.contract.generated.structs import Event, Item, User
from backend.contract.instants import read_instant, write_instant
from backend.contract.reading import read_event, read_events, read_item, read_user, split_records
from backend.contract.refusal import REASONS, BodyRefused, FieldError, Refusal
from backend.contract.writing import event_id_of, write_event, write_item, write_user

__all__ = [
    "REASONS",
    "BodyRefused",
    "Event",
    "FieldError",
    "Item",
    "MalformedAggregate",
    "Refusal",
    "User",
    "bad_row",
    "denies_consent",
    "event_id_of",
    "is_aggregated",
    "pack",
    "read_event",
    "read_events",
    "read_instant",
    "read_item",
    "read_user",
    "split_records",
    "unpack",
    "write_event",
    "write_instant",
    "write_item",
    "write_user",
]
