"""What the entities table has about the items of an answer."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from backend.contract.products import product_of
from backend.recommend.calls import CallFailedError, finish, start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from backend.aws.deadline import Deadline

_logger = logging.getLogger(__name__)


def read_details(
    item_ids: Sequence[str], client: DynamoDBClient, table: str, deadline: Deadline
) -> dict[str, dict[str, Any]] | None:
    """Return the fields of items that a page shows, by item id, in one read.

    Parameters
    ----------
    item_ids
        At most 100, which is what one BatchGetItem reads.

    Returns
    -------
    dict or None
        Without the items that the table does not have; None where it gives no whole answer by the deadline.
    """
    if not item_ids:
        return {}
    try:
        return finish(start(lambda: _read_products(item_ids, client, table)), deadline)
    except CallFailedError as error:
        _logger.warning("details cannot be read: %s", error)
        return None


def read_items(item_ids: Sequence[str], client: DynamoDBClient, table: str) -> dict[str, dict[str, Any]]:
    """Return all fields of up to 100 items by item id, without the items that the table does not have."""
    keys: Any = [{"entity": {"S": f"item#{item_id}"}} for item_id in dict.fromkeys(item_ids)]
    answered = client.batch_get_item(
        RequestItems={table: {"Keys": keys, "ProjectionExpression": "entity, attributes"}},
    )
    if answered.get("UnprocessedKeys"):
        raise CallFailedError("UnprocessedKeys")
    rows = answered["Responses"].get(table, [])
    return {row["entity"]["S"].removeprefix("item#"): json.loads(row["attributes"]["S"]) for row in rows}


def _read_products(item_ids: Sequence[str], client: DynamoDBClient, table: str) -> dict[str, dict[str, Any]]:
    return {item_id: product_of(item) for item_id, item in read_items(item_ids, client, table).items()}
