"""Why an item is in an answer: the column EXPLANATION, which the engine has beside Amazon's API."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.contract.engine.calls import refusal, send, update
from tests.contract.engine.shops import Shop
from tests.factories.shop_stream import SCHEMA_FIELDS, schema_text


def recommend(shop, campaign="for-you", columns=("EXPLANATION",), **request):
    return shop.recommend(campaign, metadataColumns={"ITEMS": list(columns)}, **request)["itemList"]


def why(item):
    return json.loads(item["metadata"]["EXPLANATION"], parse_float=Decimal)


def names(item):
    return [explanation["name"] for explanation in why(item)]


@pytest.mark.differs(
    "GetRecommendations",
    "the metadata column EXPLANATION, unless the items have one, gives the contributions to a score",
)
def test_an_answer_says_of_each_item_what_drove_it(trained_shop):
    send(trained_shop, "explained", ["item-4-1", "item-4-2"])

    answer = recommend(trained_shop, userId="explained", numResults=50)

    assert len(answer) == 50
    for item in answer:
        explanation = why(item)
        assert 1 <= len(explanation) <= 6
        assert sum(part["weight"] for part in explanation) == 1
        weights = [part["weight"] for part in explanation if part["name"] != "rest"]
        assert weights == sorted(weights, reverse=True)
    assert names(answer[0])[0] in {"item:item-4-1", "item:item-4-2"}


@pytest.mark.differs("GetRecommendations", "the next answer's explanations name an event")
def test_the_next_event_is_named_at_once(trained_shop):
    send(trained_shop, "moving", ["item-5-1"])
    before = recommend(trained_shop, userId="moving", numResults=10)
    send(trained_shop, "moving", ["item-9-1", "item-9-2"], session="later")

    after = recommend(trained_shop, userId="moving", numResults=10)

    assert not any("item:item-9-2" in names(item) for item in before)
    assert sum("item:item-9-2" in names(item) for item in after) > 5


@pytest.mark.differs("GetRecommendations", "items of an unknown user are explained by their popularity")
def test_the_answer_to_an_unknown_user_is_explained_by_popularity(trained_shop):
    answer = recommend(trained_shop, userId="nobody-knows")

    assert {names(item)[0] for item in answer if item["reason"] == ["Popular item"]} == {"popularity"}


@pytest.mark.differs("GetPersonalizedRanking", "the metadata column EXPLANATION; an item without a score has none")
def test_ranked_items_are_explained_as_well(trained_shop):
    send(trained_shop, "ranked", ["item-4-1", "item-4-2"])

    given = ["unknown", "item-7-7", "item-4-3"]
    answer = trained_shop.rank("ranked", given, metadataColumns={"ITEMS": ["EXPLANATION"]})

    assert [item["itemId"] for item in answer] == ["item-4-3", "item-7-7", "unknown"]
    assert set(names(answer[0])) & {"item:item-4-1", "item:item-4-2"}
    assert "metadata" not in answer[2]


@pytest.mark.differs("GetRecommendations", "promoted and explored items are explained by the promotion or exploration")
def test_promoted_and_explored_items_say_so(trained_shop):
    made = trained_shop.add_filter("explained-shelf", 'INCLUDE ItemID WHERE Items.CATEGORY IN ("shelf 2")')
    send(trained_shop, "explorer", ["item-4-1", "item-4-2"])
    sale = {"name": "sale", "percentPromotedItems": 20, "filterArn": made}

    answer = recommend(trained_shop, userId="explorer", numResults=50, promotions=[sale])

    promoted = [item for item in answer if item.get("promotionName") == "sale"]
    explored = [item for item in answer if item.get("reason") == ["Exploration"]]
    trained_shop.control.delete_filter(filterArn=made)
    assert len(promoted) == 10
    assert explored
    assert all(why(item) == [{"name": "promotion:sale", "weight": 1}] for item in promoted)
    assert all(why(item) == [{"name": "exploration", "weight": 1}] for item in explored)


@pytest.mark.differs(
    "GetRecommendations", "explanations are available beside columns without a setting of the campaign"
)
def test_explanations_stand_beside_columns_and_need_no_setting(trained_shop):
    first = recommend(trained_shop, columns=["PRICE", "EXPLANATION"], userId="user-1", numResults=1)[0]

    popular = recommend(trained_shop, "popular", numResults=1)[0]

    assert set(first["metadata"]) == {"PRICE", "EXPLANATION"}
    assert names(popular)[0] == "people"
    # The columns of the items go on needing one.
    message = refusal(recommend, shop=trained_shop, campaign="popular", columns=["PRICE", "EXPLANATION"]).message
    assert "metadata in recommendations is not enabled" in message


def test_as_many_items_are_explained_as_come_with_columns(trained_shop):
    message = refusal(recommend, shop=trained_shop, userId="user-1", numResults=51).message

    assert "at most 50 with metadata, not 51" in message


@pytest.mark.honours("GetRecommendations", "an Items column named EXPLANATION takes precedence over the engine's")
def test_a_column_of_that_name_goes_before(engine, s3):
    shop = Shop(engine, s3, account="824000000003")
    shop.fill()
    shop.deploy("for-you", "aws-user-personalization-v2")
    asked = {"userId": "user-1", "numResults": 1}
    (before,) = recommend(shop, **asked)
    explanation_field = {"name": "EXPLANATION", "type": ["string", "null"]}
    schema = json.dumps({**json.loads(schema_text("Items")), "fields": [*SCHEMA_FIELDS["Items"], explanation_field]})

    made = shop.control.create_schema(name="explained", schema=schema)["schemaArn"]
    update(shop.control, "dataset", datasetArn=shop.datasets["Items"], schemaArn=made)
    shop.put_item(before["itemId"], explanation="our own")

    (after,) = recommend(shop, **asked)
    assert why(before)
    assert after["metadata"] == {"EXPLANATION": "our own"}
