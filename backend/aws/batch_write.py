"""DynamoDB's BatchWriteItem, which may leave some of its items unprocessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

MAX_WRITES_PER_CALL = 25
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""

TableItem = dict[str, Any]
"""An item with DynamoDB's attribute types."""


def put_items(items: Sequence[TableItem], client: DynamoDBClient, table: str) -> list[TableItem]:
    """Put up to 25 items in one call and return those that DynamoDB left unprocessed.

    If the answer does not have `UnprocessedItems`, nothing is known about any item: all count as unprocessed.
    """
    result: Mapping[str, Any] = client.batch_write_item(
        RequestItems={table: [{"PutRequest": {"Item": item}} for item in items]}
    )
    if "UnprocessedItems" not in result:
        return list(items)
    return [dict(write["PutRequest"]["Item"]) for write in result["UnprocessedItems"].get(table, [])]
