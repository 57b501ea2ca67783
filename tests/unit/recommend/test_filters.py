"""A request names a published filter, which every answer passes, a fallback too."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from backend.http import BadRequestError, Request, UnavailableError
from backend.recommend.filters import FilterChoice
from backend.recommend.requests import (
    RecommendationRequest,
    read_popular,
    read_recommendations,
    read_rerank,
    read_similar_items,
)
from tests.fakes.faults import server_error
from tests.fakes.functions.serving import MINUTE, NOW, Serving

NOT_BOUGHT = FilterChoice("not_bought")
FOR_ANN = RecommendationRequest("recommendations", user_id="ann", filter=NOT_BOUGHT)
BOOKS = FilterChoice("category", (("CATEGORY", ("books", "art, old")),))


@pytest.fixture
def serving() -> Serving:
    serving = Serving()
    serving.runtime.passing = {"item-3", "item-5"}
    return serving


def ids(body: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in body["items"]]


def read(query: dict[str, list[str]], read_request: Any = read_popular) -> RecommendationRequest:
    request: RecommendationRequest = read_request(
        Request("GET", "/", {"user_id": "ann", "item_id": "item-7"}, query, {}, b"", "r-1")
    )
    return request


def rerank(**body: Any) -> RecommendationRequest:
    return read_rerank(Request("POST", "/", {}, {}, {}, json.dumps(body).encode(), "r-1"))


def test_a_filter_is_read_with_its_values():
    values = {"filter_values[B]": ["2", "1"], "filter_values[A]": ["x"]}
    expected = (("A", ("x",)), ("B", ("2", "1")))

    assert read({"filter": ["f"], **values}, read_recommendations).filter == FilterChoice("f", expected)
    assert read({"filter": ["f"], "user_id": ["u"]}, read_similar_items).filter == FilterChoice("f", (), "u")
    given = {"filter": "f", "filter_values": {"B": ["2", "1"], "A": ["x"]}}
    assert rerank(user_id="u", items=["a"], **given).filter == FilterChoice("f", expected)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"filter_values[A]": ["x"]}, "filter_values"),
        ({"user_id": ["u"]}, "user_id"),
        ({"filter": ["f"], "filter_values[A-B]": ["x"]}, "filter_values[A-B]"),
        ({"filter": ["f", "g"]}, "filter"),
        ({"filter": [""]}, "filter"),
    ],
)
def test_a_query_without_sense_is_refused(query, field):
    with pytest.raises(BadRequestError) as refused:
        read(query)

    assert refused.value.field == field


@pytest.mark.parametrize("values", [[], {"A": "x"}, {"A": []}, {"A": [1]}])
def test_values_of_another_form_are_refused(values):
    with pytest.raises(BadRequestError) as refused:
        rerank(user_id="u", items=["a"], filter="f", filter_values=values)

    assert refused.value.field == "filter_values"


def test_the_recommender_gets_the_filter_and_its_values(serving):
    assert ids(serving.ask(RecommendationRequest("popular", filter=BOOKS))) == ["item-3", "item-5"]
    asked = serving.runtime.asked[-1]
    assert (asked["filterArn"], asked["filterValues"]) == ("arn:filter/category-1", {"CATEGORY": '"books","art, old"'})

    serving.ask(RecommendationRequest("popular", filter=FilterChoice("price", (("MOST", ("9.5",)),))))
    assert serving.runtime.asked[-1]["filterValues"] == {"MOST": "9.5"}

    ranked = RecommendationRequest("rerank", user_id="ann", items=("item-5", "item-4", "item-3"), filter=NOT_BOUGHT)
    assert ids(serving.ask(ranked)) == ["item-3", "item-5"]


def test_a_filter_of_a_user_needs_one(serving):
    with pytest.raises(BadRequestError) as refused:
        serving.ask(RecommendationRequest("popular", filter=NOT_BOUGHT))
    assert refused.value.field == "user_id"

    serving.ask(RecommendationRequest("popular", filter=FilterChoice("not_bought", user_id="new")))
    assert serving.runtime.asked[-1]["userId"] == "new"
    serving.ask(
        RecommendationRequest("similar-items", item_id="item-7", filter=FilterChoice("not_bought", user_id="a"))
    )
    assert (serving.runtime.asked[-1]["userId"], serving.runtime.asked[-1]["itemId"]) == ("a", "item-7")


@pytest.mark.parametrize(
    ("choice", "field", "rule"),
    [
        (FilterChoice("cheap"), "filter", "'cheap' is not known; known are: category, not_bought, price"),
        (FilterChoice("category"), "filter_values[CATEGORY]", "is required"),
        (FilterChoice("price", (("MOST", ("1",)), ("X", ("1",)))), "filter_values[X]", "is not a parameter"),
        (FilterChoice("price", (("MOST", ("cheap",)),)), "filter_values[MOST]", "must be one number"),
        (FilterChoice("price", (("MOST", ("1", "2")),)), "filter_values[MOST]", "must be one number"),
        (FilterChoice("category", (("CATEGORY", ('a" OR "b',)),)), "filter_values[CATEGORY]", "quotes"),
        (FilterChoice("category", (("CATEGORY", ("\ud800",)),)), "filter_values[CATEGORY]", "surrogates"),
        (FilterChoice("category", (("CATEGORY", ("a" * 999,)),)), "filter_values[CATEGORY]", "at most 1000"),
    ],
)
def test_an_unknown_filter_or_value_is_refused_with_the_rule(serving, choice, field, rule):
    with pytest.raises(BadRequestError, match=re.escape(rule)) as refused:
        serving.ask(RecommendationRequest("popular", filter=choice))

    assert refused.value.field == field


def test_before_the_first_training_no_filter_is_known(serving):
    serving.parameters.values.clear()

    with pytest.raises(BadRequestError, match="a training creates filters"):
        serving.ask(FOR_ANN)


def test_each_filter_has_its_own_stored_answers(serving):
    assert serving.ask(RecommendationRequest("popular"))["source"] == "recommender"
    for choice in (BOOKS, FilterChoice("category", (("CATEGORY", ("art",)),)), FilterChoice("not_bought", user_id="a")):
        request = RecommendationRequest("popular", filter=choice)
        assert [serving.ask(request)["source"] for _ in range(2)] == ["recommender", "cache"]


def test_a_changed_filter_is_used_within_a_minute_and_not_its_predecessors_answers(serving):
    serving.ask(FOR_ANN)
    serving.publish("2", not_bought=[])
    serving.seconds = 59
    assert serving.ask(FOR_ANN, NOW + 1)["source"] == "cache"

    serving.seconds = 61
    assert serving.ask(FOR_ANN, NOW + 1)["source"] == "recommender"
    assert serving.runtime.asked[-1]["filterArn"] == "arn:filter/not_bought-2"


def test_a_fallback_passes_the_filter(serving):
    serving.ask(FOR_ANN)
    campaigns = serving.dependencies.campaigns
    serving.runtime.missing.add(campaigns["recommendations"])
    assert serving.ask(FOR_ANN, NOW + 2 * MINUTE)["source"] == "last_good"

    other = RecommendationRequest("recommendations", user_id="ann", filter=BOOKS)
    body = serving.ask(other)
    assert (body["source"], ids(body)) == ("popular", ["item-3", "item-5"])

    serving.runtime.missing.add("arn:filter/category-1")
    serving.runtime.missing.add(campaigns["popular"])
    with pytest.raises(UnavailableError):
        serving.ask(
            RecommendationRequest(
                "recommendations", user_id="ann", num_results=50, filter=FilterChoice("price", (("MOST", ("1",)),))
            )
        )


def test_items_to_order_have_no_unfiltered_fallback(serving):
    serving.break_recommender()

    with pytest.raises(UnavailableError):
        serving.ask(RecommendationRequest("rerank", user_id="ann", items=("item-1",), filter=NOT_BOUGHT))


def test_a_filter_may_leave_nothing(serving):
    serving.runtime.passing.clear()

    body = serving.ask(FOR_ANN)
    assert (body["source"], body["items"]) == ("recommender", [])


def test_filters_that_cannot_be_read_are_used_as_last_read(serving):
    serving.ask(FOR_ANN)
    serving.parameters.faults.always(server_error())
    serving.seconds = 3600
    assert serving.ask(FOR_ANN)["source"] == "cache"

    fresh = Serving()
    fresh.parameters.faults.always(server_error())
    with pytest.raises(UnavailableError, match="filters cannot be read"):
        fresh.ask(FOR_ANN)
