"""Stored answers: a cache while they are fresh, and a fallback after that while the recommender fails."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.recommend.recommender import Recommendation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from backend.recommend.requests import RecommendationRequest

FRESH_MS = 60_000
# Personalize takes a second or two until an event affects its answers, so the first answer after an event may not
# include it. https://docs.aws.amazon.com/personalize/latest/dg/recording-events.html
SETTLING_MS = 3_000
USABLE_MS = 7 * 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An earlier answer.

    Attributes
    ----------
    version
        Version of the user's history at that time; empty for a request about no user.
    answered_at
        Milliseconds since the epoch.
    settled
        Whether the recommender had time to process that history.
    deployed
        The campaign and the solution version that gave it, separated by a space; no version before the first training.
    """

    recommendation: Recommendation
    version: str
    answered_at: int
    settled: bool
    deployed: str

    def is_fresh(self, request: RecommendationRequest, version: str, now: int) -> bool:
        """Return whether it is for the same history, long enough, and at most a minute old, or less if unsettled."""
        age = now - self.answered_at
        is_long_enough = self.recommendation.asked >= request.requested_results
        return self.version == version and is_long_enough and age <= (FRESH_MS if self.settled else SETTLING_MS)

    def is_usable(self, now: int) -> bool:
        """Return whether it is at most seven days old; DynamoDB deletes expired items late."""
        return now - self.answered_at <= USABLE_MS


def is_settled(version: str, stored: StoredAnswer | None, now: int) -> bool:
    """Return whether an answer given now includes the last event of the user's history.

    Parameters
    ----------
    now
        Milliseconds since the epoch.

    Returns
    -------
    bool
        True where the history is known to be unchanged for some seconds, or there is none.
    """
    if not version:
        return True
    return stored is not None and stored.version == version and now - stored.answered_at >= SETTLING_MS


def read_stored(item: Mapping[str, Any]) -> StoredAnswer | None:
    """Return the answer in an item of the answers table; None where it has another form, as before an update."""
    try:
        recommendation = Recommendation(**json.loads(item["answer"]["S"]))
        if not all(isinstance(listed["item_id"], str) for listed in recommendation.items):
            return None
        return StoredAnswer(
            recommendation=recommendation,
            version=item["version"]["S"],
            answered_at=int(item["answered_at"]["N"]),
            settled=item["settled"]["BOOL"],
            deployed=item["deployed"]["S"],
        )
    except (KeyError, TypeError, ValueError):
        return None


def store_answer(client: DynamoDBClient, table: str, request: RecommendationRequest, stored: StoredAnswer) -> None:
    """Write an answer to the answers table."""
    answer = {
        "items": stored.recommendation.items,
        "recommendation_id": stored.recommendation.recommendation_id,
        "model": stored.recommendation.model,
        "asked": stored.recommendation.asked,
        "unexplained": stored.recommendation.unexplained,
    }
    client.put_item(
        TableName=table,
        Item={
            "question": {"S": request.key},
            "answer": {"S": json.dumps(answer, separators=(",", ":"))},
            "version": {"S": stored.version},
            "answered_at": {"N": str(stored.answered_at)},
            "settled": {"BOOL": stored.settled},
            "deployed": {"S": stored.deployed},
            "expires_at": {"N": str((stored.answered_at + USABLE_MS) // 1000)},
        },
    )
