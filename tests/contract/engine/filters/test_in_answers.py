"""Filters in recommendations: every kind of filter that the developer guide shows, with plants in place of its items.

Source: developer guide, "Item recommendation filter expression examples" and "Combining multiple expressions".
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.engine.calls import delete, event, ids, put_events, refusal, send
from tests.contract.engine.shops import Shop
from tests.factories.avro import avro_schema
from tests.factories.shop_stream import START

# id: CATEGORY_L1, CATEGORY_L2, PLACE, PRICE, CREATION_TIMESTAMP
PLANTS = {
    "oak": ("tree", "broadleaf", "park|forest", 40.0, 100),
    "beech": ("tree", "broadleaf", "forest", 35.0, 200),
    "spruce": ("tree", "conifer", "forest", 20.0, 300),
    "cherry": ("tree", "fruit", "garden", 60.0, 400),
    "basil": ("herb", "kitchen", "garden|balcony", 3.0, 500),
    "thyme": ("herb", "kitchen", "balcony", 4.0, 600),
    "sage": ("herb", "medicine", "garden", 5.0, 700),
    "rose": ("flower", "shrub", "garden|park", 15.0, 800),
    "tulip": ("flower", "bulb", "garden|park|balcony", 1.5, 900),
    "lily": ("flower", "bulb", "balcony", 6.0, 1000),
}
ALL = frozenset(PLANTS)
TREES = {"oak", "beech", "spruce", "cherry"}
SCHEMAS: dict[str, list[tuple[str, str]]] = {
    "Interactions": [("USER_ID", "string"), ("ITEM_ID", "string"), ("TIMESTAMP", "long"), ("EVENT_TYPE", "string")],
    "Items": [
        ("ITEM_ID", "string"),
        *((name, "categorical") for name in ("CATEGORY_L1", "CATEGORY_L2", "PLACE")),
        ("PRICE", "float"),
        ("CREATION_TIMESTAMP", "long"),
    ],
    "Users": [("USER_ID", "string"), ("AGE", "int"), ("MEMBERSHIP", "categorical")],
}
# What the example shows beside the general statement; the expression; the user (Ida is 30 and a gold member, Ben is
# 17); values of the placeholders; the items that may be recommended.
EXAMPLES: list[tuple[Any, ...]] = [
    (
        "",
        "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($TYPES)",
        "ida",
        {"TYPES": '"water"'},
        ALL - {"oak", "sage"},
    ),
    (
        "EXCLUDE removes items that match the filter",
        'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("water", "prune")',
        "ida",
        {},
        ALL - {"oak", "sage", "rose"},
    ),
    (
        "INCLUDE returns only items that match the filter",
        'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("water")',
        "ida",
        {},
        {"oak", "sage"},
    ),
    (
        "an asterisk matches interactions of every event type",
        'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")',
        "ida",
        {},
        ALL - {"oak", "sage", "rose", "lily"},
    ),
    (
        "placeholders: strings are quoted one by one, several in one value, numbers are not quoted",
        "EXCLUDE ItemID WHERE Items.CATEGORY_L1 IN ($KIND) AND Items.PRICE < $MOST",
        "ida",
        {"KIND": '"herb","flower"', "MOST": "10"},
        TREES | {"rose"},
    ),
    ("", "EXCLUDE ItemID WHERE Items.CATEGORY_L1 IN ($KIND)", "ida", {"KIND": '"herb","flower"'}, TREES),
    (
        "",
        'EXCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("tree") AND Items.CATEGORY_L2 NOT IN ("fruit")',
        "ida",
        {},
        ALL - TREES | {"cherry"},
    ),
    ("", "INCLUDE ItemID WHERE Items.PRICE <= $MOST", "ida", {"MOST": "4"}, {"basil", "thyme", "tulip"}),
    ("", "INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP < $DATE", "ida", {"DATE": "300"}, {"oak", "beech"}),
    (
        "a field with several values matches when one of them does",
        "INCLUDE ItemID WHERE Items.PLACE IN ($PLACES)",
        "ida",
        {"PLACES": '"park"'},
        {"oak", "rose", "tulip"},
    ),
    (
        "IF CurrentUser: the filter applies only to users who match the condition",
        "EXCLUDE ItemID WHERE Items.PLACE IN ($PLACES) IF CurrentUser.AGE = $AGE",
        "ben",
        {"PLACES": '"garden"', "AGE": "17"},
        {"oak", "beech", "spruce", "thyme", "lily"},
    ),
    (
        "",
        "EXCLUDE ItemID WHERE Items.PLACE IN ($PLACES) IF CurrentUser.AGE = $AGE",
        "ida",
        {"PLACES": '"garden"', "AGE": "17"},
        ALL,
    ),
    (
        "",
        "EXCLUDE ItemID WHERE Items.PLACE IN ($PLACES) IF CurrentUser.AGE = $AGE",
        "stranger",
        {"PLACES": '"garden"', "AGE": "17"},
        ALL,
    ),
    (
        "",
        'INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("tree") AND Items.CATEGORY_L2 IN ("fruit") IF CurrentUser.AGE > 18',
        "ida",
        {},
        {"cherry"},
    ),
    (
        "",
        'INCLUDE ItemID WHERE Items.PRICE > 30 IF CurrentUser.AGE > 18 AND CurrentUser.MEMBERSHIP IN ("gold")',
        "ida",
        {},
        {"oak", "beech", "cherry"},
    ),
    (
        "",
        'INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ($KIND) | INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")',
        "ida",
        {"KIND": '"herb"'},
        {"basil", "thyme", "sage", "lily"},
    ),
    (
        "clauses joined by a pipe: the included items minus the excluded ones",
        'INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ($KIND) | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("water")',
        "ida",
        {"KIND": '"herb"'},
        {"basil", "thyme"},
    ),
    (
        "",
        'EXCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("tree") | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")',
        "ida",
        {},
        ALL - TREES - {"lily"},
    ),
]
# Conditions that compare with the oak; values of the placeholders; the items that may be recommended.
CURRENT_ITEM_EXAMPLES = [
    ("Items.PRICE < CurrentItem.PRICE AND Items.PLACE IN CurrentItem.PLACE", {}, {"beech", "spruce", "rose", "tulip"}),
    (
        "Items.PRICE < CurrentItem.PRICE AND Items.CREATION_TIMESTAMP > $DATE",
        {"DATE": "750"},
        {"rose", "tulip", "lily"},
    ),
]


def schema(name):
    types: dict[str, dict[str, Any]] = {"categorical": {"type": ["null", "string"], "categorical": True}}
    return avro_schema(name, [{"name": field, **types.get(kind, {"type": kind})} for field, kind in SCHEMAS[name]])


def examples():
    return [
        pytest.param(*example, marks=[pytest.mark.honours("GetRecommendations", statement)] if statement else [])
        for statement, *example in EXAMPLES
    ]


@pytest.fixture(scope="module")
def nursery(engine, s3):
    """A shop in which users have seen all plants, and Ida has watered and pruned some and bought one."""
    shop = Shop(engine, s3, account="821000000001", name="nursery", schemas={name: schema(name) for name in SCHEMAS})
    plants = list(PLANTS)
    visits = [(user, visit) for user in range(40) for visit in range(30)]
    seen = [(f"user-{user}", plants[(user * 7 + visit) % 10], START + visit * 1000, "see") for user, visit in visits]
    users = [("ida", 30, "gold"), ("ben", 17, "none")]
    items = [(plant, *columns) for plant, columns in PLANTS.items()]
    rows: dict[str, list[Any]] = {"Interactions": seen, "Items": items, "Users": users}
    for name, records in rows.items():
        lines = [",".join(field for field, _ in SCHEMAS[name]), *(",".join(map(str, record)) for record in records)]
        shop.load(name, s3.put("data", f"nursery/{name}.csv", "\n".join(lines) + "\n"), f"nursery-{name}")
    shop.deploy("all", "aws-popularity-count")
    shop.deploy("related", "aws-similar-items")
    shop.track()
    done = [("oak", "water"), ("sage", "water"), ("rose", "prune"), ("lily", "buy")]
    put_events(shop, *(event(plant, eventType=kind) for plant, kind in done), user="ida", session="ida")
    return shop


@pytest.fixture
def new_filter(nursery):
    """A function that creates a filter, which is deleted after the test."""
    arns = []

    def create(expression):
        arns.append(nursery.add_filter("example", expression))
        return arns[-1]

    yield create
    for arn in arns:
        delete(nursery.control, "filter", filterArn=arn)


def recommend(shop, campaign, **request):
    return set(ids(shop.recommend(campaign, numResults=500, **request)))


@pytest.mark.honours("CreateFilter", "every kind of item filter of the developer guide")
@pytest.mark.honours("GetRecommendations", "every kind of item filter of the developer guide")
@pytest.mark.parametrize(("expression", "user", "values", "allowed"), examples())
def test_a_filter_allows_these_items(nursery, new_filter, expression, user, values, allowed):
    arn = new_filter(expression)

    assert recommend(nursery, "all", userId=user, filterArn=arn, filterValues=values) == allowed


@pytest.mark.honours("GetRecommendations", "CurrentItem: related items are compared with the item of the request")
@pytest.mark.parametrize(("conditions", "values", "allowed"), CURRENT_ITEM_EXAMPLES)
def test_a_filter_by_the_current_item_allows_these_items(nursery, new_filter, conditions, values, allowed):
    arn = new_filter(f"INCLUDE ItemID WHERE {conditions}")

    assert recommend(nursery, "related", itemId="oak", filterArn=arn, filterValues=values) == allowed


@pytest.mark.honours("GetRecommendations", "a filter by CurrentItem is for RELATED_ITEMS recipes only")
def test_a_filter_by_current_item_is_for_related_items_only(nursery, new_filter):
    arn = new_filter("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE")

    refused = refusal(recommend, nursery, "all", userId="ida", itemId="oak", filterArn=arn)

    assert refused.code == "InvalidInputException"
    assert "RELATED_ITEMS" in refused.message


@pytest.mark.honours("GetRecommendations", "filter values of the wrong form are refused and not repeated")
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"KIND": "secret"}, "filterValues.KIND must hold strings, each in double quotes"),
        ({"KIND": '"a"', "OTHER": '"b"'}, "the filter has no parameter OTHER; it has KIND"),
    ],
)
def test_filter_values_of_the_wrong_form_are_refused(nursery, new_filter, values, message):
    arn = new_filter("INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ($KIND)")

    refused = refusal(recommend, nursery, "all", userId="ida", filterArn=arn, filterValues=values)

    assert refused.code == "InvalidInputException"
    assert message in refused.message
    assert "secret" not in refused.message


@pytest.mark.honours("PutItems", "a changed item changes the next answer of a filter")
def test_a_changed_item_is_filtered_by_its_new_columns(nursery, new_filter):
    arn = new_filter("INCLUDE ItemID WHERE Items.PRICE >= 700")
    columns = {"categoryL1": "flower", "categoryL2": "bulb", "place": "balcony", "creationTimestamp": 1000}
    assert recommend(nursery, "all", userId="ida", filterArn=arn) == set()

    nursery.put_item("lily", price=777.0, **columns)

    assert recommend(nursery, "all", userId="ida", filterArn=arn) == {"lily"}
    nursery.put_item("lily", price=PLANTS["lily"][3], **columns)


@pytest.mark.honours("GetRecommendations", "a filter gives the same answer after a kill, streamed data included")
def test_a_filter_gives_the_same_answer_after_a_kill(own_engine, s3):
    shop = Shop(own_engine, s3)
    shop.fill()
    shop.deploy("popular", "aws-popularity-count")
    shop.track()
    arn = shop.add_filter(
        "dear",
        'INCLUDE ItemID WHERE Items.PRICE > 50 | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")',
    )
    for place in range(3):
        shop.put_item(f"item-1-{place}", category="shelf 1", price=60.0)
    send(shop, "buyer", ["item-1-1"], kind="Buy")
    before = recommend(shop, "popular", userId="buyer", filterArn=arn)

    own_engine.kill()
    own_engine.start()

    assert before == {"item-1-0", "item-1-2"}
    assert recommend(shop, "popular", userId="buyer", filterArn=arn) == before
