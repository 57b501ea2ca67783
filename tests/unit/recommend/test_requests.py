"""Requests are read strictly: an error names the field and the rule that it broke."""

from __future__ import annotations

import pytest

from backend.http import BadRequestError
from backend.recommend.requests import (
    RecommendationRequest,
    read_popular,
    read_recommendations,
    read_rerank,
    read_similar_items,
)
from tests.factories.lambda_events import http_request


def test_defaults():
    assert read_recommendations(http_request()) == RecommendationRequest(
        "recommendations", user_id="ann", num_results=25
    )
    assert read_similar_items(http_request()) == RecommendationRequest("similar-items", item_id="mug", num_results=25)
    assert read_popular(http_request()) == RecommendationRequest("popular", num_results=25)


def test_num_results_and_explain_are_read():
    request = read_recommendations(http_request(query={"num_results": ["50"], "explain": ["true"]}))
    assert (request.num_results, request.with_explanations) == (50, True)
    request = read_recommendations(http_request(query={"num_results": ["100"], "explain": ["false"]}))
    assert (request.num_results, request.with_explanations) == (100, False)


def test_slot_and_variation_are_read_and_share_one_stored_answer():
    labels = {"slot": "home-top", "variation": "b"}
    query = {name: [value] for name, value in labels.items()}
    for read in (read_recommendations, read_similar_items, read_popular):
        request = read(http_request(query=query))
        assert (request.slot, request.variation, request.key) == ("home-top", "b", read(http_request()).key)
    ranked = read_rerank(http_request(body={"user_id": "ann", "items": ["a"], **labels}))
    assert (ranked.slot, ranked.variation) == ("home-top", "b")


def test_at_most_50_items_are_explained():
    with pytest.raises(BadRequestError, match="from 1 to 50 where explain is true") as refused:
        read_similar_items(http_request(query={"num_results": ["51"], "explain": ["true"]}))
    assert refused.value.field == "num_results"


def test_the_key_of_an_explained_answer_differs_from_every_plain_key():
    explained = RecommendationRequest("recommendations", user_id="ann", with_explanations=True)
    assert explained.key not in {
        RecommendationRequest("recommendations", user_id=name).key for name in ("ann", "ann#explained")
    }
    assert explained.plain == RecommendationRequest("recommendations", user_id="ann")


@pytest.mark.parametrize("value", ["0", "101", "-1", "1.5", "many", "", "٣", " 5", "99999999999999"])
def test_num_results_out_of_range_or_no_number_is_refused(value):
    with pytest.raises(BadRequestError, match="from 1 to 100") as refused:
        read_popular(http_request(query={"num_results": [value]}))
    assert refused.value.field == "num_results"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": ["5"]}, "limit"),
        ({"explain": ["yes"]}, "explain"),
        ({"num_results": ["5", "6"]}, "num_results"),
        ({"slot": [""]}, "slot"),
        ({"variation": ["b" * 257]}, "variation"),
    ],
)
def test_other_wrong_query_parameters_are_refused(query, field):
    with pytest.raises(BadRequestError) as refused:
        read_recommendations(http_request(query=query))
    assert refused.value.field == field


@pytest.mark.parametrize("value", ["", "a" * 257, "a\x00b", "tab\t", "del\x7f"])
def test_malformed_ids_are_refused(value):
    with pytest.raises(BadRequestError) as refused:
        read_recommendations(http_request(path={"user_id": value}))
    assert refused.value.field == "user_id"
    with pytest.raises(BadRequestError) as refused:
        read_similar_items(http_request(path={"item_id": value}))
    assert refused.value.field == "item_id"


def test_any_other_id_is_accepted_unchanged():
    assert read_recommendations(http_request(path={"user_id": "ünï/#%" * 40})).user_id == "ünï/#%" * 40


def test_a_list_to_rank_is_read_in_its_order():
    request = read_rerank(http_request(body={"user_id": "ann", "items": ["b", "a"]}))
    assert request == RecommendationRequest("rerank", user_id="ann", items=("b", "a"), num_results=2)
    assert request.key != read_rerank(http_request(body={"user_id": "ann", "items": ["a", "b"]})).key


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b"\xff", "body"),
        (b"[" * 100_000, "body"),
        ([], "body"),
        ({"items": ["a"]}, "user_id"),
        ({"user_id": "ann"}, "items"),
        ({"user_id": "ann", "items": []}, "items"),
        ({"user_id": "ann", "items": "ab"}, "items"),
        ({"user_id": "ann", "items": ["a"] * 2}, "items"),
        ({"user_id": "ann", "items": [str(n) for n in range(501)]}, "items"),
        ({"user_id": "ann", "items": ["a", 5]}, "items[1]"),
        ({"user_id": "ann", "items": ["a"], "slot": None}, "slot"),
        ({"user_id": 7, "items": ["a"]}, "user_id"),
        (b'{"user_id": "\\ud800", "items": ["a"]}', "user_id"),
        (b'{"user_id": "ann", "items": ["\\udfff"]}', "items[0]"),
        ({"user_id": "ann", "items": ["a"], "limit": 5}, "limit"),
    ],
)
def test_a_wrong_list_to_rank_is_refused(body, field):
    with pytest.raises(BadRequestError) as refused:
        read_rerank(http_request(body=body))
    assert refused.value.field == field


def test_a_context_is_read_by_column_and_has_answers_of_its_own():
    request = read_recommendations(http_request(query={"context[HOUR]": ["07"], "context[DEVICE]": ["phone"]}))
    ranked = read_rerank(http_request(body={"user_id": "ann", "items": ["a"], "context": {"DEVICE": "phone"}}))

    assert request.context == (("DEVICE", "phone"), ("HOUR", "07"))
    assert ranked.context == (("DEVICE", "phone"),)
    assert request.key != read_recommendations(http_request(query={"context[HOUR]": ["08"]})).key
    assert ranked.key != read_rerank(http_request(body={"user_id": "ann", "items": ["a"]})).key


@pytest.mark.parametrize(
    ("query", "field", "rule"),
    [
        ({"context[COLOUR]": ["red"]}, "context[COLOUR]", "the context columns are: DEVICE, HOUR"),
        ({"context[HOUR]": ["7", "8"]}, "context[HOUR]", "must be given once"),
        ({"context[HOUR]": [""]}, "context[HOUR]", "1 to 1000 characters"),
        ({"context": ["phone"]}, "context", "is not known"),
        ({"fallback": ["none"]}, "fallback", "must be popular"),
        ({"details": ["1"]}, "details", "must be true or false"),
        ({"derive_context": ["yes"]}, "derive_context", "must be true or false"),
    ],
)
def test_a_wrong_choice_is_refused_with_its_rule(query, field, rule):
    with pytest.raises(BadRequestError, match=rule) as refused:
        read_recommendations(http_request(query=query))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"context": "phone"}, "context"),
        ({"context": {"DEVICE": 7}}, "context[DEVICE]"),
        ({"details": "true"}, "details"),
        ({"details": True, "items": [str(n) for n in range(101)]}, "items"),
        ({"derive_context": 1}, "derive_context"),
        ({"fallback": True}, "fallback"),
        ({"fallback": []}, "fallback"),
        ({"fallback": {}}, "fallback"),
        ({"fallback": None}, "fallback"),
        ({"filter": None}, "filter"),
    ],
)
def test_a_wrong_choice_about_a_list_to_rank_is_refused(body, field):
    with pytest.raises(BadRequestError) as refused:
        read_rerank(http_request(body={"user_id": "ann", "items": ["a"], **body}))
    assert refused.value.field == field


def test_only_what_depends_on_the_user_has_a_context():
    for read in (read_similar_items, read_popular):
        with pytest.raises(BadRequestError):
            read(http_request(query={"context[DEVICE]": ["phone"]}))
