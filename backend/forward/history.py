"""Each user's recent history in DynamoDB: one item per event, in order of time, which also proves that it was sent."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from backend.aws.batch_write import TableItem, put_items
from backend.aws.errors import error_name
from backend.aws.retries import CallRefusedError, IncompleteCallError, RetriesExhaustedError, call_with_retries
from backend.contract.rules.identity import forwarded_type
from backend.forward.identity import user_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from backend.aws.deadline import Deadline
    from backend.forward.reading import ReceivedEvent

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html (sort key length, bytes)
MAX_SORT_KEY_BYTES = 1024
DAY_SECONDS = 24 * 60 * 60

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
MAX_READS_PER_CALL = 100
EVENTS_PER_LOOKUP = MAX_READS_PER_CALL // 2  # an event was forwarded or refused

CONNECT_SECONDS = 1.0
READ_SECONDS = 2.0
CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS
"""The longest that a call takes."""

# Partition keys of items that are not history. No session id begins like them, and a user id hardly does.
REFUSED_PREFIX = "refused#"
CONTROL_PREFIX = "control#"
# A stream's record is retried for hours at most.
REFUSED_DAYS = 1

_arguments = msgspec.json.Decoder(dict[str, Any]).decode
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class History:
    """The table of the history, and the tracker whose events it records.

    Attributes
    ----------
    days
        An event is kept for so long after its arrival, not after its own time, since replayed events are old.
    """

    client: DynamoDBClient
    table: str
    days: int
    tracking_id: str
    deadline: Deadline

    def write(self, events: Sequence[ReceivedEvent]) -> bool:
        """Write up to 25 forwarded events; return False where they may not have been written."""
        return self._put([self.item_of(received) for received in events])

    def write_refused(self, events: Sequence[ReceivedEvent]) -> bool:
        """Note that up to 25 events are with the bad rows; return False where they may not have been written."""
        items = [
            {**self._refused_key(received), **self._common(received.arrived_at.timestamp(), REFUSED_DAYS)}
            for received in events
        ]
        return self._put(items)

    def find_settled(self, events: Sequence[ReceivedEvent]) -> list[ReceivedEvent]:
        """Return those of up to 50 events that this tracker is known to have accepted or refused.

        What cannot be read is not known, so that it is sent again, which is harmless.
        """
        events_by_key = {_values(key(received)): received for received in events for key in (_key, self._refused_key)}
        keys = [key(received) for received in events for key in (_key, self._refused_key)]
        wanted: Any = {self.table: {"Keys": keys}}
        if self.deadline.seconds_left <= CALL_SECONDS:
            return []
        try:
            items = self.client.batch_get_item(RequestItems=wanted)["Responses"][self.table]
            return [
                events_by_key[_values(item)]
                for item in items
                if item.get("tracking_id", {}).get("S") == self.tracking_id and _values(item) in events_by_key
            ]
        except Exception as error:  # noqa: BLE001 - an answer that is not AWS's raises whatever the parser meets
            _logger.warning("history cannot be read: %s", error_name(error))
            return []

    def read_control(self) -> Mapping[str, Any] | None:
        """Return the arguments of the stored call that the tracker has accepted; None where none can be read."""
        wanted: Any = {self.table: {"Keys": [self._control_key()]}}
        try:
            items = self.client.batch_get_item(RequestItems=wanted)["Responses"][self.table]
            return _arguments(items[0]["call"]["S"]) if items else None
        except Exception as error:  # noqa: BLE001 - as above
            _logger.warning("the control event cannot be read: %s", error_name(error))
            return None

    def write_control(self, call: str, accepted_at: float) -> None:
        """Store a call that the tracker has accepted, at a time in epoch seconds."""
        self._put([{**self._control_key(), "call": {"S": call}, **self._common(accepted_at, self.days)}])

    def item_of(self, received: ReceivedEvent) -> TableItem:
        """Return the history item of an event; its key is the user, and the time with the event id."""
        event = received.event
        sent_type = forwarded_type(event) or event.event_type
        item = {
            **_key(received),
            "event_type": {"S": sent_type},
            **self._common(received.arrived_at.timestamp(), self.days),
        }
        if event.item_id is not None and sent_type == event.event_type:
            item["item_id"] = {"S": event.item_id}
        if event.session_id is not None:
            item["session_id"] = {"S": event.session_id}
        return item

    def _common(self, since: float, days: int) -> TableItem:
        return {"tracking_id": {"S": self.tracking_id}, "expires_at": {"N": str(int(since) + days * DAY_SECONDS)}}

    def _refused_key(self, received: ReceivedEvent) -> TableItem:
        key = _key(received)
        user = hashlib.sha256(key["person"]["S"].encode()).hexdigest()
        return {"person": {"S": REFUSED_PREFIX + user}, "moment": key["moment"]}

    def _control_key(self) -> TableItem:
        return {"person": {"S": CONTROL_PREFIX + self.tracking_id}, "moment": {"S": "latest"}}

    def _put(self, items: list[TableItem]) -> bool:
        pending = items

        def put() -> None:
            nonlocal pending
            pending = put_items(pending, self.client, self.table)
            if pending:
                raise IncompleteCallError

        try:
            call_with_retries(put, self.deadline, seconds=CALL_SECONDS)
        except (RetriesExhaustedError, CallRefusedError):
            return False
        return True


def _key(received: ReceivedEvent) -> TableItem:
    event = received.event
    milliseconds = round(event.timestamp.timestamp() * 1000)
    return {"person": {"S": user_of(event)}, "moment": {"S": f"{milliseconds:013d}#{_short(str(event.event_id))}"}}


def _values(key: TableItem) -> tuple[str, str]:
    return key["person"]["S"], key["moment"]["S"]


def _short(event_id: str) -> str:
    """Return the id, or its digest where it is too long for a sort key, as one of 256 characters can be."""
    if len(event_id.encode()) + 14 <= MAX_SORT_KEY_BYTES:
        return event_id
    return hashlib.sha256(event_id.encode()).hexdigest()
