"""The index of products on the emulator: its pages and filters are those that DynamoDB documents."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from backend.aws.deadline import Deadline
from backend.collect.categories import add_categories
from backend.contract.products import index_attributes
from backend.recommend.catalogue import products
from backend.recommend.catalogue.categories import list_categories
from backend.recommend.catalogue.choice import Choice
from backend.recommend.catalogue.cursors import read_cursor
from backend.recommend.catalogue.requests import ProductsRequest
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.functions.front_door import FrontDoor

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator

TABLE = "entities-of-products"
ITEMS: dict[str, dict[str, Any]] = {
    **{
        f"i-{n:03d}": {"title": f"Mug {n % 50}", "category": f"c-{n % 3}", "brand": "Ännie", "price": n / 4}
        for n in range(120)
    },
    "odd": {"title": '\u202e<b>"quoted" ٣</b>', "category": "ü" * 600, "price": 3.4e38},
    "tiny": {"title": "\uff2dug", "price": 5e-324},
    "bare": {},
}


def entity(item_id: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"entity": {"S": f"item#{item_id}"}, "attributes": {"S": "{}"}, **index_attributes(fields)}


@pytest.fixture(scope="module")
def clients(shared_emulator: Emulator) -> tuple[Any, Any]:
    """Return the emulator's client and the fake, with the same items and one user."""
    real = shared_emulator.client("dynamodb")
    real.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "entity", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("entity", "category", "title")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": products.INDEX,
                "KeySchema": [
                    {"AttributeName": "category", "KeyType": "HASH"},
                    {"AttributeName": "title", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["price", "product", "search"]},
            }
        ],
    )
    fake = FakeDynamoDB({TABLE: ("entity",)}, {(TABLE, products.INDEX): ("category", "title")})
    for client in (real, fake):
        for item_id, fields in ITEMS.items():
            client.put_item(TableName=TABLE, Item=entity(item_id, fields))
        client.put_item(TableName=TABLE, Item={"entity": {"S": "user#ann"}, "attributes": {"S": "{}"}})
    return real, fake


def pages_of(choice: Choice, size: int, client: Any) -> list[list[str]]:
    """Return the item ids of every page."""
    pages = []
    request = ProductsRequest(choice, size)
    while True:
        body = products.list_products(request, client, TABLE, Deadline.after(30))
        pages.append([product["item_id"] for product in body["products"]])
        if "next_page" not in body:
            return pages
        request = ProductsRequest(choice, size, read_cursor(body["next_page"], choice))


@pytest.mark.parametrize(
    ("choice", "count"),
    [
        (Choice(), 123),
        (Choice(category="c-1"), 40),
        (Choice(category="ü" * 600), 1),
        (Choice(category="none"), 0),
        (Choice(words=("mug", "änn")), 120),
        (Choice(words=("mug",)), 121),
        (Choice(words=('"quoted"', "٣")), 1),
        (Choice(words=tuple("abcdefghijklmnopqrstuvwxyzäöüßñ0123456789" * 2)), 0),
        (Choice(category="c-2", min_price="5", max_price="7.25"), 4),
        (Choice(max_price="0"), 2),
        (Choice(min_price="999999999999999"), 1),
    ],
)
@pytest.mark.parametrize("size", [7, 40, 100])
def test_every_page_has_what_the_choice_says(clients: tuple[Any, Any], choice: Choice, count: int, size: int):
    real, fake = clients

    pages = pages_of(choice, size, real)
    listed = [item_id for page in pages for item_id in page]

    assert all(len(page) <= size for page in pages)
    assert len(listed) == len(set(listed)) == count
    if choice.category is not None:
        assert pages == pages_of(choice, size, fake)
    assert set(listed) == {item_id for page in pages_of(choice, size, fake) for item_id in page}


def test_every_category_is_listed_once_whatever_process_added_it(clients: tuple[Any, Any]):
    added = [f"Kitchen|{n}" for n in range(40)] + ["ü" * 600, '<"٣']
    for client in clients:
        for part in (added[:30], added[10:]):
            door = FrontDoor()
            dependencies = replace(door.dependencies, dynamodb=client, entities_table=TABLE)
            add_categories(part, replace(door.submission(), dependencies=dependencies))
        assert list_categories(client, TABLE, Deadline.after(30)) == {"categories": sorted(added)}
        # No product is listed for it.
        assert len([item for page in pages_of(Choice(), 100, client) for item in page]) == len(ITEMS)


def test_limit_counts_items_before_the_filter_and_a_page_ends_at_one_megabyte(clients: tuple[Any, Any]):
    real, fake = clients
    choosing: dict[str, Any] = {
        "TableName": TABLE,
        "IndexName": products.INDEX,
        "FilterExpression": "contains(#search, :0)",
        "ExpressionAttributeNames": {"#search": "search"},
        "ExpressionAttributeValues": {":0": {"S": "mug 7"}},
    }
    for client in (real, fake):
        page = client.scan(**choosing, Limit=10)
        assert (page["Count"], page["ScannedCount"]) < (10, 10)
        assert page["LastEvaluatedKey"].keys() == {"entity", "category", "title"}
        item = entity("large", {"title": "Large", "category": "large"}) | {"search": {"S": "x" * 300_000}}
        for n in range(5):
            client.put_item(TableName=TABLE, Item=item | {"entity": {"S": f"item#large-{n}"}})
        of_category = {
            "TableName": TABLE,
            "IndexName": products.INDEX,
            "KeyConditionExpression": "category = :category",
            "ExpressionAttributeValues": {":category": {"S": "large"}},
        }
        page = client.query(**of_category)
        assert page["ScannedCount"] == 3
        rest = client.query(**of_category, ExclusiveStartKey=page["LastEvaluatedKey"])
        assert (rest["ScannedCount"], "LastEvaluatedKey" in rest) == (2, False)
        for n in range(5):
            client.delete_item(TableName=TABLE, Key={"entity": {"S": f"item#large-{n}"}})


def test_an_item_of_the_index_has_its_projected_attributes_alone(clients: tuple[Any, Any]):
    real, _ = clients

    (item, *_) = real.scan(TableName=TABLE, IndexName=products.INDEX, Limit=1)["Items"]

    assert item.keys() <= {"entity", "category", "title", "price", "product", "search"}
