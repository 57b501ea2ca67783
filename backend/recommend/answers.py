"""Good answers, kept for the time when none can be had: as a cache while they are fresh, as a stand-in after that."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.recommend.recommender import Recommended

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from backend.recommend.question import Question

FRESH_MS = 60_000
# Personalize takes a second or two until an event shows in its answers, so the first answer after one may come too
# early to have it. https://docs.aws.amazon.com/personalize/latest/dg/recording-events.html
SETTLING_MS = 3_000
USABLE_MS = 7 * 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer that was given before.

    Attributes
    ----------
    recommended
        The answer.
    version
        Version of the user's history that it was given for; empty where no user is concerned.
    answered_at
        When it was given, milliseconds since the epoch.
    settled
        Whether the recommender had the time to take that history into account.
    """

    recommended: Recommended
    version: str
    answered_at: int
    settled: bool

    def is_fresh(self, question: Question, version: str, now: int) -> bool:
        """Whether it still is the answer: same history, long enough, and at most a minute old, or less if unsettled."""
        age = now - self.answered_at
        long_enough = self.recommended.asked >= question.asked
        return self.version == version and long_enough and age <= (FRESH_MS if self.settled else SETTLING_MS)

    def is_usable(self, now: int) -> bool:
        """Whether it is better than none: at most seven days old, for DynamoDB deletes late."""
        return now - self.answered_at <= USABLE_MS


def settles(version: str, stored: StoredAnswer | None, now: int) -> bool:
    """Say whether an answer given now has its history's last event in it.

    Parameters
    ----------
    version
        Version of the user's history; empty where no user is concerned.
    stored
        The answer before.
    now
        Milliseconds since the epoch.

    Returns
    -------
    bool
        True where that history is known to have been the same for some seconds, or there is none.
    """
    if not version:
        return True
    return stored is not None and stored.version == version and now - stored.answered_at >= SETTLING_MS


def read_stored(item: Mapping[str, Any]) -> StoredAnswer | None:
    """Read an item of the answers table.

    Parameters
    ----------
    item
        The item with DynamoDB's attribute types.

    Returns
    -------
    StoredAnswer or None
        The answer; None for one in another form, as before an update.
    """
    try:
        return StoredAnswer(
            recommended=Recommended(**json.loads(item["answer"]["S"])),
            version=item["version"]["S"],
            answered_at=int(item["answered_at"]["N"]),
            settled=item["settled"]["BOOL"],
        )
    except (KeyError, TypeError, ValueError):
        return None


def store(client: DynamoDBClient, table: str, question: Question, stored: StoredAnswer) -> None:
    """Keep a good answer.

    Parameters
    ----------
    client
        DynamoDB.
    table
        Name of the answers table.
    question
        What was asked.
    stored
        What was answered, and for which history.
    """
    answer = {
        "items": stored.recommended.items,
        "recommendation_id": stored.recommended.recommendation_id,
        "model": stored.recommended.model,
        "asked": stored.recommended.asked,
        "unexplained": stored.recommended.unexplained,
    }
    client.put_item(
        TableName=table,
        Item={
            "question": {"S": question.key},
            "answer": {"S": json.dumps(answer, separators=(",", ":"))},
            "version": {"S": stored.version},
            "answered_at": {"N": str(stored.answered_at)},
            "settled": {"BOOL": stored.settled},
            "expires_at": {"N": str((stored.answered_at + USABLE_MS) // 1000)},
        },
    )
