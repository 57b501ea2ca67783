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
USABLE_MS = 7 * 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer that was given before.

    Attributes
    ----------
    recommended
        The answer.
    version
        Version of the person's history that it was given for; empty where no person is concerned.
    answered_at
        When it was given, milliseconds since the epoch.
    """

    recommended: Recommended
    version: str
    answered_at: int

    def is_fresh(self, question: Question, version: str, now: int) -> bool:
        """Whether it still is the answer: same history, at most a minute old, and long enough."""
        return (
            self.version == version and now - self.answered_at <= FRESH_MS and self.recommended.asked >= question.asked
        )

    def is_usable(self, now: int) -> bool:
        """Whether it is better than none: at most seven days old, for DynamoDB deletes late."""
        return now - self.answered_at <= USABLE_MS


def read_stored(item: Mapping[str, Any]) -> StoredAnswer:
    """Read an item of the answers table.

    Parameters
    ----------
    item
        The item with DynamoDB's attribute types.

    Returns
    -------
    StoredAnswer
        The answer.
    """
    return StoredAnswer(
        recommended=Recommended(**json.loads(item["answer"]["S"])),
        version=item["version"]["S"],
        answered_at=int(item["answered_at"]["N"]),
    )


def store(
    client: DynamoDBClient, table: str, question: Question, recommended: Recommended, version: str, now: int
) -> None:
    """Keep a good answer.

    Parameters
    ----------
    client
        DynamoDB.
    table
        Name of the answers table.
    question
        What was asked.
    recommended
        What was answered.
    version
        Version of the person's history that was answered for.
    now
        Milliseconds since the epoch.
    """
    answer = {
        "items": recommended.items,
        "recommendation_id": recommended.recommendation_id,
        "model": recommended.model,
        "asked": recommended.asked,
    }
    client.put_item(
        TableName=table,
        Item={
            "question": {"S": question.key},
            "answer": {"S": json.dumps(answer, separators=(",", ":"))},
            "version": {"S": version},
            "answered_at": {"N": str(now)},
            "expires_at": {"N": str((now + USABLE_MS) // 1000)},
        },
    )
