"""The models that a request may name: other solutions' campaigns, and the endpoint of the custom model."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from backend.http import BadRequestError, UnavailableError
from backend.recommend.requests import (
    RecommendationRequest,
    read_popular,
    read_recommendations,
    read_rerank,
    read_similar_items,
)
from tests.factories.lambda_events import http_request
from tests.fakes.faults import Fault, timeout
from tests.fakes.functions.serving import NOW, RANKING, TRENDING, Serving

FOR_ANN = RecommendationRequest("recommendations", user_id="ann", num_results=3)
CUSTOM = replace(FOR_ANN, model="custom")


@pytest.fixture
def serving() -> Serving:
    serving = Serving()
    for number in (4, 9, 4):
        serving.add_event("ann", NOW - 60_000 + number, f"seen-{number}", f"item-{number}")
    return serving


def ids(body: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in body["items"]]


def test_every_route_reads_the_model():
    query = {"model": ["trending"]}
    read = [each(http_request(query=query)) for each in (read_recommendations, read_similar_items, read_popular)]
    read.append(read_rerank(http_request(body={"user_id": "ann", "items": ["a"], "model": "trending"})))
    assert [request.model for request in read] == ["trending"] * 4


def test_the_campaign_of_the_named_solution_answers(serving):
    body = serving.ask(replace(FOR_ANN, model="trending"))

    assert (body["model"], body["source"]) == ("shop-trending", "recommender")
    assert [asked["campaignArn"] for asked in serving.runtime.asked] == [TRENDING]
    assert serving.firehose.rows[-1]["model"] == "shop-trending"


def test_a_model_may_be_named_as_answers_and_the_list_of_models_do(serving):
    for model in ("trending", "shop-trending"):
        body = serving.ask(replace(FOR_ANN, model=model))
        assert serving.ask(replace(FOR_ANN, model=body["model"]))["source"] == "cache"
    with pytest.raises(BadRequestError, match="cannot be used with model=custom"):
        serving.ask(replace(CUSTOM, model="shop-custom", with_explanations=True))

    assert [asked["campaignArn"] for asked in serving.runtime.asked] == [TRENDING]


def test_answers_of_models_are_stored_apart(serving):
    requests = [FOR_ANN, replace(FOR_ANN, model="trending"), CUSTOM]
    assert [serving.ask(request)["source"] for request in requests * 2] == ["recommender"] * 3 + ["cache"] * 3


def test_the_custom_model_answers_from_the_history(serving):
    body = serving.ask(CUSTOM)

    assert (ids(body), body["model"]) == (RANKING[:-4:-1], "shop-custom")
    assert body["recommendation_id"] is None
    assert serving.endpoint.asked == [{"userId": "ann", "history": ["item-9", "item-4", "item-7"], "numResults": 25}]
    assert serving.runtime.asked == []


def test_the_custom_model_gets_the_item_and_the_list(serving):
    serving.ask(RecommendationRequest("similar-items", item_id="item-7", model="custom"))
    serving.ask(RecommendationRequest("rerank", user_id="ann", items=("a", "b"), num_results=2, model="custom"))
    serving.ask(RecommendationRequest("popular", model="custom"))

    similar, ranked, popular = serving.endpoint.asked
    assert similar == {"itemId": "item-7", "numResults": 25}
    assert (ranked["inputList"], ranked["numResults"]) == (["a", "b"], 2)
    assert popular == {"numResults": 25}


@pytest.mark.parametrize("answer", [{"Body": json}, {}, None])
def test_popular_items_are_the_fallback_of_a_custom_model_that_fails(serving, answer):
    serving.endpoint.faults.always(timeout() if answer is None else Fault(answer=answer))

    assert serving.ask(CUSTOM)["source"] == "popular"
    assert serving.ask(RecommendationRequest("popular", model="custom"))["source"] == "popular"

    serving.break_recommender()
    with pytest.raises(UnavailableError):
        Broken().ask(RecommendationRequest("popular", model="trending"), NOW)


class Broken(Serving):
    def __init__(self) -> None:
        super().__init__()
        self.break_recommender()


@pytest.mark.parametrize(
    ("request_", "rule"),
    [
        (replace(FOR_ANN, model="best"), "'best' is not known; known are: custom, popular, trending"),
        (RecommendationRequest("rerank", user_id="ann", items=("a",), model="trending"), "known are: custom"),
    ],
)
def test_an_unknown_model_is_refused_with_the_known_ones(serving, request_, rule):
    with pytest.raises(BadRequestError, match=rule) as refused:
        serving.ask(request_)
    assert refused.value.field == "model"

    serving.dependencies = replace(serving.dependencies, models={})
    with pytest.raises(BadRequestError, match="no model is deployed for this request"):
        serving.ask(request_)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"filter": ["category"], "filter_values[CATEGORY]": ["x"]}, "filter"),
        ({"promotion": ["category"], "promotion_percent": ["9"], "promotion_values[CATEGORY]": ["x"]}, "promotion"),
        ({"context[DEVICE]": ["phone"]}, "context"),
        ({"explain": ["true"]}, "explain"),
    ],
)
def test_the_custom_model_takes_no_filter_promotion_context_or_explain(serving, query, field):
    with pytest.raises(BadRequestError) as refused:
        serving.ask(read_recommendations(http_request(query={"model": ["custom"], **query})))
    assert refused.value.field == field
