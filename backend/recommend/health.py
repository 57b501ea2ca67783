"""The health of the serving API, checked without a call to the recommender, since anyone may request it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from backend.recommend.answers import read_stored
from backend.recommend.requests import RecommendationRequest

if TYPE_CHECKING:
    from backend.recommend.serve import RecommendDependencies


def check_health(dependencies: RecommendDependencies, now: int) -> dict[str, Any]:
    """Read the stored popular items, which shows whether the tables and the recommender answer.

    Parameters
    ----------
    now
        Milliseconds since the epoch.

    Returns
    -------
    dict
        `status` is `ready`, or `degraded` while the tables do not answer; `dependencies` has the details.
    """
    started = time.perf_counter()
    try:
        item = dependencies.dynamodb.get_item(
            TableName=dependencies.tables.answers, Key={"question": {"S": RecommendationRequest("popular").key}}
        ).get("Item")
    except (ClientError, BotoCoreError) as error:
        tables = {"status": "failing", "reason": type(error).__name__}
        return {"status": "degraded", "dependencies": {"tables": tables, "recommender": {"status": "unknown"}}}
    tables = {"status": "ok", "took_ms": str(round((time.perf_counter() - started) * 1000))}
    recommender: dict[str, Any] = {"status": "unasked"}
    stored = read_stored(item) if item else None
    if stored:
        recommender = {"status": "answered", "seconds_ago": (now - stored.answered_at) // 1000}
    return {"status": "ready", "dependencies": {"tables": tables, "recommender": recommender}}
