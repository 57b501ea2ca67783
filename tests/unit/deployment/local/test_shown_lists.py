"""The demonstration shows lists and clicks by a stated model, in events that the contract accepts."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from backend.contract import Refusal, read_event
from data.generator import Settings, generate
from data.replay import ReplayResult
from data.stream import ACCEPTED, RawEvent, Stream
from deployment.audit.comparison import STAGES, Comparison, StageCounts
from deployment.local.demo.report import ListCounts
from deployment.local.demo.shown_lists import Behaviour, ShownList, behave, is_clicked, read_tastes

SHOP = generate(Settings(items=60, users=40, events=2_000, days=5, until=datetime(2026, 11, 1, tzinfo=UTC)))


def shown(user: str, *items: str, **answer: object) -> ShownList:
    return ShownList(user, {"items": [{"item_id": item} for item in items], "source": "recommender", **answer})


def rate(position: int, taste: float) -> float:
    rng = random.Random(1)
    return sum(is_clicked(rng, position, taste) for _ in range(4_000)) / 4_000


@pytest.mark.parametrize(("position", "taste", "expected"), [(1, 1, 0.5), (1, 0, 0.05), (5, 1, 0.25), (9, 1, 1 / 6)])
def test_the_probability_of_a_click_is_examination_times_taste(position, taste, expected):
    assert rate(position, taste) == pytest.approx(expected, abs=0.02)


def test_a_taste_is_the_share_of_a_department_in_what_a_user_has_looked_at():
    items: list[dict[str, object]] = [
        {"item_id": "a", "category": "Books|Travel"},
        {"item_id": "b", "category": "Home"},
        {"item_id": "c"},
    ]
    events = [
        RawEvent(msgspec.json.encode({kind: user, "item_id": item}), user, 0, outcome, item)
        for kind, user, item, outcome in [
            *[("user_id", "u1", "a", ACCEPTED)] * 3,
            ("user_id", "u1", "b", ACCEPTED),
            ("user_id", "u1", "b", "too_long"),
            ("session_id", "session-1", "b", ACCEPTED),
        ]
    ]
    tastes = read_tastes(Stream(items=lambda: items, users=lambda: [{"user_id": "u1"}], events=lambda: events, name=""))

    assert [tastes.share("u1", item) for item in "abc"] == [0.75, 0.25, 0]
    assert tastes.users(200) == ["u1"]


def test_a_session_without_a_user_is_asked_for_by_its_name_and_sends_its_own_events():
    # Given a public data set of sessions, which lists no users
    payload = msgspec.json.encode({"session_id": "4", "item_id": "a"})
    events = [RawEvent(payload, "4", 0, ACCEPTED, "e")]
    tastes = read_tastes(Stream(items=list, users=list, events=lambda: events, name=""))
    assert tastes.users(200) == ["session#4"]

    behaviour = behave([shown("session#4", "a")], tastes)

    sent: list[Any] = [read_event(event.payload, now=datetime.now(UTC)) for event in behaviour.events]
    assert not any(isinstance(event, Refusal) for event in sent)
    assert {(event.user_id, event.session_id) for event in sent} == {(None, "4")}


def test_every_list_is_one_impression_and_its_clicks_name_it():
    tastes = read_tastes(SHOP)
    items = [str(item["item_id"]) for item in SHOP.items][:10]
    lists = [shown(user, *items, recommendation_id=f"r-{user}", model="personal") for user in tastes.users(30)]

    behaviour = behave(lists, tastes)
    events: list[Any] = [read_event(event.payload, now=datetime.now(UTC)) for event in behaviour.events]

    assert not any(isinstance(event, Refusal) for event in events)
    impressions = [event for event in events if event.event_type == "Impression"]
    clicks = [event for event in events if event.event_type == "Click"]
    assert [event.recommendation_id for event in impressions] == [f"r-{each.user}" for each in lists]
    assert len(clicks) == behaviour.clicked.total() > 0
    assert all(items[click.position - 1] == click.item_id for click in clicks)
    bought = [event for event in events if event.event_type == "Purchase"]
    named = [event for event in bought if event.recommendation_id is not None]
    assert len(bought) == behaviour.bought.total() > len(named) > 0
    prices = {str(item["item_id"]): item["price"] for item in SHOP.items}
    assert all(event.event_value == prices[event.item_id] for event in bought)
    origins = {(event.slot, event.source, event.model) for event in [*impressions, *clicks, *named]}
    assert origins == {("home-top", "recommender", "personal")}
    assert behaviour.shown == dict.fromkeys(range(1, 11), 30)
    assert len({event.event_key for event in behaviour.events}) == len(events)


@pytest.mark.parametrize(("accepted", "distinct", "lost"), [(3, 3, 0), (2, 3, 0), (3, 2, 0), (3, 3, 1)])
def test_an_event_that_is_missing_anywhere_is_unaccounted(accepted, distinct, lost):
    behaviour = Behaviour([RawEvent(b"{}", "u", 0, ACCEPTED, str(number)) for number in range(3)])
    audited = Comparison({stage: StageCounts(lost=lost) for stage in STAGES[:1]}, distinct=distinct)

    counted = ListCounts(1, [shown("u", "a")], behaviour, ReplayResult(sent=3, accepted=accepted), audited)

    assert counted.unaccounted == abs(3 - accepted) + abs(3 - distinct) + lost
