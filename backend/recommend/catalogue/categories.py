"""The categories of the products, read from the sets that the front door keeps in the table of items and users."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from backend.contract.products import CATEGORIES, CATEGORY_SETS
from backend.recommend.calls import CallFailedError, finish, start
from backend.recommend.catalogue.products import unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from backend.aws.deadline import Deadline

_logger = logging.getLogger(__name__)


def list_categories(client: DynamoDBClient, table: str, deadline: Deadline) -> dict[str, list[str]]:
    """Return `categories` in the order of their characters, each exactly as products have it.

    Raises
    ------
    UnavailableError
        Where the table gives no whole answer by the deadline.
    """
    try:
        return {"categories": sorted(finish(start(lambda: _read(client, table)), deadline))}
    except CallFailedError as error:
        _logger.warning("categories cannot be read: %s", error)
        raise unavailable(str(error)) from error


def _read(client: DynamoDBClient, table: str) -> set[str]:
    keys: Any = [{"entity": {"S": key}} for key in CATEGORY_SETS]
    answered = client.batch_get_item(RequestItems={table: {"Keys": keys, "ProjectionExpression": CATEGORIES}})
    if answered.get("UnprocessedKeys"):
        raise CallFailedError("UnprocessedKeys")
    return {category for row in answered["Responses"].get(table, []) for category in row[CATEGORIES]["SS"]}
