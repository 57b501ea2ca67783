"""The order in which an answer is sought, and what happens when parts of it fail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.http import NotFound, Unavailable
from backend.recommend.health import check_health
from backend.recommend.lookup import Tables
from backend.recommend.question import Question
from backend.recommend.serve import Services, serve
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.faults import client_error, server_error, throttled, timeout
from tests.fakes.personalize import FakeRuntime

NOW = 1_760_000_000_000
MINUTE = 60_000
DAY = 24 * 60 * MINUTE
RANKING = [f"item-{n}" for n in range(200)]


class World:
    """The serving function among its fakes, with one user and one item that are known."""

    def __init__(self) -> None:
        self.dynamodb = FakeDynamoDB(
            {"history": ("person", "moment"), "entities": ("entity",), "answers": ("question",)}
        )
        self.runtime = FakeRuntime(list(RANKING))
        client: Any = self.dynamodb
        runtime: Any = self.runtime
        self.services = Services(
            client,
            runtime,
            Tables("history", "entities", "answers"),
            {kind: f"arn:aws:personalize:eu-central-1:0:campaign/shop-{kind}" for kind in KINDS},
        )
        self.happen("ann", NOW - DAY, "e-1")
        self.describe("item#item-7")

    def happen(self, user: str, at: int, event_id: str) -> None:
        item = {"person": {"S": user}, "moment": {"S": f"{at:013d}#{event_id}"}}
        self.dynamodb.put_item(TableName="history", Item=item)

    def describe(self, entity: str) -> None:
        self.dynamodb.put_item(TableName="entities", Item={"entity": {"S": entity}, "attributes": {"S": "{}"}})

    def ask(self, question: Question, at: int = NOW) -> dict[str, Any]:
        return serve(question, self.services, at)

    def recommender_down(self) -> None:
        self.runtime.faults.always(timeout())


KINDS: Any = ("recommendations", "similar-items", "popular", "rerank")
FOR_ANN = Question("recommendations", user_id="ann")


def ids(body: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in body["items"]]


def test_the_recommender_answers_a_known_user():
    world = World()
    body = world.ask(Question("recommendations", user_id="ann", wanted=3))
    assert ids(body) == RANKING[:3]
    assert body["user_id"] == "ann"
    assert body["source"] == "recommender"
    assert body["recommendation_id"] == "RID-1"
    assert body["model"] == "shop-recommendations"
    assert body["took_ms"] >= 0


def test_a_user_who_is_described_but_has_no_events_is_known():
    world = World()
    world.describe("user#bob")
    assert world.ask(Question("recommendations", user_id="bob"))["source"] == "recommender"


def test_a_user_without_events_and_description_is_not_found_even_while_the_recommender_would_answer():
    with pytest.raises(NotFound, match="GET /popular") as refused:
        World().ask(Question("recommendations", user_id="nobody"))
    assert refused.value.field == "user_id"


def test_an_item_outside_the_catalogue_is_not_found():
    with pytest.raises(NotFound) as refused:
        World().ask(Question("similar-items", item_id="nothing"))
    assert refused.value.field == "item_id"
    assert World().ask(Question("similar-items", item_id="item-7"))["item_id"] == "item-7"


def test_the_same_question_within_a_minute_is_answered_from_the_cache():
    world = World()
    for question in (Question("popular"), Question("similar-items", item_id="item-7")):
        first = world.ask(question)
        again = world.ask(question, NOW + MINUTE)
        assert again["source"] == "cache"
        assert (ids(again), again["recommendation_id"]) == (ids(first), first["recommendation_id"])
        assert world.ask(question, NOW + MINUTE + 1)["source"] == "recommender"


def test_the_first_answer_after_an_event_is_asked_again_once_the_recommender_has_surely_taken_it_in():
    world = World()
    sources = [world.ask(FOR_ANN, NOW + 1000 * second)["source"] for second in (0, 3, 4, 5, 64, 65)]
    assert sources == ["recommender", "cache", "recommender", "cache", "cache", "recommender"]


def test_a_stored_answer_in_another_form_is_as_good_as_none():
    world = World()
    world.ask(FOR_ANN)
    [item] = world.dynamodb.items["answers"].values()
    item["answer"] = {"S": '{"items":[],"other":1}'}
    assert world.ask(FOR_ANN)["source"] == "recommender"


def test_one_stored_answer_does_for_shorter_ones_but_not_for_longer_ones():
    world = World()
    world.ask(Question("recommendations", user_id="ann", wanted=3))
    assert len(ids(world.ask(Question("recommendations", user_id="ann", wanted=20)))) == 20
    assert world.ask(Question("recommendations", user_id="ann", wanted=20))["source"] == "cache"
    longer = world.ask(Question("recommendations", user_id="ann", wanted=60))
    assert (longer["source"], len(ids(longer))) == ("recommender", 60)


@pytest.mark.parametrize("at", [NOW, NOW - 2 * DAY], ids=["in order", "late"])
def test_a_new_event_changes_the_next_answer_at_once(at):
    world = World()
    world.ask(FOR_ANN)
    world.happen("ann", at, "e-2")
    world.runtime.ranking.reverse()
    body = world.ask(FOR_ANN, NOW + 1)
    assert (body["source"], ids(body)[0]) == ("recommender", "item-199")


def test_explained_answers_carry_reasons_and_others_do_not():
    world = World()
    world.runtime.reasons = ["Popular item"]
    assert world.ask(Question("recommendations", user_id="ann", explained=True))["items"][0] == {
        "item_id": "item-0",
        "score": 1.0,
        "reasons": ["Popular item"],
    }
    assert "reasons" not in world.ask(FOR_ANN)["items"][0]


BECAUSE = [{"name": "item:item-9", "weight": 0.75}, {"name": "rest", "weight": 0.25}]
WHY = Question("recommendations", user_id="ann", wanted=3, explained=True)


def explaining_world() -> World:
    world = World()
    world.runtime.columns["EXPLANATION"] = json.dumps(BECAUSE)
    return world


def test_each_item_of_an_explained_answer_says_because_of_what():
    body = explaining_world().ask(WHY)
    assert [item["because"] for item in body["items"]] == [BECAUSE] * 3
    assert "unexplained" not in body


def test_who_does_not_ask_why_is_not_told_and_costs_the_recommender_no_explanation():
    world = explaining_world()
    assert "because" not in world.ask(FOR_ANN)["items"][0]
    assert world.runtime.asked[-1]["columns"] == []


def test_a_recommender_without_explanations_answers_and_the_answer_says_so():
    world = World()
    body = world.ask(WHY)
    assert (body["source"], ids(body)) == ("recommender", RANKING[:3])
    assert body["unexplained"].startswith("shop-recommendations was asked for the column EXPLANATION and gives none")
    assert world.ask(WHY)["unexplained"] == body["unexplained"]
    assert [asked["columns"] for asked in world.runtime.asked] == [["EXPLANATION"], []]


@pytest.mark.parametrize("text", ["", "red", "7", "[7]", '{"name": "a"}', '[{"name": "a", "weight": "much"}]'])
def test_a_column_of_the_items_own_is_not_taken_for_an_explanation(text):
    world = World()
    world.runtime.columns["EXPLANATION"] = text
    body = world.ask(WHY)
    assert "because" not in body["items"][0]
    assert "gives none" in body["unexplained"]


def test_another_refusal_is_a_failure_with_explanations_as_without():
    world = World()
    world.runtime.faults.always(client_error("InvalidInputException", 400))
    with pytest.raises(Unavailable, match="InvalidInputException"):
        world.ask(WHY)


def test_explained_answers_are_cached_apart():
    world = explaining_world()
    sources = [world.ask(question)["source"] for question in (FOR_ANN, WHY, FOR_ANN, WHY)]
    assert sources == ["recommender", "recommender", "cache", "cache"]
    assert world.ask(WHY)["items"][0]["because"] == BECAUSE


def test_while_the_recommender_fails_an_answer_without_explanations_is_better_than_none():
    world = explaining_world()
    world.ask(FOR_ANN)
    world.recommender_down()
    body = world.ask(WHY, NOW + DAY)
    assert (body["source"], ids(body)) == ("last_good", RANKING[:3])
    assert "stands in" in body["unexplained"]


def test_an_explained_answer_that_was_good_keeps_its_explanations():
    world = explaining_world()
    world.ask(WHY)
    world.ask(FOR_ANN)
    world.recommender_down()
    assert world.ask(WHY, NOW + DAY)["items"][0]["because"] == BECAUSE


@pytest.mark.parametrize("fault", [timeout(), throttled(), server_error()])
def test_the_last_good_answer_stands_in_while_the_recommender_fails(fault):
    world = World()
    good = world.ask(FOR_ANN)
    world.happen("ann", NOW, "e-2")
    world.runtime.faults.always(fault)
    body = world.ask(FOR_ANN, NOW + 6 * DAY)
    assert (body["source"], ids(body)) == ("last_good", ids(good))


def test_an_answer_older_than_seven_days_is_not_used():
    world = World()
    world.ask(FOR_ANN)
    world.recommender_down()
    with pytest.raises(Unavailable):
        world.ask(FOR_ANN, NOW + 8 * DAY)


def test_popular_items_stand_in_live_when_only_the_personal_campaign_is_missing():
    world = World()
    world.runtime.missing.add(world.services.campaigns["recommendations"])
    body = world.ask(FOR_ANN)
    assert (body["source"], body["model"]) == ("popular", "shop-popular")


def test_stored_popular_items_stand_in_when_nothing_answers_live():
    world = World()
    world.ask(Question("popular", wanted=5))
    world.recommender_down()
    body = world.ask(Question("recommendations", user_id="ann", wanted=4), NOW + DAY)
    assert (body["source"], ids(body)) == ("popular", RANKING[:4])


def test_nothing_to_stand_in_is_unavailable_with_the_reason():
    world = World()
    world.recommender_down()
    with pytest.raises(Unavailable, match="ReadTimeoutError") as refused:
        world.ask(FOR_ANN)
    assert refused.value.retry_after_seconds == 5
    with pytest.raises(Unavailable, match="ReadTimeoutError"):
        world.ask(Question("popular"))


def test_a_list_is_ranked_and_while_the_recommender_fails_ordered_by_popularity():
    world = World()
    listed = Question("rerank", user_id="ann", items=("other", "item-9", "item-2"), wanted=3)
    ranked = world.ask(listed)
    assert (ranked["source"], ids(ranked)) == ("recommender", ["item-2", "item-9", "other"])
    world.ask(Question("popular"))
    world.recommender_down()
    another = Question("rerank", user_id="ann", items=("item-3", "other", "item-1"), wanted=3)
    instead = world.ask(another, NOW + MINUTE)
    assert (instead["source"], ids(instead)) == ("popular", ["item-1", "item-3", "other"])
    assert instead["recommendation_id"] is None


def test_tables_that_do_not_answer_make_the_answer_no_worse_than_uncached():
    world = World()
    for operation in ("query", "batch_get_item", "put_item"):
        world.dynamodb.faults[operation].always(throttled())
    for question in (Question("recommendations", user_id="who knows"), Question("similar-items", item_id="what")):
        assert world.ask(question)["source"] == "recommender"


def test_an_answer_for_an_unread_history_is_not_kept():
    world = World()
    world.dynamodb.faults["query"].plan([throttled()])
    world.ask(FOR_ANN)
    assert world.dynamodb.items["answers"] == {}


def test_an_answer_takes_two_reads_and_one_write():
    world = World()
    before = {name: faults.calls for name, faults in world.dynamodb.faults.items()}
    world.ask(FOR_ANN)
    calls = {name: faults.calls - before.get(name, 0) for name, faults in world.dynamodb.faults.items()}
    assert calls == {"query": 1, "batch_get_item": 1, "put_item": 1}


def test_health_tells_of_tables_and_recommender_without_asking_it():
    world = World()
    assert check_health(world.services, NOW)["dependencies"]["recommender"] == {"status": "unasked"}
    world.ask(Question("popular"))
    asked = len(world.runtime.asked)
    health = check_health(world.services, NOW + 3000)
    assert health["status"] == "ready"
    assert health["dependencies"]["recommender"] == {"status": "answered", "seconds_ago": 3}
    world.dynamodb.faults["get_item"].always(timeout())
    assert check_health(world.services, NOW)["status"] == "degraded"
    assert len(world.runtime.asked) == asked
