"""DynamoDB's TransactWriteItems, to put items where the table has no later version of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from backend.aws.errors import error_name
from backend.aws.retries import IncompleteCallError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from backend.aws.batch_write import TableItem

MAX_PUTS_PER_CALL = 100
MAX_BYTES_PER_CALL = 1024 * 1024
"""Of 4 MB, a part that is safe however the text of the items is escaped, and with their conditions.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

_NOT_LATER = "attribute_not_exists(updated_at) OR updated_at <= :updated_at"
_SUPERSEDED = "ConditionalCheckFailed"


def put_unless_later(items: Sequence[TableItem], client: DynamoDBClient, table: str) -> list[TableItem]:
    """Put up to 100 items together, each unless the table has one of a later `updated_at`.

    A transaction takes as few calls as BatchWriteItem, which has no conditions, and twice its write units.

    Returns
    -------
    list[TableItem]
        Those that are still to be put: none, or where some are superseded or failed, the others, since then none is
        put.

    Raises
    ------
    IncompleteCallError
        Where the answer is not that of DynamoDB, which has the consumed capacity.
    """
    try:
        answer: Mapping[str, Any] = client.transact_write_items(
            TransactItems=[
                {
                    "Put": {
                        "TableName": table,
                        "Item": item,
                        "ConditionExpression": _NOT_LATER,
                        "ExpressionAttributeValues": {":updated_at": item["updated_at"]},
                    }
                }
                for item in items
            ],
            ReturnConsumedCapacity="TOTAL",
        )
    except ClientError as error:
        reasons = error.response.get("CancellationReasons", [])
        if error_name(error) != "TransactionCanceledException" or len(reasons) != len(items):
            raise
        return [item for item, reason in zip(items, reasons, strict=True) if reason.get("Code") != _SUPERSEDED]
    if not answer.get("ConsumedCapacity"):
        raise IncompleteCallError("DynamoDB confirms no item")
    return []
