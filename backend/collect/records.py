"""Records of any kind, from their bytes to their verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.collect.entities import store_entities
from backend.collect.intake import store_events
from backend.collect.submission import Submission
from backend.contract import read_event, read_item, read_user
from backend.upload.processing import process_upload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from backend.aws.deadline import Deadline
    from backend.collect.submission import CollectDependencies
    from backend.collect.verdicts import RecordVerdict
    from backend.contract import RecordKind, Refusal


def store_records(kind: RecordKind, payloads: Sequence[bytes | Refusal], submission: Submission) -> list[RecordVerdict]:
    """Validate and store records, each JSON or the reason why it has none; return a verdict for each, in order."""
    if kind == "interactions":
        now = submission.received_at
        events = [read_event(payload, now=now) if isinstance(payload, bytes) else payload for payload in payloads]
        return store_events(events, submission)
    read = read_item if kind == "items" else read_user
    entities = [read(payload) if isinstance(payload, bytes) else payload for payload in payloads]
    return store_entities(kind, entities, submission)


def resume_upload(
    upload_id: str, dependencies: CollectDependencies, deadline: Deadline, clock: Callable[[], datetime]
) -> None:
    """Process an uploaded object until the deadline, with the same storage as the records of a request."""

    def store(
        kind: RecordKind, payloads: Sequence[bytes | Refusal], object_name: str, received_at: datetime
    ) -> list[RecordVerdict]:
        return store_records(kind, payloads, Submission(dependencies, deadline, object_name, received_at))

    process_upload(upload_id, dependencies.uploads, store, deadline, clock)
