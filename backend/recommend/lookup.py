"""What is known before the recommender is asked: the user's history, the user or item itself, an earlier answer."""

from __future__ import annotations

import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from backend.recommend.answers import StoredAnswer, read_stored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from backend.recommend.question import Question

# An event that arrives late does not come last in the history, so the version is made from its last few, not from the
# last alone: a late event among them changes the next answer too.
VERSIONED_EVENTS = 25

_logger = logging.getLogger(__name__)
_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="lookup")


@dataclass(frozen=True, slots=True)
class Tables:
    """Names of the DynamoDB tables."""

    history: str
    entities: str
    answers: str


@dataclass(frozen=True, slots=True)
class Found:
    """What the tables know.

    Attributes
    ----------
    known
        Whether whom or what the question is about exists, as far as the tables could be asked.
    version
        Version of the user's history: it changes with every event among the last few. None when it could not be read.
    stored
        The answer given before, if any.
    plain
        The answer given before to the same question without explanations, where they are asked for: better than none.
    """

    known: bool
    version: str | None
    stored: StoredAnswer | None
    plain: StoredAnswer | None = None


def look_up(question: Question, client: DynamoDBClient, tables: Tables) -> Found:
    """Ask the tables, history and items at once, so that it takes one round trip.

    A table that does not answer makes the answer worse, not impossible: nothing is known to be missing then.

    Parameters
    ----------
    question
        What is asked.
    client
        DynamoDB.
    tables
        Names of the tables.

    Returns
    -------
    Found
        What is known.
    """
    if question.user_id is None:
        return _judge(question, "", *_read_items(question, client, tables))
    reading = _pool.submit(_read_version, question.user_id, client, tables)
    items = _read_items(question, client, tables)
    return _judge(question, reading.result(), *items)


def _judge(
    question: Question, version: str | None, entity_exists: bool | None, answers: Mapping[str, StoredAnswer]
) -> Found:
    about_nobody = question.user_id is None and question.item_id is None
    # `None` says that a table could not be asked; only what all tables deny is unknown.
    known = about_nobody or entity_exists is not False or (question.user_id is not None and version != "")
    plain = answers.get(question.plain.key) if question.explained else None
    return Found(known, version, answers.get(question.key), plain)


def _read_version(user_id: str, client: DynamoDBClient, tables: Tables) -> str | None:
    """Version of a user's history, empty for a user without one, None when it cannot be read."""
    try:
        events = client.query(
            TableName=tables.history,
            KeyConditionExpression="person = :person",
            ExpressionAttributeValues={":person": {"S": user_id}},
            ProjectionExpression="moment",
            ScanIndexForward=False,
            Limit=VERSIONED_EVENTS,
            # What forward has just written must be seen: the next answer takes it into account.
            ConsistentRead=True,
        )["Items"]
    except (ClientError, BotoCoreError) as error:
        _logger.warning("history cannot be read: %s", error)
        return None
    if not events:
        return ""
    return hashlib.sha256("\n".join(event["moment"]["S"] for event in events).encode()).hexdigest()


def _read_items(
    question: Question, client: DynamoDBClient, tables: Tables
) -> tuple[bool | None, Mapping[str, StoredAnswer]]:
    """Whether the user or item is described (None: cannot be read), and the answers given before by their keys."""
    asked = sorted({question.key, question.plain.key})
    keys: dict[str, Any] = {tables.answers: {"Keys": [{"question": {"S": key}} for key in asked]}}
    entity = _entity_of(question)
    if entity is not None:
        keys[tables.entities] = {"Keys": [{"entity": {"S": entity}}], "ProjectionExpression": "entity"}
    try:
        read = client.batch_get_item(RequestItems=keys)
    except (ClientError, BotoCoreError) as error:
        _logger.warning("answers and entities cannot be read: %s", error)
        return None, {}
    found = ((item["question"]["S"], read_stored(item)) for item in read["Responses"].get(tables.answers, []))
    answers = {key: stored for key, stored in found if stored}
    if tables.entities in read.get("UnprocessedKeys", {}):
        return None, answers
    return bool(read["Responses"].get(tables.entities)), answers


def _entity_of(question: Question) -> str | None:
    if question.user_id is not None:
        return f"user#{question.user_id}"
    return None if question.item_id is None else f"item#{question.item_id}"
