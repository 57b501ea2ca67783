"""A user's latest events, as the entry of the function answers them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.recommend import handler as entry
from backend.recommend import history
from tests.factories.lambda_events import proxy_event
from tests.fakes.faults import timeout
from tests.fakes.functions.serving import MINUTE, NOW, Serving

AT = "2025-10-09T08:53:20.000Z"


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Serving:
    serving = Serving()
    monkeypatch.setattr(entry, "_dependencies", lambda: serving.dependencies)
    return serving


def read(user: str = "bob", **query: str) -> tuple[int, dict[str, Any]]:
    given = {name: [value] for name, value in query.items()} or None
    path = {"user_id": user.replace("#", "%23")}
    answered = entry.handler(
        proxy_event("GET", "/users/{user_id}/history", pathParameters=path, multiValueQueryStringParameters=given),
        None,
    )
    return answered["statusCode"], json.loads(answered["body"])


def test_the_latest_events_come_first_and_searches_are_left_out(serving: Serving):
    for age in range(30):
        serving.add_event("bob", NOW - age * MINUTE, f"e-{age}", f"item-{age}", "Click" if age else "Purchase")
    serving.add_event("bob", NOW + 1, "e-search", None, "Search")

    status, body = read()

    assert (status, body["user_id"]) == (200, "bob")
    assert body["events"][0] == {"item_id": "item-0", "event_type": "Purchase", "event_time": AT}
    assert [event["item_id"] for event in body["events"]] == [f"item-{age}" for age in range(25)]
    assert [event["item_id"] for event in read(num_results="2")[1]["events"]] == ["item-0", "item-1"]
    assert len(read(num_results="100")[1]["events"]) == 30


def test_further_events_are_read_where_the_latest_are_searches(serving: Serving, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(history, "EVENTS_PER_READ", 2)
    for age in range(6):
        serving.add_event("bob", NOW - age, f"e-{age}", None if age < 5 else "item-5")

    assert [event["item_id"] for event in read()[1]["events"]] == ["item-5"]
    monkeypatch.setattr(history, "MAX_READS", 2)
    assert read() == (200, {"user_id": "bob", "events": []})


def test_an_unknown_user_is_404_and_a_described_one_has_no_events(serving: Serving):
    status, body = read()
    assert (status, body["error"]["code"], body["error"]["field"]) == (404, "not_found", "user_id")

    serving.describe("user#bob")
    assert read() == (200, {"user_id": "bob", "events": []})
    serving.add_event("session#s-1", NOW, "e")
    assert read("session#s-1")[0] == 200


@pytest.mark.parametrize("query", [{"num_results": "0"}, {"num_results": "101"}, {"page": "first"}])
@pytest.mark.usefixtures("serving")
def test_what_breaks_a_rule_is_refused(query: dict[str, str]):
    assert read("ann", **query)[0] == 400
    assert read("a\x00")[0] == 400


@pytest.mark.parametrize("call", ["query", "batch_get_item"])
def test_what_the_tables_do_not_answer_in_time_is_503(serving: Serving, call: str):
    serving.dynamodb.faults[call].always(timeout())

    assert read()[0] == 503
