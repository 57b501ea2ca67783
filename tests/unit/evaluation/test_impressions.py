"""Logged impressions become decisions: what was seen, with which chance, what was taken, and what was known then."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from backend.contract import read_event
from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.evaluation.off_policy.impressions import decisions_of
from model.evaluation.off_policy.replay import BadLogError, replay
from model.recipes.popularity.popularity import Popularity

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def event(second, item, kind="View", **more):
    fields = {
        "event_type": kind,
        "timestamp": f"2026-01-31T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z",
        "user_id": "anna",
        "item_id": item,
        **more,
    }
    found = read_event(json.dumps(fields).encode(), now=NOW)
    assert not hasattr(found, "reason"), found
    return found


def shown(name, items, propensity=0.5):
    return {"recommendation_id": name, "impression": items, "properties": {"propensity": propensity}}


def described(decisions):
    return [
        (decision.user, decision.history, decision.item_id, decision.propensity, decision.reward)
        for decision in decisions
    ]


def seen(second, name, items, propensity=0.5, **more):
    return event(second, None, "Impression", **shown(name, items, propensity), **more)


def test_each_item_of_a_list_that_was_seen_is_a_decision_and_those_clicked_are_rewarded():
    events = [
        event(1, "old"),
        seen(2, "r1", ["a", "b"]),
        event(3, "b", "Click", recommendation_id="r1"),
        seen(4, "r2", ["c"], 1.0),
        event(5, "c", "Purchase", recommendation_id="r2"),
    ]

    assert described(decisions_of(events)) == [
        ("anna", ("old",), "a", 0.25, 0.0),
        ("anna", ("old",), "b", 0.25, 1.0),
        ("anna", ("b", "old"), "c", 1.0, 0.0),
    ]


def test_a_click_implies_that_its_list_was_seen_where_no_impression_of_it_arrived():
    events = [
        event(1, "b", "Click", **shown("r1", ["a", "b"])),
        event(2, "d", "Click", **shown("r2", ["c", "d", "e"])),
        seen(3, "r2", ["c", "d"]),
    ]

    assert described(decisions_of(events)) == [
        ("anna", (), "a", 0.25, 0.0),
        ("anna", (), "b", 0.25, 1.0),
        ("anna", ("b",), "c", 0.25, 0.0),
        ("anna", ("b",), "d", 0.25, 1.0),
    ]


def test_the_parts_of_a_list_are_one_list_and_users_with_one_cached_answer_have_a_list_each():
    events = [
        seen(1, "r1", ["a", "b"]),
        seen(2, "r1", ["c", "d"], positions=[3, 4]),
        seen(3, "r1", ["a"], user_id="ben"),
        event(4, "a", "Click", recommendation_id="r1", user_id="ben"),
    ]

    assert described(decisions_of(events)) == [
        *(("anna", (), item, 0.125, 0.0) for item in "abcd"),
        ("ben", (), "a", 0.5, 1.0),
    ]


@pytest.mark.parametrize("kind", ["View", "Purchase"])
def test_no_other_event_says_that_a_list_was_seen(kind):
    with pytest.raises(BadLogError, match="nothing to replay"):
        decisions_of([event(1, "a", kind, **shown("r1", ["a", "b"]))])


def test_events_without_impression_or_propensity_only_make_history():
    plain = event(1, "a", impression=["a", "x"])
    mine = event(2, "b", "Click", impression=["b"], properties={"propensity": 0.5})

    assert described(decisions_of([plain, mine])) == [("anna", ("a",), "b", 0.5, 1.0)]


@pytest.mark.parametrize("propensity", [0, -0.1, 1.5, "often", True])
def test_what_is_no_probability_is_refused(propensity):
    with pytest.raises(BadLogError, match="is not a probability"):
        decisions_of([seen(1, "r1", ["a"], propensity)])


def test_a_log_without_any_list_is_refused():
    with pytest.raises(BadLogError, match="nothing to replay"):
        decisions_of([event(1, "a")])


def test_from_lists_drawn_by_chance_the_worth_of_showing_the_most_popular_item_is_found():
    random = np.random.default_rng(6)
    items = [f"i{n}" for n in range(8)]
    worth = np.linspace(0.05, 0.6, 8)
    events = []
    for number in range(4000):
        drawn = random.choice(8, 3, replace=False).tolist()
        listed = shown(f"r{number}", [items[place] for place in drawn], 3 / 8)
        events.append(event(number * 20, None, "Impression", user_id=f"u{number}", **listed))
        events += [
            event(number * 20 + 1, items[place], "Click", user_id=f"u{number}", **listed)
            for place in drawn
            if random.random() < worth[place]
        ]
    recipe = Popularity.fit(TrainingData(from_rows([("u", "i7", 1), ("v", "i7", 1), ("u", "i2", 1)])), {})

    found = replay(recipe, decisions_of(events))

    assert found.decisions == 12_000
    assert found.dr.low <= worth[7] <= found.dr.high
    assert not found.logged.low <= worth[7] <= found.logged.high
    assert found.mean_weight == pytest.approx(1.0, abs=0.1)
