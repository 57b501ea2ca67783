"""Products read from the table of items and users: a list from its index, and one by its id."""

from __future__ import annotations

import json
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from backend.contract.products import category_key, product_of
from backend.http import NotFoundError, UnavailableError
from backend.recommend.calls import CallFailedError, finish, start
from backend.recommend.catalogue.cursors import Place, write_cursor
from backend.recommend.details import read_items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from backend.aws.deadline import Deadline
    from backend.recommend.catalogue.choice import Choice
    from backend.recommend.catalogue.requests import ProductsRequest

INDEX = "products"

# DynamoDB reads 1 MB at once at most, and counts items before the filter:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html
FILTERED_PER_READ = 500
MAX_READS = 8
READING_SHARE = 0.5
"""Of the time for a request: no further part of the index is read after it, and the answer is a shorter page."""

RETRY_AFTER_SECONDS = 5

_logger = logging.getLogger(__name__)


def list_products(request: ProductsRequest, client: DynamoDBClient, table: str, deadline: Deadline) -> dict[str, Any]:
    """Return a page of products, of a category in the order of their titles.

    Returns
    -------
    dict
        `products`, which may be fewer than requested although others follow, and `next_page` where others may follow.

    Raises
    ------
    UnavailableError
        Where the table gives no whole answer by the deadline.
    """
    products: list[dict[str, Any]] = []
    place = request.after
    until = deadline.share(READING_SHARE)
    for _ in range(MAX_READS):
        try:
            read, following = finish(start(partial(_read, request, place, client, table)), deadline)
        except CallFailedError as error:
            _logger.warning("products cannot be read: %s", error)
            if place == request.after:
                raise unavailable(str(error)) from error
            break
        room = request.num_results - len(products)
        products += [{"item_id": found.item_id, **product} for found, product in read[:room]]
        is_full = len(read) > room
        place = read[room - 1][0] if is_full else following
        if is_full or place is None or len(products) == request.num_results or until.seconds_left <= 0:
            break
    return {"products": products} | ({"next_page": write_cursor(place, request.choice)} if place else {})


def read_product(item_id: str, client: DynamoDBClient, table: str, deadline: Deadline) -> dict[str, Any]:
    """Return a product with its description and its properties, if it has them.

    Raises
    ------
    NotFoundError
        Where the table does not have the item.
    UnavailableError
        Where the table gives no whole answer by the deadline.
    """
    try:
        item = finish(start(lambda: read_items([item_id], client, table)), deadline).get(item_id)
    except CallFailedError as error:
        _logger.warning("a product cannot be read: %s", error)
        raise unavailable(str(error)) from error
    if item is None:
        raise NotFoundError("item_id", f"{item_id!r} is not in the catalogue; add it with POST /update-data")
    further = {name: item[name] for name in ("description", "properties") if item.get(name) is not None}
    return {"item_id": item_id, **product_of(item), **further}


def _read(
    request: ProductsRequest, after: Place | None, client: DynamoDBClient, table: str
) -> tuple[list[tuple[Place, dict[str, Any]]], Place | None]:
    """Return the products of one read that pass the filter, and the place up to which it has read; None at the end."""
    choice = request.choice
    conditions, values = _conditions_of(choice)
    names = {f"#{name}": name for name in ("search", "price") if any(f"#{name}" in each for each in conditions)}
    query: dict[str, Any] = {
        "TableName": table,
        "IndexName": INDEX,
        # One more than requested shows whether others follow.
        "Limit": FILTERED_PER_READ if conditions else request.num_results + 1,
    }
    if conditions:
        query["FilterExpression"] = " AND ".join(conditions)
    if choice.category is not None:
        query["KeyConditionExpression"] = "#category = :category"
        names["#category"], values[":category"] = "category", {"S": category_key(choice.category)}
    if names:
        query |= {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    if after is not None:
        keys = {"entity": f"item#{after.item_id}", "category": after.category, "title": after.title}
        query["ExclusiveStartKey"] = {name: {"S": value} for name, value in keys.items()}
    answered: Any = client.scan(**query) if choice.category is None else client.query(**query)
    products = [(_place_of(row), json.loads(row["product"]["S"])) for row in answered["Items"]]
    last = answered.get("LastEvaluatedKey")
    return products, None if last is None else _place_of(last)


def _conditions_of(choice: Choice) -> tuple[list[str], dict[str, Any]]:
    """Return the conditions of the filter, and their values."""
    conditions = [f"contains(#search, :{number})" for number, _ in enumerate(choice.words)]
    values: dict[str, Any] = {f":{number}": {"S": word} for number, word in enumerate(choice.words)}
    for name, sign, price in (("least", ">=", choice.min_price), ("most", "<=", choice.max_price)):
        if price is not None:
            conditions.append(f"#price {sign} :{name}")
            values[f":{name}"] = {"N": price}
    return conditions, values


def _place_of(row: dict[str, Any]) -> Place:
    return Place(row["entity"]["S"].removeprefix("item#"), row["category"]["S"], row["title"]["S"])


def unavailable(reason: str) -> UnavailableError:
    """Return the error of a table that gives no whole answer."""
    return UnavailableError(RETRY_AFTER_SECONDS, f"the table of items does not answer ({reason})")
