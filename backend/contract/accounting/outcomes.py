"""The outcomes of an event at each stage, which the stages count and the dashboards, alarms and the audit read.

The stage `recommend` receives requests, of which each answer leaves a served list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

UNACCOUNTED = "unaccounted"
"""Records without an outcome, or with two; anything but zero is an error in the code."""


class UndeclaredOutcomeError(ValueError):
    """The counts of a stage are not those that it declares."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the pipeline, where each received record has exactly one outcome.

    Attributes
    ----------
    name
        Its Lambda function, if it is one, and then the dimension `service` of its metrics.
    received
        Name of the number of records that it received.
    outcomes
        The meaning of each outcome by its name, which is the name of the count and of the metric.
    others
        What the stage counts beside the outcomes; a name that ends in `_` is the beginning of a family of names.
    """

    name: str
    received: str
    outcomes: Mapping[str, str]
    others: Mapping[str, str] = field(default_factory=dict)

    def account(self, counts: Mapping[str, int]) -> dict[str, int]:
        """Return the numbers of received records and of each outcome, with the unaccounted records.

        Raises
        ------
        UndeclaredOutcomeError
            Where an outcome is missing, or is not declared.
        """
        names = {self.received, *self.outcomes}
        if counts.keys() != names:
            differing = ", ".join(sorted(counts.keys() ^ names))
            raise UndeclaredOutcomeError(f"{self.name} must count exactly its declared outcomes; see {differing}")
        total = sum(counts[outcome] for outcome in self.outcomes)
        return {**counts, UNACCOUNTED: counts[self.received] - total}


COLLECT = Stage(
    "collect",
    "received",
    {
        "accepted": "Stored: events in the stream, items and users in the lake and the table.",
        "bad": "Refused by the contract; its bytes are with the bad rows.",
        "suppressed": "Consent denied: stored nowhere.",
        "retried": "Not stored, and the producer is asked to send it again.",
    },
    {
        "bad_": "Refused records by reason.",
        "bad_rows_lost": "Refused records whose bytes could neither be stored with the bad rows nor queued.",
        "queued_messages": "Messages with refused records that were read from their queue.",
        "status_": "Answers by HTTP status.",
        "upload_invocations": "Invocations that process an uploaded object.",
    },
)

UPLOAD = Stage(
    "upload",
    "read",
    {
        "accepted": "A row that collect accepted.",
        "suppressed": "A row that denies consent: stored nowhere.",
        "refused": "A row that the contract refuses; its bytes are with the bad rows.",
    },
)

FORWARD = Stage(
    "forward",
    "received",
    {
        "forwarded": "The event tracker accepted it and the history has it.",
        "not_forwarded": "An event that the tracker does not get: no interaction, and it names no user of a session.",
        "settled": "Forwarded or refused when its record was delivered before.",
        "bad": "Refused by the contract or the event tracker; its bytes are with the bad rows.",
        "duplicate": "The batch has an earlier event of the same id.",
        "suppressed": "Consent denied: stored nowhere.",
        "retried": "Its record is redelivered.",
    },
    {
        "bad_": "Refused records by reason.",
        "held_back": "Retried events that wait since the event tracker accepts nothing.",
        "calls": "PutEvents requests.",
        "failed_calls": "PutEvents requests that failed.",
        "update_seconds": "Age of the oldest record when its batch is done.",
    },
)

LAKE = Stage(
    "lake",
    "received",
    {
        "stored": "Became a row of the lake.",
        "suppressed": "Consent denied: stored nowhere.",
        "bad": "Refused by the contract; its bytes are with the bad rows, or under errors/ where S3 failed.",
        "oversized": "Did not fit into the response; Firehose stores its bytes under errors/.",
    },
    {
        "bad_": "Refused records by reason.",
        "bots": "Events that are marked as a bot's.",
        "late": "Events that were received more than an hour after their own time.",
        "ahead": "Events that were received before their own time: the producer's clock is ahead.",
        "late_seconds": "The longest time from an event to its receipt.",
        "ahead_seconds": "The furthest that an event's time was ahead of its receipt.",
    },
)

RECOMMEND = Stage(
    "recommend",
    "answers",
    {
        "list_written": "Firehose accepted the served list of the answer.",
        "list_lost": "Firehose did not accept it in time, though it may still arrive: the caller does not wait for it.",
    },
    {
        "answered_from_": "Answers by source.",
    },
)

DATASETS = Stage(
    "datasets",
    "events_read",
    {
        "duplicates": "A further row of an event.",
        "written": "Became an interaction.",
        "no_consent": "Denies consent.",
        "incomplete": "Lacks its id, its time or its type.",
        "no_identity": "Has neither user nor session.",
        "impression": "A list that was seen.",
        "no_item": "Has no item, or is a search.",
        "other_type": "A type of event that is not declared for the data sets.",
        "reserved_word": "Has a value that Personalize reserves.",
    },
)

REPLAY = Stage(
    "replay",
    "read",
    {
        "sent": "In the stream again.",
        "filtered": "Not selected by the filters.",
        "redacted": "Its bytes were not kept.",
        "suppressed": "Consent denied: not sent.",
        "refused": "Refused by the contract again, or unreadable; it stays where it is.",
    },
)

METERED = (COLLECT, FORWARD, LAKE)
"""The stages of events that are Lambda functions and count in CloudWatch."""
