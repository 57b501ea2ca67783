"""Lists of products, and one product, as the entry of the function answers them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.recommend import handler as entry
from backend.recommend.catalogue import products
from tests.factories.lambda_events import proxy_event
from tests.fakes.faults import Fault, client_error, timeout
from tests.fakes.functions.serving import Serving

VISITORS = {"producer": "page", "reads": "visitors"}
CATALOGUE: dict[str, dict[str, Any]] = {
    "boot-1": {"title": "Walking Boots", "category": "shoes", "brand": "Northway", "price": 129.0},
    "boot-2": {"title": "winter BOOTS", "category": "shoes", "brand": "Étoile", "price": 89.5},
    "clog": {"title": "Clog", "category": "shoes", "price": 30},
    "mug": {"title": "Mug", "category": "kitchen", "brand": "Northway", "properties": {"picture": "mug.svg", "a": 1}},
    "odd": {"title": '\u202e<b onload="x">٣</b>', "category": "<script>", "brand": "ŠKODA " + "x" * 250},
    "bare": {},
}


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Serving:
    serving = Serving()
    serving.dynamodb.items["entities"].clear()
    for item_id, fields in CATALOGUE.items():
        serving.describe(f"item#{item_id}", item_id=item_id, **fields)
    serving.describe("user#ann", user_id="ann", region="kitchen")
    monkeypatch.setattr(entry, "_dependencies", lambda: serving.dependencies)
    return serving


def get(resource: str, path: Any = None, **query: str) -> tuple[int, dict[str, Any]]:
    given = {name: [value] for name, value in query.items()} or None
    event = proxy_event("GET", resource, pathParameters=path, multiValueQueryStringParameters=given)
    answered = entry.handler(event, None)
    return answered["statusCode"], json.loads(answered["body"])


def found(**query: str) -> list[str]:
    status, body = get("/products", **query)
    assert status == 200, body
    return [product["item_id"] for product in body["products"]]


@pytest.mark.usefixtures("serving")
def test_every_item_is_listed_once_and_no_user():
    status, body = get("/products")

    assert status == 200
    assert sorted(product["item_id"] for product in body["products"]) == sorted(CATALOGUE)
    assert body.keys() == {"products"}
    listed = {product.pop("item_id"): product for product in body["products"]}
    assert listed["mug"] == {"title": "Mug", "category": "kitchen", "brand": "Northway", "picture": "mug.svg"}
    assert listed["bare"] == {}


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize(
    ("query", "items"),
    [
        ({"category": "shoes"}, ["clog", "boot-1", "boot-2"]),
        ({"category": "Shoes"}, []),
        ({"search": "boots"}, ["boot-1", "boot-2"]),
        ({"search": "bOOts north"}, ["boot-1"]),
        ({"search": "w i n t e r W I N T E R boots"}, ["boot-2"]),
        ({"search": "NORTHWAY"}, ["mug", "boot-1"]),
        ({"search": "e\u0301TOILE"}, ["boot-2"]),
        ({"search": "škoda"}, ["odd"]),
        ({"search": "<b onload"}, ["odd"]),
        ({"search": "x" * 250}, ["odd"]),
        ({"search": "y" * 256}, []),
        ({"search": "٣"}, ["odd"]),
        ({"search": "%27 OR 1=1 :0 #search"}, []),
        ({"category": "<script>"}, ["odd"]),
        ({"category": "shoes", "search": "boots", "max_price": "100"}, ["boot-2"]),
        ({"min_price": "89.5", "max_price": "89.50"}, ["boot-2"]),
        ({"min_price": "30"}, ["clog", "boot-1", "boot-2"]),
        ({"max_price": "0"}, []),
        ({"min_price": "1.2e+2", "max_price": "129.0000000000001"}, ["boot-1"]),
        ({"min_price": "1e-200", "max_price": "3E1"}, ["clog"]),
    ],
)
def test_products_are_chosen_by_words_category_and_price(query: dict[str, str], items: list[str]):
    assert found(**query) == items


def test_the_categories_are_those_of_the_products_and_an_incomplete_read_has_none(serving: Serving):
    assert get("/categories") == (200, {"categories": ["<script>", "kitchen", "shoes"]})
    for category in get("/categories")[1]["categories"]:
        assert found(category=category)

    unread: dict[str, Any] = {"Responses": {}, "UnprocessedKeys": {"entities": {}}}
    serving.dynamodb.faults["batch_get_item"].always(Fault(answer=unread))
    assert get("/categories")[0] == 503


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize("query", [{}, {"category": "shoes"}, {"search": "o"}, {"min_price": "1"}])
@pytest.mark.parametrize("size", ["1", "2", "3"])
def test_pages_have_every_product_once(query: dict[str, str], size: str):
    whole, pages = found(**query), []
    page: dict[str, str] = {}
    while True:
        status, body = get("/products", num_results=size, **query, **page)
        assert status == 200
        assert len(body["products"]) <= int(size)
        pages += [product["item_id"] for product in body["products"]]
        if "next_page" not in body:
            break
        page = {"page": body["next_page"]}

    assert pages == whole


def test_a_rare_word_ends_in_a_shorter_page_after_a_bound_of_reads(serving: Serving, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(products, "FILTERED_PER_READ", 1)
    monkeypatch.setattr(products, "MAX_READS", 2)

    first = get("/products", search="clog")[1]
    second = get("/products", search="clog", page=first["next_page"])[1]

    assert first["products"] == []
    assert [product["item_id"] for product in second["products"]] == ["clog"]
    # A read that fails after another leaves a shorter page, too.
    serving.dynamodb.faults["scan"].plan([None, timeout()])
    assert get("/products", search="clog")[1]["next_page"]


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"search": ""}, "search"),
        ({"search": " \u3000"}, "search"),
        ({"search": "x" * 257}, "search"),
        ({"search": "a\x00"}, "search"),
        ({"search": "a b c d e f g h i j k"}, "search"),
        ({"search": "\ud800"}, "search"),
        ({"category": ""}, "category"),
        ({"category": "a\tb"}, "category"),
        ({"category": "x" * 1001}, "category"),
        ({"min_price": "-1"}, "min_price"),
        ({"max_price": "1e39"}, "max_price"),
        ({"max_price": "0x1"}, "max_price"),
        ({"max_price": "NaN"}, "max_price"),
        ({"min_price": "5", "max_price": "4.99"}, "min_price"),
        ({"num_results": "0"}, "num_results"),
        ({"num_results": "101"}, "num_results"),
        ({"num_results": ""}, "num_results"),
        ({"page": ""}, "page"),
        ({"page": "first"}, "page"),
        ({"sort": "price"}, "sort"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_field(query: dict[str, str], field: str):
    status, body = get("/products", **query)

    assert (status, body["error"]["field"]) == (400, field)


@pytest.mark.usefixtures("serving")
def test_a_cursor_is_of_the_choice_that_it_was_given_for():
    page = get("/products", category="shoes", num_results="1")[1]["next_page"]

    assert found(category="shoes", num_results="3", page=page) == ["boot-1", "boot-2"]
    for other in ({}, {"category": "kitchen"}, {"category": "shoes", "search": "boot"}):
        status, body = get("/products", page=page, **other)
        assert (status, body["error"]["field"]) == (400, "page")
        assert "another search, category or price" in body["error"]["message"]


def test_what_the_table_does_not_answer_in_time_is_503(serving: Serving):
    for name in ("scan", "query", "batch_get_item"):
        serving.dynamodb.faults[name].always(client_error("ThrottlingException", 400))

    for resource, path, query in (
        ("/products", None, {}),
        ("/products", None, {"category": "shoes"}),
        ("/products/{item_id}", {"item_id": "mug"}, {}),
    ):
        assert get(resource, path, **query)[0] == 503


@pytest.mark.usefixtures("serving")
def test_a_product_has_its_description_and_its_properties():
    assert get("/products/{item_id}", {"item_id": "mug"}) == (
        200,
        {
            "item_id": "mug",
            "title": "Mug",
            "category": "kitchen",
            "brand": "Northway",
            "picture": "mug.svg",
            "properties": {"picture": "mug.svg", "a": 1},
        },
    )
    status, body = get("/products/{item_id}", {"item_id": "none"})
    assert (status, body["error"]["code"], body["error"]["field"]) == (404, "not_found", "item_id")
    assert get("/products/{item_id}", {"item_id": "a%00"})[0] == 400
    assert get("/products/{item_id}", {"item_id": "mug"}, explain="true")[0] == 400


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize(("context", "status"), [(VISITORS, 200), ({"producer": "page"}, 403), (None, 403)])
def test_products_need_a_role_that_reads(context: dict[str, str] | None, status: int):
    for resource, path in (("/products", None), ("/products/{item_id}", {"item_id": "mug"})):
        event = proxy_event("GET", resource, pathParameters=path)
        event["requestContext"] = {"requestId": "r", "authorizer": context}
        assert entry.handler(event, None)["statusCode"] == status
