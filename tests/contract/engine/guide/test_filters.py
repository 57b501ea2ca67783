"""Every kind of filter that the developer guide shows, in words and with plants of our own.

Source: developer guide, "Item recommendation filter expression examples" and "Combining multiple expressions".
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.contract.engine.running_engine import until_settled
from tests.contract.engine.shops import Shop
from tests.factories.shop_stream import START

# id: kind, sort, where it grows, price, when it came
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
SCHEMAS = {
    "Interactions": [("USER_ID", "string"), ("ITEM_ID", "string"), ("TIMESTAMP", "long"), ("EVENT_TYPE", "string")],
    "Items": [
        ("ITEM_ID", "string"),
        *((name, "categorical") for name in ("CATEGORY_L1", "CATEGORY_L2", "PLACE")),
        ("PRICE", "float"),
        ("CREATION_TIMESTAMP", "long"),
    ],
    "Users": [("USER_ID", "string"), ("AGE", "int"), ("MEMBERSHIP", "categorical")],
}
# A clause of each kind; who asks (Ida is 30 and a gold member, Ben 17), with which values; what may be answered.
EXAMPLES = [
    ("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($TYPES)", "ida", {"TYPES": '"water"'}, ALL - {"oak", "sage"}),
    ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("water", "prune")', "ida", {}, ALL - {"oak", "sage", "rose"}),
    ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("water")', "ida", {}, {"oak", "sage"}),
    ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")', "ida", {}, ALL - {"oak", "sage", "rose", "lily"}),
    ("EXCLUDE ItemID WHERE Items.CATEGORY_L1 IN ($KIND)", "ida", {"KIND": '"herb","flower"'}, TREES),
    (
        'EXCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("tree") AND Items.CATEGORY_L2 NOT IN ("fruit")',
        "ida",
        {},
        ALL - TREES | {"cherry"},
    ),
    ("INCLUDE ItemID WHERE Items.PRICE <= $MOST", "ida", {"MOST": "4"}, {"basil", "thyme", "tulip"}),
    ("INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP < $DATE", "ida", {"DATE": "300"}, {"oak", "beech"}),
    ("INCLUDE ItemID WHERE Items.PLACE IN ($PLACES)", "ida", {"PLACES": '"park"'}, {"oak", "rose", "tulip"}),
    (
        "EXCLUDE ItemID WHERE Items.PLACE IN ($PLACES) IF CurrentUser.AGE = $AGE",
        "ben",
        {"PLACES": '"garden"', "AGE": "17"},
        {"oak", "beech", "spruce", "thyme", "lily"},
    ),
    (
        "EXCLUDE ItemID WHERE Items.PLACE IN ($PLACES) IF CurrentUser.AGE = $AGE",
        "ida",
        {"PLACES": '"garden"', "AGE": "17"},
        ALL,
    ),
    (
        'INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("tree") AND Items.CATEGORY_L2 IN ("fruit") IF CurrentUser.AGE > 18',
        "ida",
        {},
        {"cherry"},
    ),
    (
        'INCLUDE ItemID WHERE Items.PRICE > 30 IF CurrentUser.AGE > 18 AND CurrentUser.MEMBERSHIP IN ("gold")',
        "ida",
        {},
        {"oak", "beech", "cherry"},
    ),
    (
        'INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ($KIND) | INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")',
        "ida",
        {"KIND": '"herb"'},
        {"basil", "thyme", "sage", "lily"},
    ),
    (
        'INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ($KIND) | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("water")',
        "ida",
        {"KIND": '"herb"'},
        {"basil", "thyme"},
    ),
    (
        'EXCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("tree") | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")',
        "ida",
        {},
        ALL - TREES - {"lily"},
    ),
]
OF_AN_ITEM = [
    ("Items.PRICE < CurrentItem.PRICE AND Items.PLACE IN CurrentItem.PLACE", {}, {"beech", "spruce", "rose", "tulip"}),
    (
        "Items.PRICE < CurrentItem.PRICE AND Items.CREATION_TIMESTAMP > $DATE",
        {"DATE": "750"},
        {"rose", "tulip", "lily"},
    ),
]


def schema(name):
    kinds = {"categorical": {"type": ["null", "string"], "categorical": True}}
    fields = [{"name": field, **kinds.get(kind, {"type": kind})} for field, kind in SCHEMAS[name]]
    named = {"type": "record", "name": name, "namespace": "com.amazonaws.personalize.schema", "version": "1.0"}
    return json.dumps({**named, "fields": fields})


class Nursery(Shop):
    """A shop for plants, with datasets of its own."""

    def __init__(self, engine, s3):
        self.engine, self.s3, self.account = engine, s3, "821000000001"
        self.control, self.datasets, self.campaigns = engine.client(account=self.account), {}, {}
        self.group = self.control.create_dataset_group(name="nursery")["datasetGroupArn"]
        until_settled(lambda: self.control.describe_dataset_group(datasetGroupArn=self.group))
        for name in SCHEMAS:
            made = self.control.create_schema(name=f"nursery-{name}", schema=schema(name))["schemaArn"]
            self.datasets[name] = self.control.create_dataset(
                name=name, schemaArn=made, datasetGroupArn=self.group, datasetType=name
            )["datasetArn"]
            until_settled(lambda arn=self.datasets[name]: self.control.describe_dataset(datasetArn=arn))

    def fill_with(self, name, records):
        lines = [",".join(field for field, _ in SCHEMAS[name]), *(",".join(map(str, record)) for record in records)]
        self.load(name, self.s3.put("data", f"nursery/{name}.csv", "\n".join(lines) + "\n"), f"nursery-{name}")


@pytest.fixture(scope="module")
def nursery(engine, s3):
    """Plants that all are seen, and Ida, who has watered and pruned some and bought one."""
    shop = Nursery(engine, s3)
    plants = list(PLANTS)
    visits = [(user, visit) for user in range(40) for visit in range(30)]
    seen = [(f"user-{user}", plants[(user * 7 + visit) % 10], START + visit * 1000, "see") for user, visit in visits]
    shop.fill_with("Interactions", seen)
    shop.fill_with("Items", [(plant, *told) for plant, told in PLANTS.items()])
    shop.fill_with("Users", [("ida", 30, "gold"), ("ben", 17, "none")])
    shop.campaigns = {
        "all": shop.deploy("all", "aws-popularity-count"),
        "related": shop.deploy("related", "aws-similar-items"),
    }
    shop.tracking_id = shop.track()
    done = [("oak", "water"), ("sage", "water"), ("rose", "prune"), ("lily", "buy")]
    moment = datetime(2025, 10, 21, tzinfo=UTC)
    events = [{"itemId": plant, "eventType": kind, "sentAt": moment} for plant, kind in done]
    shop.events.put_events(trackingId=shop.tracking_id, sessionId="ida", userId="ida", eventList=events)
    return shop


def filtered(nursery, expression, values, campaign, **asked):
    arn = nursery.control.create_filter(name="example", datasetGroupArn=nursery.group, filterExpression=expression)[
        "filterArn"
    ]
    until_settled(lambda: nursery.control.describe_filter(filterArn=arn))
    answer = nursery.runtime.get_recommendations(
        campaignArn=nursery.campaigns[campaign], numResults=500, filterArn=arn, filterValues=values, **asked
    )
    nursery.control.delete_filter(filterArn=arn)
    while nursery.control.list_filters(datasetGroupArn=nursery.group)["Filters"]:
        pass
    return {one["itemId"] for one in answer["itemList"]}


@pytest.mark.honours("CreateFilter", "every kind of filter of items that the guide shows")
@pytest.mark.honours("GetRecommendations", "every kind of filter of items that the guide shows")
@pytest.mark.parametrize(("expression", "user", "values", "allowed"), EXAMPLES)
def test_a_filter_of_the_guide_leaves_what_it_says(nursery, expression, user, values, allowed):
    assert filtered(nursery, expression, values, "all", userId=user) == allowed


@pytest.mark.honours("GetRecommendations", "filters by the current item, as the guide shows them")
@pytest.mark.parametrize(("conditions", "values", "allowed"), OF_AN_ITEM)
def test_a_filter_by_the_current_item_leaves_what_it_says(nursery, conditions, values, allowed):
    answer = filtered(nursery, f"INCLUDE ItemID WHERE {conditions}", values, "related", itemId="oak")

    assert answer == allowed
