"""A list in pages: parts of one stored answer, whatever happens between them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.http import BadRequestError, GoneError
from backend.recommend.requests import Page, RecommendationRequest, read_popular
from tests.factories.lambda_events import http_request
from tests.fakes.faults import timeout
from tests.fakes.functions.serving import DAY, MINUTE, NOW, RANKING, Serving

FIRST = RecommendationRequest("recommendations", user_id="ann", num_results=40, page=Page())


@pytest.fixture
def serving():
    return Serving()


def following(body):
    [query] = [{"num_results": ["40"], "page": [body["next_page"]]}]
    return replace(FIRST, page=read_popular(http_request(query=query)).page)


def test_the_pages_are_the_whole_answer_though_an_event_and_other_requests_come_between(serving):
    first = serving.ask(FIRST)
    serving.add_event("ann", NOW, "e-2")
    serving.runtime.ranking.reverse()
    serving.ask(RecommendationRequest("recommendations", user_id="ann"), NOW + MINUTE)
    second = serving.ask(following(first), NOW + DAY)
    third = serving.ask(following(second), NOW + DAY)

    pages = [[item["item_id"] for item in page["items"]] for page in (first, second, third)]
    assert pages == [RANKING[:40], RANKING[40:80], RANKING[80:100]]
    assert [page["recommendation_id"] for page in (second, third)] == [first["recommendation_id"]] * 2
    assert "next_page" not in third


def test_a_page_of_an_answer_that_was_replaced_or_is_too_old_is_gone(serving):
    first = serving.ask(FIRST)
    with pytest.raises(GoneError, match="page=first"):
        serving.ask(following(first), NOW + 8 * DAY)
    serving.add_event("ann", NOW, "e-2")
    replaced = serving.ask(FIRST, NOW + 1)

    with pytest.raises(GoneError):
        serving.ask(following(first), NOW + 2)
    assert serving.ask(following(replaced), NOW + 2)["source"] == "cache"


def test_an_answer_that_is_not_stored_has_no_further_pages(serving):
    serving.dynamodb.faults["put_item"].plan([timeout()])
    assert "next_page" not in serving.ask(FIRST)

    serving.ask(RecommendationRequest("popular", num_results=100))
    serving.break_recommender()
    fallback = serving.ask(FIRST, NOW + MINUTE)
    assert (fallback["source"], "next_page" in fallback) == ("popular", False)


@pytest.mark.parametrize("value", ["", "2", "1760000000000", "1760000000000-", "-40", "First", "1760000000000-٤"])
def test_a_page_that_no_answer_named_is_refused(value):
    with pytest.raises(BadRequestError, match="must be first, or the next_page of an answer") as refused:
        read_popular(http_request(query={"page": [value]}))
    assert refused.value.field == "page"
