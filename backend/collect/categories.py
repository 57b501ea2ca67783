"""The categories of all products, which `GET /categories` lists: sets in the table of items and users."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from backend.aws.errors import error_name
from backend.aws.retries import CallRefusedError, IncompleteCallError, call_with_retries
from backend.contract.products import CATEGORIES, category_sets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_dynamodb import DynamoDBClient

    from backend.collect.submission import Submission

_logger = logging.getLogger(__name__)


def add_categories(categories: Iterable[str], submission: Submission) -> None:
    """Add the categories that this process has not added before.

    Nothing takes a category out again. One that the table refuses, since a set is full, is left out.

    Raises
    ------
    RetriesExhaustedError
        Where the table does not confirm them in time.
    """
    dependencies = submission.dependencies
    for key, added in category_sets(set(categories) - dependencies.known_categories).items():
        call = partial(_add, key, added, dependencies.dynamodb, dependencies.entities_table)
        try:
            call_with_retries(call, submission.deadline)
        except CallRefusedError as error:
            cause = error_name(error.__cause__ or error)
            _logger.error("%d categories are not listed: %s", len(added), cause)  # noqa: TRY400 - the name suffices
        dependencies.known_categories.update(added)


def _add(key: str, categories: list[str], client: DynamoDBClient, table: str) -> None:
    added: Any = {":added": {"SS": categories}}
    answer = client.update_item(
        TableName=table,
        Key={"entity": {"S": key}},
        UpdateExpression=f"ADD {CATEGORIES} :added",
        ExpressionAttributeValues=added,
        ReturnConsumedCapacity="TOTAL",
    )
    if not answer.get("ConsumedCapacity"):
        raise IncompleteCallError("DynamoDB confirms no category")
