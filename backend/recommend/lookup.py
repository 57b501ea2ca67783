"""Reads before the call to the recommender: the user's history, the user or item itself, and earlier answers."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.recommend.answers import StoredAnswer, read_stored
from backend.recommend.calls import CallFailedError, finish, start

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from backend.aws.deadline import Deadline
    from backend.recommend.requests import RecommendationRequest

# An event that arrives late is not the last of the history, so the version covers the last few events: a late event
# among them changes the next answer too.
VERSIONED_EVENTS = 25

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tables:
    """Names of the DynamoDB tables."""

    history: str
    entities: str
    answers: str


@dataclass(frozen=True, slots=True)
class LookupResult:
    """The stored data about a request.

    Attributes
    ----------
    is_known
        Whether the user or item of the request exists; True while a table cannot be read.
    version
        Version of the user's history, which changes with every event among the last few. None where it cannot be read.
    deployed
        The campaign, and the solution version that it serves since the last training.
    plain
        The last answer to the same request without explanations, where the request asks for them: a fallback.
    """

    is_known: bool
    version: str | None
    deployed: str
    stored: StoredAnswer | None
    plain: StoredAnswer | None = None

    @property
    def solution_version(self) -> str | None:
        """The id of the solution version that serves, the end of its ARN; None where it cannot be read."""
        return self.deployed.partition(" ")[2].rpartition("/")[2] or None


def look_up(
    request: RecommendationRequest, campaign: str, client: DynamoDBClient, tables: Tables, deadline: Deadline
) -> LookupResult:
    """Read the tables, history and items at once, so that it takes one round trip.

    Answers of another campaign, or of a version that was replaced, are left out.

    A table that gives no whole answer by the deadline degrades the answer but does not prevent it.
    """
    reader_id = request.reader_id
    versions = None if reader_id is None else start(lambda: _read_version(reader_id, client, tables))
    items = start(lambda: _read_items(request, campaign, client, tables))
    version: str | None = ""
    if versions:
        try:
            version = finish(versions, deadline)
        except CallFailedError as error:
            _logger.warning("history cannot be read: %s", error)
            version = None
    try:
        exists, deployed, answers = finish(items, deadline)
    except CallFailedError as error:
        _logger.warning("answers and entities cannot be read: %s", error)
        return _combine(request, None, None, "", {})
    return _combine(request, version, exists, deployed, answers)


def _combine(
    request: RecommendationRequest,
    version: str | None,
    entity_exists: bool | None,
    deployed: str,
    answers: Mapping[str, StoredAnswer],
) -> LookupResult:
    has_no_subject = request.user_id is None and request.item_id is None
    # `None` stands for an unreadable table; only what is missing from every table is unknown.
    is_known = has_no_subject or entity_exists is not False or (request.user_id is not None and version != "")
    plain = answers.get(request.plain.key) if request.with_explanations else None
    return LookupResult(is_known, version, deployed, answers.get(request.key), plain)


def _read_version(user_id: str, client: DynamoDBClient, tables: Tables) -> str:
    """Return the version of a user's history, empty for a user without one."""
    events = client.query(
        TableName=tables.history,
        KeyConditionExpression="person = :person",
        ExpressionAttributeValues={":person": {"S": user_id}},
        ProjectionExpression="moment",
        ScanIndexForward=False,
        Limit=VERSIONED_EVENTS,
        # An event that forward has just written must change the next answer.
        ConsistentRead=True,
    )["Items"]
    if not events:
        return ""
    return hashlib.sha256("\n".join(event["moment"]["S"] for event in events).encode()).hexdigest()


def _read_items(
    request: RecommendationRequest, campaign: str, client: DynamoDBClient, tables: Tables
) -> tuple[bool | None, str, Mapping[str, StoredAnswer]]:
    """Return whether the user or item is described (None where not read), what serves, and its answers by key."""
    deployed_key = f"deployed#{campaign}"
    answer_keys = sorted({request.key, request.plain.key, deployed_key})
    keys: dict[str, Any] = {tables.answers: {"Keys": [{"question": {"S": key}} for key in answer_keys]}}
    entity = _entity_of(request)
    if entity is not None:
        keys[tables.entities] = {"Keys": [{"entity": {"S": entity}}], "ProjectionExpression": "entity"}
    read = client.batch_get_item(RequestItems=keys)
    items = {item["question"]["S"]: item for item in read["Responses"].get(tables.answers, [])}
    version = items.pop(deployed_key, {}).get("solution_version", {}).get("S", "")
    deployed = f"{campaign} {version}"
    pairs = ((key, read_stored(item)) for key, item in items.items())
    unprocessed = read.get("UnprocessedKeys", {})
    # Without its version, an answer cannot be shown to be one of what serves.
    is_read = tables.answers not in unprocessed
    answers = {key: stored for key, stored in pairs if is_read and stored and stored.deployed == deployed}
    exists = None if tables.entities in unprocessed else bool(read["Responses"].get(tables.entities))
    return exists, deployed, answers


def _entity_of(request: RecommendationRequest) -> str | None:
    if request.user_id is not None:
        return f"user#{request.user_id}"
    return None if request.item_id is None else f"item#{request.item_id}"
