"""What filters do to recommendations: the guide's kinds of expressions, on the data of a small shop."""

from __future__ import annotations

import itertools
import json
import time
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from tests.contract.engine.calls import refusal
from tests.contract.engine.running_engine import RunningEngine, until_settled
from tests.contract.engine.shops import Shop
from tests.factories.shop_stream import schema_text

names = itertools.count()


@pytest.fixture(scope="module")
def shop(engine, s3):
    """A trained shop with age_groups of whom something is known; its items may be changed by these tests."""
    shop = Shop(engine, s3, account="313131313131")
    shop.fill()
    schema = shop.control.create_schema(name="shop-Users", schema=schema_text("Users"))["schemaArn"]
    users = shop.control.create_dataset(
        name="Users", schemaArn=schema, datasetGroupArn=shop.group, datasetType="Users"
    )["datasetArn"]
    until_settled(lambda: shop.control.describe_dataset(datasetArn=users))
    age_groups = {"young": "18-24|student", "old": "65+"}
    shop.events.put_users(
        datasetArn=users,
        users=[{"userId": one, "properties": json.dumps({"ageGroup": group})} for one, group in age_groups.items()],
    )
    shop.campaigns = {
        "for-you": shop.deploy("for-you", "aws-user-personalization-v2"),
        "similar": shop.deploy("similar", "aws-similar-items"),
        "ranking": shop.deploy("ranking", "aws-personalized-ranking-v2"),
    }
    shop.tracking_id = shop.track()
    return shop


@pytest.fixture
def make(shop):
    made = []

    def create(expression):
        arn = shop.control.create_filter(
            name=f"in-answers-{next(names)}", datasetGroupArn=shop.group, filterExpression=expression
        )["filterArn"]
        until_settled(lambda: shop.control.describe_filter(filterArn=arn))
        made.append(arn)
        return arn

    yield create
    for arn in made:
        shop.control.delete_filter(filterArn=arn)


def ask(shop, campaign="for-you", user="user-1", count=500, **request):
    answer = shop.runtime.get_recommendations(
        campaignArn=shop.campaigns[campaign], numResults=count, **({"userId": user} if user else {}), **request
    )
    return [one["itemId"] for one in answer["itemList"]]


def send(shop, user, item, kind="View"):
    moment = datetime(2025, 10, 21, tzinfo=UTC)
    event = {"eventType": kind, "sentAt": moment, "itemId": item}
    shop.events.put_events(trackingId=shop.tracking_id, sessionId=f"of-{user}", userId=user, eventList=[event])


def put_item(shop, item, category, price):
    properties = json.dumps({"category": category, "price": price, "creationTimestamp": 1_760_000_000})
    shop.events.put_items(datasetArn=shop.datasets["Items"], items=[{"itemId": item, "properties": properties}])


@pytest.mark.honours("GetRecommendations", "INCLUDE answers only with items that meet the filter")
@pytest.mark.honours("GetRecommendations", "of a field with several values any one may match")
def test_only_items_of_a_category(shop, make):
    answer = ask(shop, filterArn=make('INCLUDE ItemID WHERE Items.CATEGORY IN ("shelf 3", "shelf 4")'))

    assert answer
    assert {item.split("-")[1] for item in answer} <= {"3", "4"}


@pytest.mark.honours("GetRecommendations", "EXCLUDE leaves out items that meet the filter")
def test_no_items_of_a_category(shop, make):
    everything = ask(shop)

    answer = ask(shop, filterArn=make('EXCLUDE ItemID WHERE Items.CATEGORY IN ("shelf 3")'))

    assert len(everything) > 180
    assert set(answer) == {item for item in everything if not item.startswith("item-3-")} - {"new-3"}


@pytest.mark.honours("GetRecommendations", "the next answer after an event heeds a filter by interactions")
@pytest.mark.differs(
    "GetRecommendations",
    "filters heed interactions however old they are; Amazon's forget those of a user who has had none for three months",
)
@pytest.mark.honours("PutEvents", "filters by event type heed an event at once, in any case of its type")
def test_nothing_that_was_bought(shop, make):
    bought = make('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("PURCHASE")')
    first = ask(shop, user="buyer", count=5, filterArn=bought)[0]

    send(shop, "buyer", first, "Purchase")

    answer = ask(shop, user="buyer", filterArn=bought)
    assert first not in answer
    assert first in ask(shop, user="buyer")


@pytest.mark.honours("GetRecommendations", "a star stands for interactions of every type")
def test_only_what_was_touched_in_any_way(shop, make):
    touched = make('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")')
    for item, kind in (("item-1-1", "View"), ("item-2-2", "Like")):
        send(shop, "toucher", item, kind)

    assert set(ask(shop, user="toucher", filterArn=touched)) == {"item-1-1", "item-2-2"}


@pytest.mark.honours("GetRecommendations", "clauses joined by a pipe: what is included, less what is excluded")
def test_a_category_less_what_was_seen(shop, make):
    send(shop, "reader", "item-5-5")
    both = make(
        'INCLUDE ItemID WHERE Items.CATEGORY IN ("shelf 5") | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")'
    )

    answer = ask(shop, user="reader", filterArn=both)

    assert "item-5-5" not in answer
    assert {f"item-5-{place}" for place in range(15) if place != 5} <= set(answer)


@pytest.mark.honours("GetRecommendations", "values of placeholders: strings quoted one by one, numbers as they are")
def test_values_of_placeholders(shop, make):
    arn = make("INCLUDE ItemID WHERE Items.CATEGORY IN ($WHERE) AND Items.PRICE <= $MOST")

    two = ask(shop, filterArn=arn, filterValues={"WHERE": '"shelf 6","shelf 7"', "MOST": "10"})
    none = ask(shop, filterArn=arn, filterValues={"WHERE": '"shelf 6"', "MOST": "9"})

    assert {item.split("-")[1] for item in two} == {"6", "7"}
    assert none == []


@pytest.mark.honours("GetRecommendations", "INCLUDE needs the values of all placeholders; EXCLUDE may go without")
def test_values_that_are_left_out(shop, make):
    including = make("INCLUDE ItemID WHERE Items.CATEGORY IN ($WHERE)")
    excluding = make("EXCLUDE ItemID WHERE Items.CATEGORY IN ($WHERE)")
    arn = shop.campaigns["for-you"]

    code, message = refusal(shop.runtime.get_recommendations, campaignArn=arn, userId="user-1", filterArn=including)
    assert (code, message) == (
        "InvalidInputException",
        "filterValues must hold WHERE: clauses with INCLUDE need all parameters",
    )
    assert ask(shop, filterArn=excluding) == ask(shop)


@pytest.mark.honours("GetRecommendations", "values that do not fit the filter are refused, and not repeated")
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"WHERE": "secret"}, "filterValues.WHERE must hold strings, each in double quotes"),
        ({"WHERE": '"a"', "OTHER": '"b"'}, "the filter has no parameter OTHER; it has WHERE"),
    ],
)
def test_values_that_do_not_fit(shop, make, values, message):
    arn = make("INCLUDE ItemID WHERE Items.CATEGORY IN ($WHERE)")

    code, said = refusal(
        shop.runtime.get_recommendations,
        campaignArn=shop.campaigns["for-you"],
        userId="user-1",
        filterArn=arn,
        filterValues=values,
    )

    assert code == "InvalidInputException"
    assert message in said
    assert "secret" not in said


@pytest.mark.honours("GetRecommendations", "IF CurrentUser: the filter counts only for users who meet it")
def test_a_filter_for_some_users(shop, make):
    arn = make('EXCLUDE ItemID WHERE Items.CATEGORY IN ("shelf 2") IF CurrentUser.AGE_GROUP IN ("18-24")')

    of_shelf = {
        user: [item for item in ask(shop, user=user, filterArn=arn) if item.startswith("item-2-")]
        for user in ("young", "old", "nobody")
    }

    assert of_shelf["young"] == []
    assert len(of_shelf["old"]) == len(of_shelf["nobody"]) == 15


@pytest.mark.honours("GetRecommendations", "a filter by CurrentItem is for related items only")
def test_a_filter_by_current_item_is_for_related_items_only(shop, make):
    # Given a filter that compares with the current item
    arn = make("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE")
    # When a campaign for users is asked with it, even with an item
    with pytest.raises(ClientError, match="RELATED_ITEMS") as refused:
        ask(shop, filterArn=arn, itemId="item-0-1")
    # Then it is refused by the documented name
    assert refused.value.response["Error"]["Code"] == "InvalidInputException"


@pytest.mark.honours("GetRecommendations", "CurrentItem: related items are compared with the one that is asked about")
def test_what_is_cheaper_than_the_current_item(shop, make):
    arn = make("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.CATEGORY IN CurrentItem.CATEGORY")
    put_item(shop, "item-9-1", "shelf 9", 100.0)
    put_item(shop, "item-9-2", "shelf 9|all", 100.0)

    answer = ask(shop, "similar", None, itemId="item-9-1", filterArn=arn)

    assert set(answer) == {f"item-9-{place}" for place in range(15) if place not in {1, 2}}
    code, message = refusal(
        shop.runtime.get_recommendations, campaignArn=shop.campaigns["for-you"], userId="user-1", filterArn=arn
    )
    assert code == "InvalidInputException"
    assert "related items" in message


@pytest.mark.honours("PutItems", "filters heed a changed item with the next answer")
def test_a_changed_item_is_filtered_by_what_it_is_now(shop, make):
    arn = make("INCLUDE ItemID WHERE Items.PRICE >= 700")
    assert ask(shop, filterArn=arn) == []

    put_item(shop, "item-10-1", "shelf 10", 777.0)

    assert ask(shop, filterArn=arn) == ["item-10-1"]


@pytest.mark.honours("GetPersonalizedRanking", "a filter leaves items out of the ranking")
def test_a_filtered_ranking(shop, make):
    arn = make('EXCLUDE ItemID WHERE Items.CATEGORY IN ("shelf 1")')

    answer = shop.runtime.get_personalized_ranking(
        campaignArn=shop.campaigns["ranking"],
        userId="user-1",
        inputList=["item-1-1", "item-2-1", "item-3-1"],
        filterArn=arn,
    )

    assert {one["itemId"] for one in answer["personalizedRanking"]} == {"item-2-1", "item-3-1"}


@pytest.mark.honours("GetRecommendations", "an unknown filter, and one for users, are refused")
def test_filters_that_cannot_be_used(shop, make):
    arn = shop.campaigns["for-you"]
    for_users = make('INCLUDE UserID WHERE Users.AGE_GROUP IN ("65+")')

    unknown, _ = refusal(
        shop.runtime.get_recommendations, campaignArn=arn, userId="u", filterArn=arn.replace("campaign", "filter")
    )
    unfit, message = refusal(shop.runtime.get_recommendations, campaignArn=arn, userId="u", filterArn=for_users)

    assert unknown == "ResourceNotFoundException"
    assert unfit == "InvalidInputException"
    assert "UserID" in message


@pytest.mark.honours("GetRecommendations", "filters heed what was streamed before a kill as they did")
def test_a_filter_says_the_same_after_a_kill(s3, tmp_path):
    engine = RunningEngine(tmp_path / "state", s3.url)
    try:
        shop = Shop(engine, s3)
        shop.fill()
        shop.campaigns["popular"] = shop.deploy("popular", "aws-popularity-count")
        shop.tracking_id = shop.track()
        made = shop.control.create_filter(
            name="dear",
            datasetGroupArn=shop.group,
            filterExpression="INCLUDE ItemID WHERE Items.PRICE > 50"
            ' | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")',
        )
        until_settled(lambda: shop.control.describe_filter(filterArn=made["filterArn"]))
        for place in range(3):
            put_item(shop, f"item-1-{place}", "shelf 1", 60.0)
        send(shop, "buyer", "item-1-1", "Buy")
        before = ask(shop, "popular", "buyer", filterArn=made["filterArn"])

        engine.kill()
        engine.start()

        assert set(before) == {"item-1-0", "item-1-2"}
        assert ask(shop, "popular", "buyer", filterArn=made["filterArn"]) == before
    finally:
        engine.stop()


@pytest.mark.honours("GetRecommendations", "a filter whose dataset was deleted is refused, and says so")
@pytest.mark.honours("CreateFilter", "a filter needs the datasets that it asks for")
def test_a_filter_without_its_dataset_is_refused(new_shop):
    new_shop.fill()
    new_shop.campaigns["popular"] = new_shop.deploy("popular", "aws-popularity-count")
    expression = "INCLUDE ItemID WHERE Items.PRICE > 5"
    made = new_shop.control.create_filter(name="dear", datasetGroupArn=new_shop.group, filterExpression=expression)
    until_settled(lambda: new_shop.control.describe_filter(filterArn=made["filterArn"]))
    assert ask(new_shop, "popular", filterArn=made["filterArn"])

    new_shop.control.delete_dataset(datasetArn=new_shop.datasets["Items"])
    while len(new_shop.control.list_datasets(datasetGroupArn=new_shop.group)["datasets"]) > 1:
        time.sleep(0.02)

    lacking = "the dataset group has no dataset of the type Items"
    code, message = refusal(
        new_shop.runtime.get_recommendations,
        campaignArn=new_shop.campaigns["popular"],
        userId="u",
        filterArn=made["filterArn"],
    )
    assert code == "InvalidInputException"
    assert lacking in message
    code, message = refusal(
        new_shop.control.create_filter, name="x", datasetGroupArn=new_shop.group, filterExpression=expression
    )
    assert code == "InvalidInputException"
    assert lacking in message
