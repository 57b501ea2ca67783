"""A user's recent events, read from the history that the function `forward` writes."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from backend.contract.instants import write_instant
from backend.http import NotFoundError, UnavailableError
from backend.recommend.calls import CallFailedError, finish, start
from backend.recommend.requests.fields import find_parameter, read_id, read_whole, refuse_unknown

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from backend.aws.deadline import Deadline
    from backend.http import Request
    from backend.recommend.lookup import Tables

DEFAULT_EVENTS = 25
MAX_EVENTS = 100
# Searches have no item, and are read and left out.
EVENTS_PER_READ = 100
MAX_READS = 5
RETRY_AFTER_SECONDS = 5

_logger = logging.getLogger(__name__)


def read_history_request(request: Request) -> tuple[str, int]:
    """Read `GET /users/{user_id}/history`: the user, and how many events at most."""
    user_id = read_id(request.path_parameters["user_id"], "user_id")
    refuse_unknown(request.query, ("num_results",))
    count = find_parameter(request.query, "num_results")
    return user_id, DEFAULT_EVENTS if count is None else read_whole(count, "num_results", MAX_EVENTS)


def read_history(
    user_id: str, num_results: int, client: DynamoDBClient, tables: Tables, deadline: Deadline
) -> dict[str, Any]:
    """Return the latest events of a user with an item, the latest first.

    Raises
    ------
    NotFoundError
        Where the user has neither events nor a description.
    UnavailableError
        Where the tables give no whole answer by the deadline.
    """
    try:
        events = finish(start(lambda: find_events(user_id, num_results, client, tables)), deadline)
    except CallFailedError as error:
        _logger.warning("history cannot be read: %s", error)
        raise UnavailableError(RETRY_AFTER_SECONDS, f"the history does not answer ({error})") from error
    if events is None:
        raise NotFoundError("user_id", f"{user_id!r} has neither events nor a description")
    return {"user_id": user_id, "events": events}


def find_events(user_id: str, num_results: int, client: DynamoDBClient, tables: Tables) -> list[dict[str, str]] | None:
    """Return the latest events of a user with an item, or None for a user who is unknown."""
    query: dict[str, Any] = {
        "TableName": tables.history,
        "KeyConditionExpression": "person = :person",
        "FilterExpression": "attribute_exists(item_id)",
        "ExpressionAttributeValues": {":person": {"S": user_id}},
        "ProjectionExpression": "moment, event_type, item_id",
        "ScanIndexForward": False,
        "Limit": EVENTS_PER_READ,
        # An event that forward has just written is in the answer.
        "ConsistentRead": True,
    }
    events: list[dict[str, str]] = []
    is_known = False
    for _ in range(MAX_READS):
        read: Any = client.query(**query)
        is_known = is_known or read["ScannedCount"] > 0
        events += [_event_of(item) for item in read["Items"]]
        if len(events) >= num_results or "LastEvaluatedKey" not in read:
            break
        query["ExclusiveStartKey"] = read["LastEvaluatedKey"]
    if not is_known and not _is_described(user_id, client, tables.entities):
        return None
    return events[:num_results]


def _event_of(item: dict[str, Any]) -> dict[str, str]:
    milliseconds = int(item["moment"]["S"].partition("#")[0])
    return {
        "item_id": item["item_id"]["S"],
        "event_type": item["event_type"]["S"],
        "event_time": write_instant(datetime.fromtimestamp(milliseconds / 1000, UTC)),
    }


def _is_described(user_id: str, client: DynamoDBClient, table: str) -> bool:
    keys: Any = {table: {"Keys": [{"entity": {"S": f"user#{user_id}"}}], "ProjectionExpression": "entity"}}
    read = client.batch_get_item(RequestItems=keys)
    if read.get("UnprocessedKeys"):
        raise CallFailedError("UnprocessedKeys")
    return bool(read["Responses"].get(table))
