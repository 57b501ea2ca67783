"""The streamed events of a log in order of time: their users, for exports, and their interactions, for trainings.

The engine serves in order of arrival (see `InteractionStore`). The orders give an event to different users only in a
session in which several users were identified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.datasets.dataset_types import ACTION_INTERACTIONS, INTERACTIONS
from model.datasets.identity.session_users import SESSION_PREFIX, SessionUsers
from model.engine.storage.event_log.records import ActionRecord, EndRecord, EventRecord, Record
from model.engine.storage.interactions.numbering import Numbering
from model.engine.storage.interactions.streamed import StreamedInteractions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.datasets.columns import Columns

RECORDS: dict[str, type[EventRecord]] = {INTERACTIONS: EventRecord, ACTION_INTERACTIONS: ActionRecord}
"""The records of the datasets with events."""


def users_in_time_order(log: Iterable[Record], kind: type[EventRecord]) -> SessionUsers[EventRecord]:
    """Return the users of the sessions of a log, which is read once, or twice if a session has several users."""
    return SessionUsers(
        lambda: (record for record in log if type(record) is kind), lambda event: (event.time, event.event_id)
    )


def user_of_import(user_id: str, users: SessionUsers[EventRecord]) -> str:
    """Return the user to whom imported interactions belong: those of a session to its first user, if it has any.

    They were imported as those of a session without a user, so they are older than the first log-in.
    """
    return (users.first_of(user_id) if user_id.startswith(SESSION_PREFIX) else None) or user_id


def read_streamed(log: Iterable[Record], dataset_type: str, users: SessionUsers[EventRecord]) -> Columns:
    """Return the streamed interactions of a dataset in order of arrival, with their users by time."""
    kind = RECORDS[dataset_type]
    user_ids, items, kinds = Numbering(), Numbering(), Numbering()
    streamed = StreamedInteractions()
    for record in log:
        if type(record) is kind and record.item_id is not None:
            user = user_ids.number(users.of_event(record) or record.session_id)
            numbers = (user, items.number(record.item_id), kinds.number(record.event_type))
            value = float("nan") if record.value is None else record.value
            streamed.add(*numbers, record.counted_time, value, record.context)
        elif isinstance(record, EndRecord) and record.dataset_type == dataset_type:
            streamed = StreamedInteractions()
    return streamed.to_columns(user_ids.names, items.names, kinds.names)
