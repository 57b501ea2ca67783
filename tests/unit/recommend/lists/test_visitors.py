"""Lists for visitors: what they choose and state, how the lists are merged, and what is left where some fail."""

from __future__ import annotations

import copy
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.aws.deadline import Deadline
from backend.contract.generators import api
from backend.http import BadRequestError, NotFoundError, UnavailableError
from backend.recommend import requests
from backend.recommend.requests import read_visitor
from backend.recommend.visitors.fact_lists import MAX_BYTES
from backend.recommend.visitors.fusion import merge_by_rank
from backend.recommend.visitors.serving import serve_visitor
from tests.factories.lambda_events import http_request
from tests.fakes.faults import Fault, timeout
from tests.fakes.functions.serving import NOW, RANKING, Serving, campaign_arns

CHOSEN = [f"item-{n}" for n in range(3, 8)]
LISTS = {"age_group": {"25-34": ["young-1", "young-2"]}, "country": {"DE": ["young-2", "old-1"]}}


def ids(body: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in body["items"]]


@pytest.fixture
def serving() -> Serving:
    serving = Serving()
    for item in CHOSEN:
        serving.describe(f"item#{item}", title=item)
    serving.objects.put(LISTS)
    return serving


def test_five_chosen_items_give_the_items_that_are_similar_to_them(serving):
    body = serving.ask_for_visitor({"items": CHOSEN, "num_results": 4})

    assert ids(body) == ["item-0", "item-1", "item-2", "item-8"]
    assert (body["source"], body["model"]) == ("chosen", "shop-similar-items")
    assert "facts" not in body
    asked = [(each["campaignArn"], each["itemId"]) for each in serving.runtime.asked]
    assert sorted(asked) == [(campaign_arns()["similar-items"], item) for item in CHOSEN]


def test_facts_give_what_is_popular_among_the_users_who_share_them(serving):
    body = serving.ask_for_visitor({"facts": {"age_group": "25-34", "country": " DE  ", "city": "Nowhere"}})

    assert ids(body) == ["young-2", "young-1", "old-1"]
    assert (body["source"], body["facts"], body["model"]) == ("facts", ["age_group", "country"], "popular-by-fact")
    assert serving.runtime.asked == []


def test_a_fact_is_read_as_the_data_sets_have_it():
    read = read_visitor(http_request(body={"facts": {"city": " New\u00a0York  City ", "interests": ["Sci\u2009Fi"]}}))

    assert (read.facts, read.interests) == ((("city", "New\u00a0York City"),), ("Sci\u2009Fi",))


def test_interests_are_popular_items_of_these_categories(serving):
    serving.runtime.passing = {"item-9", "item-4"}

    body = serving.ask_for_visitor({"facts": {"interests": ["Hiking", "Cooking"]}})

    assert (ids(body), body["source"], body["facts"]) == (["item-4", "item-9"], "facts", ["interests"])
    [asked] = serving.runtime.asked
    assert (asked["filterArn"], asked["filterValues"]) == ("arn:filter/category-1", {"CATEGORY": '"Hiking","Cooking"'})


def test_both_are_merged(serving):
    body = serving.ask_for_visitor({"items": CHOSEN, "facts": {"country": "DE", "city": "x"}, "num_results": 100})

    assert (body["source"], body["facts"]) == ("chosen_and_facts", ["country"])
    assert body["model"] == "popular-by-fact+shop-similar-items"
    assert {"young-2", "item-0"} <= {*ids(body)}
    assert not {*CHOSEN} & {*ids(body)}


def test_nothing_is_written_but_the_served_list(serving):
    before = copy.deepcopy(serving.dynamodb.items)

    serving.ask_for_visitor({"items": CHOSEN, "facts": {"country": "DE"}, "slot": "home", "variation": "b"})

    assert serving.dynamodb.items == before
    [row] = serving.firehose.rows
    assert (row["route"], row["source"], row["slot"], row["variation"]) == (
        "recommendations",
        "chosen_and_facts",
        "home",
        "b",
    )
    assert not {"user_id", "session_id", "recommendation_id", "version"} & row.keys()


def test_items_are_described(serving):
    serving.describe("item#young-2", title="Tent")
    body = serving.ask_for_visitor({"facts": {"country": "DE"}, "details": True})
    assert [item["details"] for item in body["items"]] == [{"title": "Tent"}, {}]


@pytest.mark.parametrize("failing", range(5))
def test_the_other_lists_answer_where_one_fails(serving, failing):
    serving.runtime.faults.plan([timeout() if n == failing else None for n in range(5)])
    assert serving.ask_for_visitor({"items": CHOSEN})["source"] == "chosen"


def test_the_facts_answer_where_the_campaign_fails_and_the_other_way_round(serving):
    asked = {"items": CHOSEN, "facts": {"country": "DE"}}
    serving.runtime.missing.add(campaign_arns()["similar-items"])
    assert serving.ask_for_visitor(asked)["source"] == "facts"

    serving = Serving()
    for item in CHOSEN:
        serving.describe(f"item#{item}")
    body = serving.ask_for_visitor(asked)
    assert (body["source"], body["facts"]) == ("chosen", [])


def test_popular_items_without_the_chosen_are_the_fallback(serving):
    serving.runtime.missing.add(campaign_arns()["similar-items"])
    body = serving.ask_for_visitor({"items": CHOSEN, "num_results": 8.0})
    assert (body["source"], body["model"]) == ("popular", "shop-popular")
    assert ids(body) == ["item-0", "item-1", "item-2", *RANKING[8:13]]

    serving.break_recommender()
    with pytest.raises(UnavailableError):
        Serving.ask_for_visitor(broken(), {"facts": {"country": "FR"}})


def broken() -> Serving:
    serving = Serving()
    serving.break_recommender()
    return serving


def test_a_chosen_item_that_is_unknown_is_not_found(serving):
    with pytest.raises(NotFoundError) as refused:
        serving.ask_for_visitor({"items": [*CHOSEN[:4], "nothing"]})
    assert refused.value.field == "items[4]"

    serving.dynamodb.faults["batch_get_item"].always(timeout())
    assert serving.ask_for_visitor({"items": [*CHOSEN[:4], "nothing"]})["source"] == "chosen"


def test_every_list_passes_the_filter(serving):
    serving.runtime.passing = {"item-9", "young-1", "old-1"}
    filtered = {"filter": "price", "filter_values": {"MOST": ["9"]}}

    body = serving.ask_for_visitor({"items": CHOSEN, "facts": {"age_group": "25-34", "country": "DE"}, **filtered})

    assert {*ids(body)} == {"item-9", "young-1", "old-1"}
    assert body["source"] == "chosen_and_facts"
    assert {each["filterArn"] for each in serving.runtime.asked} == {"arn:filter/price-1"}

    # Where the filter cannot be applied to a list, the list is left out.
    serving.runtime.missing.add(campaign_arns()["rerank"])
    body = serving.ask_for_visitor({"items": CHOSEN, "facts": {"country": "DE"}, **filtered})
    assert (ids(body), body["source"], body["facts"]) == (["item-9"], "chosen", [])
    body = serving.ask_for_visitor({"facts": {"country": "DE"}, **filtered})
    assert (ids(body), body["source"]) == (["item-9"], "popular")


def test_a_filter_of_a_user_is_refused(serving):
    with pytest.raises(BadRequestError, match="is required with the filter not_bought"):
        serving.ask_for_visitor({"facts": {"country": "DE"}, "filter": "not_bought"})


def test_the_context_orders_the_items_once_more(serving):
    serving.runtime.ranking = ["old-1", "young-2"]
    body = serving.ask_for_visitor({"facts": {"country": "DE"}, "context": {"DEVICE": "phone"}})

    [asked] = serving.runtime.asked
    assert asked["context"] == {"DEVICE": "phone"}
    assert asked["userId"].startswith("session#")
    assert (ids(body), body["model"]) == (["old-1", "young-2"], "popular-by-fact+shop-rerank")

    serving.break_recommender()
    assert ids(serving.ask_for_visitor({"facts": {"country": "DE"}, "context": {"DEVICE": "phone"}})) == [
        "young-2",
        "old-1",
    ]


def test_the_lists_by_fact_are_read_again_after_five_minutes_if_they_have_changed(serving):
    def ask() -> list[str]:
        return ids(serving.ask_for_visitor({"facts": {"country": "DE"}}))

    first = ask()
    serving.objects.put({"country": {"DE": ["new"]}})
    serving.seconds = 299
    assert ask() == first
    serving.seconds = 300
    assert ask() == ["new"]
    serving.seconds = 600
    assert (ask(), serving.objects.sent) == (["new"], [200, 200, 304])

    # The last ones serve while S3 fails, which is tried again after half a minute.
    serving.objects.faults.plan([timeout()])
    serving.objects.put({"country": {"DE": ["newer"]}})
    serving.seconds = 900
    assert ask() == ["new"]
    serving.seconds = 930
    assert ask() == ["newer"]


OTHER_FORMS = [b"", b"[]", b"{}", b'{"lists":null}', b'{"lists":{"country":["FR"]}}', b" " * (MAX_BYTES + 1)]


@pytest.mark.parametrize("text", OTHER_FORMS, ids=["empty", "list", "other", "null", "no values", "large"])
def test_an_object_of_another_form_is_no_list(serving, text):
    serving.objects.text = text
    assert serving.ask_for_visitor({"facts": {"country": "DE"}})["source"] == "popular"


def test_without_the_filter_of_categories_interests_count_for_nothing(serving):
    serving.publish(price=["MOST"])
    body = serving.ask_for_visitor({"facts": {"interests": ["Hiking"], "country": "DE"}})
    assert (body["source"], body["facts"]) == ("facts", ["country"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"slot": "home"}, "body"),
        ({"items": CHOSEN[:4]}, "items"),
        ({"items": [*CHOSEN, "item-9"]}, "items"),
        ({"items": [*CHOSEN[:4], CHOSEN[0]]}, "items"),
        ({"items": [*CHOSEN[:4], ""]}, "items[4]"),
        ({"items": "item-1"}, "items"),
        ({"facts": {}}, "facts"),
        ({"facts": []}, "facts"),
        ({"facts": {"membership": "gold"}}, "facts.membership"),
        ({"facts": {"country": ""}}, "facts.country"),
        ({"facts": {"country": " "}}, "facts.country"),
        ({"facts": {"country": None}}, "facts.country"),
        ({"facts": {"country": "x" * 1001}}, "facts.country"),
        ({"facts": {"country": "a\x00"}}, "facts.country"),
        ({"facts": {"interests": "Hiking"}}, "facts.interests"),
        ({"facts": {"interests": []}}, "facts.interests"),
        ({"facts": {"interests": ["a"] * 2}}, "facts.interests"),
        ({"facts": {"interests": ["a", 3]}}, "facts.interests[1]"),
        ({"facts": {"interests": ['"']}}, "facts.interests"),
        ({"facts": {"interests": ["a", " a "]}}, "facts.interests"),
        ({"facts": {"interests": ["x" * 999]}}, "facts.interests"),
        ({"facts": {"interests": [str(n) for n in range(26)]}}, "facts.interests"),
        ({"items": CHOSEN, "num_results": 0}, "num_results"),
        ({"items": CHOSEN, "num_results": 101}, "num_results"),
        ({"items": CHOSEN, "num_results": True}, "num_results"),
        ({"items": CHOSEN, "num_results": "5"}, "num_results"),
        ({"items": CHOSEN, "filter": None}, "filter"),
        ({"items": CHOSEN, "details": 1}, "details"),
        ({"items": CHOSEN, "context": {"COLOUR": "red"}}, "context[COLOUR]"),
        ({"items": CHOSEN, "filter_values": {"A": ["x"]}}, "filter_values"),
        ({"items": CHOSEN, "user_id": "ann"}, "user_id"),
    ],
)
def test_a_body_that_breaks_a_rule_is_refused(body, field):
    with pytest.raises(BadRequestError) as refused:
        read_visitor(http_request(body=body))
    assert refused.value.field == field


def test_the_schema_states_the_same_rules():
    schema = api.visitor_schema()["properties"]
    assert [*schema["facts"]["properties"]] == [*api.FACTS]
    assert {*api.FACTS} == {*requests.FACTS, requests.INTERESTS}
    assert schema["items"]["maxItems"] == requests.CHOSEN_ITEMS
    assert schema["facts"]["properties"]["interests"]["maxItems"] == requests.MAX_INTERESTS
    assert schema["num_results"]["maximum"] == requests.MAX_RESULTS


def test_an_answer_waits_for_no_late_list(serving):
    released = threading.Event()

    def wait() -> None:
        released.wait(20)

    serving.runtime.faults.plan([Fault(effect=wait)])
    asked = read_visitor(http_request(body={"items": CHOSEN}))

    answered = serve_visitor(asked, serving.dependencies, NOW, "request-1", Deadline.after(1.0))

    released.set()
    assert answered.body["source"] == "chosen"
    assert answered.body["took_ms"] < 1000


LISTED = st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), max_size=6)


@given(LISTED, st.randoms(use_true_random=False), st.sets(st.sampled_from("abcdefgh")))
def test_merging_keeps_every_item_once_whatever_the_order_of_the_lists(lists, random, without):
    merged = merge_by_rank(lists, without)
    shuffled = random.sample(lists, len(lists))

    assert sorted(merged) == sorted({item for items in lists for item in items} - without)
    assert merge_by_rank(shuffled, without) == merged


def test_an_item_of_two_lists_is_before_the_first_of_one():
    assert merge_by_rank([["a", "b"], ["c", "b"]]) == ["b", "a", "c"]
