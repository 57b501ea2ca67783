"""Each answer leaves one served list, for which it waits a bounded time, and which may be lost and is then counted."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from backend.contract.accounting.outcomes import RECOMMEND
from backend.recommend import handler as entry
from backend.recommend import served_lists
from backend.recommend.filters import FilterChoice
from backend.recommend.requests import RecommendationRequest
from backend.recommend.served_lists import ServedLists
from tests.factories.lambda_events import proxy_event
from tests.fakes.faults import Fault, client_error, denied, timeout, unreadable
from tests.fakes.functions.serving import MINUTE, NOW, RANKING, Serving

FOR_ANN = RecommendationRequest("recommendations", user_id="ann", num_results=3)
LISTED = {
    "served_id": "request-1",
    "served_at": "2025-10-09 08:53:20.000",
    "route": "recommendations",
    "source": "recommender",
    "items": RANKING[:3],
    "recommendation_id": "RID-1",
    "model": "shop-recommendations",
    "version": "v-7",
    "user_id": "ann",
    "schema_version": "1",
}


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Serving:
    # A busy machine can need longer than an answer waits; the test of a slow write has the real deadline.
    monkeypatch.setattr(served_lists, "WRITE_SECONDS", 20)
    serving = Serving()
    for kind in ("recommendations", "popular"):
        serving.deploy(kind, "arn:aws:personalize:eu-central-1:000000000000:solution/shop/v-7")
    return serving


def test_an_answer_leaves_what_it_lists_in_which_order_and_where_it_is_from(serving):
    assert serving.answer(FOR_ANN).is_listed
    assert serving.firehose.rows == [LISTED]
    assert serving.firehose.records[0].endswith(b"\n")


def test_every_source_leaves_one(serving):
    serving.ask(FOR_ANN)
    serving.ask(FOR_ANN, NOW + 1000)
    serving.ask(RecommendationRequest("popular"))
    serving.break_recommender()
    serving.ask(FOR_ANN, NOW + 2 * MINUTE)
    serving.ask(RecommendationRequest("rerank", user_id="ann", items=("item-2", "item-1"), num_results=2))

    rows = serving.firehose.rows
    assert [row["source"] for row in rows] == ["recommender", "cache", "recommender", "last_good", "popular"]
    assert [row.get("recommendation_id") for row in rows] == ["RID-1", "RID-1", "RID-2", "RID-1", None]
    # The list of a fallback is that of the campaign of popular items.
    assert (rows[-1]["model"], rows[-1]["version"], rows[-1]["items"]) == ("shop-popular", "v-7", ["item-1", "item-2"])


@pytest.mark.parametrize(
    ("request_", "columns"),
    [
        (replace(FOR_ANN, user_id="session#s-1"), {"session_id": "s-1"}),
        (RecommendationRequest("similar-items", item_id="item-7"), {"item_id": "item-7"}),
        (
            RecommendationRequest("popular", filter=FilterChoice("not_bought", user_id="ann")),
            {"user_id": "ann", "filter": "not_bought"},
        ),
        (RecommendationRequest("popular"), {}),
        (RecommendationRequest("popular", slot="home-top", variation="b"), {"slot": "home-top", "variation": "b"}),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_it_names_the_user_or_session_the_item_the_filter_and_the_labels(serving, request_, columns):
    serving.describe("user#session#s-1")
    body = serving.ask(request_)
    [row] = serving.firehose.rows
    named = ("user_id", "session_id", "item_id", "filter", "slot", "variation")
    assert {name: row[name] for name in named if name in row} == columns
    assert body.get("variation") == columns.get("variation")


def test_it_is_written_while_the_last_good_answer_is_stored(serving):
    # Given writes of which each waits for the other
    both = threading.Barrier(2, timeout=20)
    serving.firehose.faults.always(None, effect=both.wait)
    serving.dynamodb.faults["put_item"].always(None, effect=both.wait)

    assert serving.answer(FOR_ANN).is_listed
    assert not both.broken


def test_an_answer_does_not_wait_for_a_slow_one():
    serving = Serving()
    is_answered = threading.Event()

    def wait() -> None:
        is_answered.wait(20)

    serving.firehose.faults.always(None, effect=wait)

    answered = serving.answer(FOR_ANN)

    assert (answered.is_listed, answered.body["source"]) == (False, "recommender")
    is_answered.set()


@pytest.mark.parametrize(
    "fault",
    [client_error("ServiceUnavailableException", 503), denied(), timeout(), unreadable(), KeyError("x")],
    ids=str,
)
def test_an_answer_does_not_fail_with_it(serving, fault):
    serving.firehose.faults.always(fault)
    assert serving.answer(FOR_ANN).is_listed is False
    # Accepted, though the answer of Firehose was lost: it is counted as lost, and may be in the lake.
    serving.firehose.faults.always(Fault(after=timeout()))
    assert serving.answer(FOR_ANN, NOW + 1).is_listed is False
    assert len(serving.firehose.rows) == 1


def test_the_longest_list_fits_into_a_record(serving):
    serving.runtime.ranking = items = [f"{n:03d}" + "\U0001f600" * 253 for n in range(500)]
    answered = serving.answer(RecommendationRequest("rerank", user_id="ann", items=tuple(items), num_results=500))
    assert answered.is_listed
    assert serving.firehose.rows[0]["items"] == items


def test_answers_are_the_written_and_the_lost_ones(serving, monkeypatch, capsys):
    monkeypatch.setattr(entry, "_dependencies", lambda: serving.dependencies)
    serving.firehose.faults.plan([None, timeout(), None])
    for _ in range(3):
        entry.handler(proxy_event("GET", "/popular"), None)
    entry.handler(proxy_event("GET", "/similar-items/{item_id}", pathParameters={"item_id": "unknown"}), None)

    lines: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    names = (RECOMMEND.received, *RECOMMEND.outcomes)
    counts = {name: sum(line.get(name, [0])[0] for line in lines) for name in names}
    assert counts == {"answers": 3, "list_written": 2, "list_lost": 1}
    assert RECOMMEND.account(counts)["unaccounted"] == 0


def test_a_connection_is_opened_before_the_first_write():
    described = threading.Event()

    class Client:
        def describe_delivery_stream(self, *, DeliveryStreamName: str) -> None:  # noqa: N803 - the client's name
            if DeliveryStreamName == "served-lists":
                described.set()

    client: Any = Client()
    ServedLists(client, "served-lists").open_connection()
    assert described.wait(20)
