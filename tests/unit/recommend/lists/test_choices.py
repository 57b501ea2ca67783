"""What a request may choose besides its list: its context, described items, popular items for the unknown."""

from __future__ import annotations

import json

import pytest

from backend.http import BadRequestError
from backend.recommend.requests import RecommendationRequest, read_popular, read_recommendations
from backend.recommend.requests.context import derive_context
from tests.factories.lambda_events import http_request
from tests.fakes.faults import timeout
from tests.fakes.functions.serving import NOW, RANKING, Serving

PHONE = RecommendationRequest("recommendations", user_id="ann", context=(("DEVICE", "phone"), ("HOUR", "07")))


@pytest.fixture
def serving():
    return Serving()


def test_the_recommender_gets_the_context(serving):
    serving.ask(PHONE)
    serving.ask(RecommendationRequest("rerank", user_id="ann", items=("item-7",), context=(("HOUR", "07"),)))
    assert [asked["context"] for asked in serving.runtime.asked] == [{"DEVICE": "phone", "HOUR": "07"}, {"HOUR": "07"}]
    assert serving.ask(PHONE)["source"] == "cache"


@pytest.mark.parametrize(
    ("headers", "context"),
    [
        ({}, {"HOUR": "08"}),
        ({"cloudfront-is-mobile-viewer": "true", "cloudfront-is-tablet-viewer": "false"}, {"DEVICE": "phone"}),
        ({"cloudfront-is-mobile-viewer": "true", "cloudfront-is-tablet-viewer": "true"}, {"DEVICE": "tablet"}),
        ({"sec-ch-ua-mobile": "?0"}, {"DEVICE": "desktop"}),
        ({"sec-ch-ua-mobile": "maybe"}, {}),
    ],
)
def test_a_browsers_request_states_its_device_and_its_hour(headers, context):
    assert derive_context(headers, NOW) == {"HOUR": "08"} | context


def test_each_item_is_described_by_its_record(serving):
    fields = {"title": "Mug", "price": 5.0, "brand": None, "description": "long", "properties": {"picture": "mug.svg"}}
    serving.describe(f"item#{RANKING[0]}", **fields)
    request = RecommendationRequest("popular", num_results=2, with_details=True)

    first, second = serving.ask(request)["items"]

    assert first["details"] == {"title": "Mug", "price": 5.0, "picture": "mug.svg"}
    assert (second["item_id"], second["details"]) == (RANKING[1], {})
    assert "details" not in serving.ask(RecommendationRequest("popular"))["items"][0]


def test_an_answer_whose_items_cannot_be_read_states_so(serving):
    request = RecommendationRequest("popular", num_results=2, with_details=True)
    serving.ask(request)
    serving.dynamodb.faults["batch_get_item"].plan([None, timeout()])

    body = serving.ask(request)

    assert [set(item) for item in body["items"]] == [{"item_id", "score"}] * 2
    assert body["undescribed"] == "the table of items did not answer in time"


@pytest.mark.parametrize(
    "request_of_unknown",
    [
        RecommendationRequest("recommendations", user_id="unknown", has_popular_fallback=True),
        RecommendationRequest("similar-items", item_id="nothing", has_popular_fallback=True),
        RecommendationRequest("rerank", user_id="unknown", items=("item-9", "item-2"), has_popular_fallback=True),
    ],
    ids=lambda request: request.kind,
)
def test_the_unknown_get_popular_items_where_the_request_wants_them(serving, request_of_unknown):
    body = serving.ask(request_of_unknown)

    items = [item["item_id"] for item in body["items"]]
    assert items == (["item-2", "item-9"] if request_of_unknown.items else RANKING[:25])
    assert body["source"] == "popular"
    assert not [key for key in serving.dynamodb.items["answers"] if "unknown" in json.dumps(key)]


def promoted(**query):
    given = {name.replace("__", "[") + "]" * ("__" in name): [value] for name, value in query.items()}
    return read_recommendations(http_request(query=given))


def test_a_promotion_gives_a_part_of_the_list_to_the_items_of_a_filter(serving):
    request = promoted(promotion="category", promotion_percent="20", promotion_values__CATEGORY="shoes")
    body = serving.ask(request)

    assert serving.runtime.asked[-1]["promotion"] == {
        "name": "category",
        "percentPromotedItems": 20,
        "filterArn": "arn:filter/category-1",
        "filterValues": {"CATEGORY": '"shoes"'},
    }
    assert [item.get("promoted", False) for item in body["items"]] == [True] * 5 + [False] * 20
    assert serving.ask(request)["source"] == "cache"
    assert serving.ask(RecommendationRequest("recommendations", user_id="ann"))["source"] == "recommender"


def test_the_promotion_of_a_user_who_is_not_the_requests_needs_that_user(serving):
    query = {"promotion": ["not_bought"], "promotion_percent": ["20"], "user_id": ["bob"]}
    serving.ask(read_popular(http_request(query=query)))
    assert serving.runtime.asked[-1]["userId"] == "bob"

    del query["user_id"]
    with pytest.raises(BadRequestError, match="is required with the filter not_bought"):
        serving.ask(read_popular(http_request(query=query)))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"promotion": "category", "promotion_values__CATEGORY": "shoes"}, "promotion_percent"),
        ({"promotion": "category", "promotion_percent": "0"}, "promotion_percent"),
        ({"promotion": "category", "promotion_percent": "101"}, "promotion_percent"),
        ({"promotion_percent": "20"}, "promotion_percent"),
        ({"promotion_values__CATEGORY": "shoes"}, "promotion_values"),
        ({"promotion": "category", "promotion_percent": "20"}, "promotion_values[CATEGORY]"),
        ({"promotion": "none", "promotion_percent": "20"}, "promotion"),
    ],
)
def test_a_wrong_promotion_is_refused(serving, query, field):
    with pytest.raises(BadRequestError) as refused:
        serving.ask(promoted(**query))
    assert refused.value.field == field
