"""The health of the serving API, checked without a call to the recommender, since anyone may request it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from backend.aws.deadline import Deadline
from backend.recommend.answers import read_stored
from backend.recommend.calls import REQUEST_SECONDS, CallFailedError, finish, start
from backend.recommend.requests import RecommendationRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        item = finish(start(lambda: _read_popular(dependencies)), Deadline.after(REQUEST_SECONDS))
    except CallFailedError as error:
        failing = {"status": "failing", "reason": str(error)}
        return {"status": "degraded", "dependencies": {"tables": failing, "recommender": {"status": "unknown"}}}
    tables = {"status": "ok", "took_ms": round((time.perf_counter() - started) * 1000)}
    recommender: dict[str, Any] = {"status": "unasked"}
    stored = read_stored(item) if item else None
    if stored:
        recommender = {"status": "answered", "seconds_ago": max(0, now - stored.answered_at) // 1000}
    return {"status": "ready", "dependencies": {"tables": tables, "recommender": recommender}}


def _read_popular(dependencies: RecommendDependencies) -> Mapping[str, Any] | None:
    """Return the stored popular items; an answer of another form than DynamoDB's raises an error."""
    table = dependencies.tables.answers
    keys: Any = {table: {"Keys": [{"question": {"S": RecommendationRequest("popular").key}}]}}
    read = dependencies.dynamodb.batch_get_item(RequestItems=keys)
    if read.get("UnprocessedKeys"):
        raise CallFailedError("Throttled")
    found = read["Responses"].get(table)
    return found[0] if found else None
