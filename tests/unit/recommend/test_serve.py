"""The sources of an answer in their order, and the fallbacks when they fail."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from backend.aws.deadline import Deadline
from backend.http import NotFoundError, UnavailableError
from backend.recommend.health import check_health
from backend.recommend.requests import RecommendationRequest
from backend.recommend.serve import serve
from tests.fakes.faults import client_error, server_error, throttled, timeout
from tests.fakes.functions.serving import DAY, MINUTE, NOW, RANKING, Serving

FOR_ANN = RecommendationRequest("recommendations", user_id="ann")


def ids(body: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in body["items"]]


@pytest.fixture
def serving():
    return Serving()


def test_the_recommender_answers_a_known_user(serving):
    body = serving.ask(RecommendationRequest("recommendations", user_id="ann", num_results=3))
    assert ids(body) == RANKING[:3]
    assert body["user_id"] == "ann"
    assert body["source"] == "recommender"
    assert body["recommendation_id"] == "RID-1"
    assert body["model"] == "shop-recommendations"
    assert body["took_ms"] >= 0


def test_a_user_who_is_described_but_has_no_events_is_known(serving):
    serving.describe("user#bob")
    assert serving.ask(RecommendationRequest("recommendations", user_id="bob"))["source"] == "recommender"


def test_a_user_without_events_and_description_is_not_found_even_while_the_recommender_would_answer():
    with pytest.raises(NotFoundError, match="GET /popular") as refused:
        Serving().ask(RecommendationRequest("recommendations", user_id="unknown"))
    assert refused.value.field == "user_id"


def test_an_item_outside_the_catalogue_is_not_found():
    with pytest.raises(NotFoundError) as refused:
        Serving().ask(RecommendationRequest("similar-items", item_id="nothing"))
    assert refused.value.field == "item_id"
    assert Serving().ask(RecommendationRequest("similar-items", item_id="item-7"))["item_id"] == "item-7"


def test_the_same_request_within_a_minute_is_answered_from_the_cache(serving):
    for request in (RecommendationRequest("popular"), RecommendationRequest("similar-items", item_id="item-7")):
        first = serving.ask(request)
        again = serving.ask(request, NOW + MINUTE)
        assert again["source"] == "cache"
        assert (ids(again), again["recommendation_id"]) == (ids(first), first["recommendation_id"])
        assert serving.ask(request, NOW + MINUTE + 1)["source"] == "recommender"


def test_the_first_answer_after_an_event_is_cached_for_three_seconds(serving):
    sources = [serving.ask(FOR_ANN, NOW + 1000 * second)["source"] for second in (0, 3, 4, 5, 64, 65)]
    assert sources == ["recommender", "cache", "recommender", "cache", "cache", "recommender"]


def test_a_stored_answer_in_another_form_is_ignored(serving):
    serving.ask(FOR_ANN)
    [item] = serving.dynamodb.items["answers"].values()
    item["answer"] = {"S": '{"items":[],"other":1}'}
    assert serving.ask(FOR_ANN)["source"] == "recommender"


def test_a_stored_answer_serves_shorter_requests_but_not_longer_ones(serving):
    serving.ask(RecommendationRequest("recommendations", user_id="ann", num_results=3))
    assert len(ids(serving.ask(RecommendationRequest("recommendations", user_id="ann", num_results=20)))) == 20
    assert serving.ask(RecommendationRequest("recommendations", user_id="ann", num_results=20))["source"] == "cache"
    longer = serving.ask(RecommendationRequest("recommendations", user_id="ann", num_results=60))
    assert (longer["source"], len(ids(longer))) == ("recommender", 60)


@pytest.mark.parametrize("at", [NOW, NOW - 2 * DAY], ids=["in order", "late"])
def test_a_new_event_changes_the_next_answer_at_once(serving, at):
    serving.ask(FOR_ANN)
    serving.add_event("ann", at, "e-2")
    serving.runtime.ranking.reverse()
    body = serving.ask(FOR_ANN, NOW + 1)
    assert (body["source"], ids(body)[0]) == ("recommender", "item-199")


def test_explained_answers_carry_reasons_and_others_do_not(serving):
    serving.runtime.reasons = ["Popular item"]
    assert serving.ask(RecommendationRequest("recommendations", user_id="ann", with_explanations=True))["items"][0] == {
        "item_id": "item-0",
        "score": 1.0,
        "reasons": ["Popular item"],
    }
    assert "reasons" not in serving.ask(FOR_ANN)["items"][0]


BECAUSE = [{"name": "item:item-9", "weight": 0.75}, {"name": "rest", "weight": 0.25}]
WHY = RecommendationRequest("recommendations", user_id="ann", num_results=3, with_explanations=True)


def explaining_serving() -> Serving:
    serving = Serving()
    serving.runtime.columns["EXPLANATION"] = json.dumps(BECAUSE)
    return serving


def test_each_item_of_an_explained_answer_has_its_explanation():
    body = explaining_serving().ask(WHY)
    assert [item["because"] for item in body["items"]] == [BECAUSE] * 3
    assert "unexplained" not in body


def test_a_request_without_explain_has_no_explanations():
    serving = explaining_serving()
    assert "because" not in serving.ask(FOR_ANN)["items"][0]
    assert serving.runtime.asked[-1]["columns"] == []


def test_a_recommender_without_explanations_is_retried_and_reported(serving):
    body = serving.ask(WHY)
    assert (body["source"], ids(body)) == ("recommender", RANKING[:3])
    assert body["unexplained"].startswith("shop-recommendations was asked for the column EXPLANATION and gives none")
    assert serving.ask(WHY)["unexplained"] == body["unexplained"]
    assert [asked["columns"] for asked in serving.runtime.asked] == [["EXPLANATION"], []]


@pytest.mark.parametrize("text", ["", "red", "7", "[7]", '{"name": "a"}', '[{"name": "a", "weight": "much"}]'])
def test_a_column_of_the_items_own_is_not_taken_for_an_explanation(serving, text):
    serving.runtime.columns["EXPLANATION"] = text
    body = serving.ask(WHY)
    assert "because" not in body["items"][0]
    assert "gives none" in body["unexplained"]


def test_another_refusal_is_a_failure_with_explanations_as_without(serving):
    serving.runtime.faults.always(client_error("InvalidInputException", 400))
    with pytest.raises(UnavailableError, match="InvalidInputException"):
        serving.ask(WHY)


def test_explained_answers_are_cached_separately():
    serving = explaining_serving()
    sources = [serving.ask(request)["source"] for request in (FOR_ANN, WHY, FOR_ANN, WHY)]
    assert sources == ["recommender", "recommender", "cache", "cache"]
    assert serving.ask(WHY)["items"][0]["because"] == BECAUSE


def test_an_answer_without_explanations_is_the_fallback_of_an_explained_one():
    serving = explaining_serving()
    serving.ask(FOR_ANN)
    serving.break_recommender()
    body = serving.ask(WHY, NOW + DAY)
    assert (body["source"], ids(body)) == ("last_good", RANKING[:3])
    assert "fallback" in body["unexplained"]


def test_the_last_good_explained_answer_keeps_its_explanations():
    serving = explaining_serving()
    serving.ask(WHY)
    serving.ask(FOR_ANN)
    serving.break_recommender()
    assert serving.ask(WHY, NOW + DAY)["items"][0]["because"] == BECAUSE


@pytest.mark.parametrize("fault", [timeout(), throttled(), server_error()])
def test_the_last_good_answer_is_the_fallback(serving, fault):
    good = serving.ask(FOR_ANN)
    serving.add_event("ann", NOW, "e-2")
    serving.runtime.faults.always(fault)
    body = serving.ask(FOR_ANN, NOW + 6 * DAY)
    assert (body["source"], ids(body)) == ("last_good", ids(good))


def test_an_answer_of_a_replaced_version_is_never_served(serving):
    serving.deploy("recommendations", "v1")
    first = serving.ask(FOR_ANN)
    assert serving.ask(FOR_ANN)["source"] == "cache"

    serving.deploy("recommendations", "v2")
    assert serving.ask(FOR_ANN)["source"] == "recommender"

    # After a roll-back, too.
    serving.deploy("recommendations", "v1")
    serving.break_recommender()
    with pytest.raises(UnavailableError):
        serving.ask(FOR_ANN)
    assert ids(first)


def test_an_answer_older_than_seven_days_is_not_used(serving):
    serving.ask(FOR_ANN)
    serving.break_recommender()
    with pytest.raises(UnavailableError):
        serving.ask(FOR_ANN, NOW + 8 * DAY)


def test_live_popular_items_are_the_fallback_for_a_missing_campaign(serving):
    serving.runtime.missing.add(serving.dependencies.campaigns["recommendations"])
    body = serving.ask(FOR_ANN)
    assert (body["source"], body["model"]) == ("popular", "shop-popular")


def test_without_a_campaign_stored_items_are_served_and_otherwise_the_reason(serving):
    for_bob = RecommendationRequest("recommendations", user_id="bob")
    serving.describe("user#bob")
    serving.ask(RecommendationRequest("popular"))
    serving.dependencies = replace(serving.dependencies, deployed=frozenset(), popular=[])
    assert serving.ask(for_bob, NOW + DAY)["source"] == "popular"
    with pytest.raises(UnavailableError, match="NoCampaignDeployed"):
        serving.ask(for_bob, NOW + 8 * DAY)
    assert check_health(serving.dependencies, NOW)["status"] == "ready"


def test_stored_popular_items_are_the_last_fallback(serving):
    serving.ask(RecommendationRequest("popular", num_results=5))
    serving.break_recommender()
    body = serving.ask(RecommendationRequest("recommendations", user_id="ann", num_results=4), NOW + DAY)
    assert (body["source"], ids(body)) == ("popular", RANKING[:4])


def test_without_a_fallback_the_answer_is_503_with_the_reason(serving):
    serving.break_recommender()
    with pytest.raises(UnavailableError, match="ReadTimeoutError") as refused:
        serving.ask(FOR_ANN)
    assert refused.value.retry_after_seconds == 5
    with pytest.raises(UnavailableError, match="ReadTimeoutError"):
        serving.ask(RecommendationRequest("popular"))


def test_popular_items_that_this_process_has_seen_are_the_last_fallback_of_all(serving):
    serving.ask(RecommendationRequest("popular", num_results=5))
    serving.break_recommender()
    for operation in ("query", "batch_get_item", "put_item"):
        serving.dynamodb.faults[operation].always(timeout())

    body = serving.ask(FOR_ANN)
    assert (body["source"], ids(body)) == ("popular", RANKING[: len(body["items"])])
    assert serving.ask(RecommendationRequest("popular", num_results=2))["source"] == "last_good"


@pytest.mark.parametrize("slow", ["runtime", "query", "batch_get_item", "put_item"])
def test_an_answer_that_does_not_end_is_not_waited_for(serving, monkeypatch, slow):
    good = serving.ask(FOR_ANN)
    ended = threading.Event()
    fake, method = (serving.runtime, "get_recommendations") if slow == "runtime" else (serving.dynamodb, slow)
    monkeypatch.setattr(fake, method, lambda **_: ended.wait(60))

    body = serve(FOR_ANN, serving.dependencies, NOW + 2 * MINUTE, "request-1", Deadline.after(0.2)).body
    ended.set()

    assert ids(body) == ids(good)


def test_a_list_is_ranked_and_while_the_recommender_fails_ordered_by_popularity(serving):
    listed = RecommendationRequest("rerank", user_id="ann", items=("other", "item-9", "item-2"), num_results=3)
    ranked = serving.ask(listed)
    assert (ranked["source"], ids(ranked)) == ("recommender", ["item-2", "item-9", "other"])
    serving.ask(RecommendationRequest("popular"))
    serving.break_recommender()
    another = RecommendationRequest("rerank", user_id="ann", items=("item-3", "other", "item-1"), num_results=3)
    instead = serving.ask(another, NOW + MINUTE)
    assert (instead["source"], ids(instead)) == ("popular", ["item-1", "item-3", "other"])
    assert instead["recommendation_id"] is None


def test_failing_tables_leave_an_uncached_answer(serving):
    for operation in ("query", "batch_get_item", "put_item"):
        serving.dynamodb.faults[operation].always(throttled())
    for request in (
        RecommendationRequest("recommendations", user_id="who knows"),
        RecommendationRequest("similar-items", item_id="what"),
    ):
        assert serving.ask(request)["source"] == "recommender"


def test_an_answer_for_an_unread_history_is_not_stored(serving):
    serving.dynamodb.faults["query"].plan([throttled()])
    serving.ask(FOR_ANN)
    assert serving.dynamodb.items["answers"] == {}


def test_an_answer_takes_two_reads_and_one_write(serving):
    before = {name: faults.calls for name, faults in serving.dynamodb.faults.items()}
    serving.ask(FOR_ANN)
    calls = {name: faults.calls - before.get(name, 0) for name, faults in serving.dynamodb.faults.items()}
    assert calls == {"query": 1, "batch_get_item": 1, "put_item": 1}


def test_health_reports_tables_and_recommender_without_calling_it(serving):
    assert check_health(serving.dependencies, NOW)["dependencies"]["recommender"] == {"status": "unasked"}
    serving.ask(RecommendationRequest("popular"))
    asked = len(serving.runtime.asked)
    health = check_health(serving.dependencies, NOW + 3000)
    assert health["status"] == "ready"
    assert isinstance(health["dependencies"]["tables"]["took_ms"], int)
    assert health["dependencies"]["recommender"] == {"status": "answered", "seconds_ago": 3}
    serving.dynamodb.faults["batch_get_item"].always(timeout())
    assert check_health(serving.dependencies, NOW)["status"] == "degraded"
    assert len(serving.runtime.asked) == asked
