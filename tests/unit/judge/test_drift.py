"""Drift between what a champion was trained on and what happens now, and the judge's answer as a whole."""

from __future__ import annotations

import random
from typing import Any

import pytest

from backend.judge.answer import answer_of
from backend.judge.drift import look_for_drift, stability_index

GAIN = "normalized_discounted_cumulative_gain_at_25"


def profile(**recent: Any) -> dict[str, Any]:
    """Return a profile of a shop of thirty days, with its newest week changed."""
    items = {f"item-{number}": 1000 // (number + 1) for number in range(10)}
    return {
        "trained": {
            "since": "2026-10-01T00:00:00+00:00",
            "until": "2026-10-31T00:00:00+00:00",
            "interactions": 4000,
            "users_with_two": 500,
            "event_types": {"View": 3600, "Purchase": 400},
            "items": items,
        },
        "recent": {
            "since": "2026-10-24T00:00:00+00:00",
            "until": "2026-10-31T00:00:00+00:00",
            "interactions": 1000,
            "event_types": {"View": 900, "Purchase": 100},
            "items": {name: count // 4 for name, count in items.items()},
            "items_first_seen": {"2026-10-02": 900, "2026-10-28": 50},
            "items_counted": 1000,
            "users_first_seen": {"2026-10-03": 600, "2026-10-27": 400},
            "users_counted": 1000,
            **recent,
        },
    }


def test_the_same_again_is_no_drift():
    drift = look_for_drift(profile(), profile())

    assert not drift.found
    assert "like those up to 2026-10-31" in drift.reason


@pytest.mark.parametrize(
    ("recent", "words"),
    [
        ({"event_types": {"View": 100, "Purchase": 900}}, "event types have another mixture"),
        ({"items": {"item-9": 900}}, "most popular has another share"),
        ({"items_first_seen": {"2026-11-05": 400}}, "40% of the newest interactions are with items"),
        ({"users_first_seen": {"2026-11-05": 900}}, "90% of the newest interactions are by people"),
        ({"interactions": 3000, "items": {f"item-{n}": 750 // (n + 1) for n in range(10)}}, "429 interactions a day"),
    ],
)
def test_each_thing_that_moves_is_found_and_told(recent, words):
    drift = look_for_drift(profile(), profile(**recent))

    assert drift.found
    assert words in drift.reason


def test_without_a_profile_of_the_champion_nothing_is_claimed():
    drift = look_for_drift(None, profile())

    assert not drift.found
    assert "not known" in drift.reason


def test_two_samples_of_one_population_seldom_differ_by_more_than_the_noise():
    # Given 300 pairs of samples of a population of twelve kinds
    draw = random.Random(1)
    weights = [1 / (number + 1) for number in range(12)]

    def sample(size: int) -> dict[str, int]:
        drawn = draw.choices(range(12), weights, k=size)
        return {str(kind): drawn.count(kind) for kind in range(12)}

    pairs = [stability_index(sample(2000), sample(500)) for _ in range(300)]

    # Then about one in a hundred is beyond it
    assert sum(index > noise for index, noise in pairs) <= 9
    assert sum(index > noise / 2 for index, noise in pairs) >= 9


def event(**more: Any) -> dict[str, Any]:
    return {
        "rules": {"metrics": [GAIN], "slices": []},
        "challenger": {"version": "v2", "metrics": {GAIN: 0.30}},
        "champion": {"version": "v1", "metrics": {GAIN: 0.10}},
        "record": {"version": "v1", "profile": profile()},
        "profile": profile(),
        **more,
    }


def test_the_answer_names_the_version_that_is_to_serve():
    answer = answer_of(event())
    other_way = answer_of(event(challenger={"version": "v2", "metrics": {GAIN: 0.0}}, champion=event()["challenger"]))

    assert (answer["kept"], answer["version"]) == ("challenger", "v2")
    assert (other_way["kept"], other_way["version"]) == ("champion", "v2")


def test_a_first_version_needs_no_champion_and_no_record():
    answer = answer_of(event(champion={}, record={}))

    assert (answer["kept"], answer["version"]) == ("challenger", "v2")
    assert not answer["drift"]["found"]


def test_a_note_of_another_version_than_the_one_that_serves_is_not_used():
    answer = answer_of(event(record={"version": "v0", "profile": profile()}))

    assert "not known" in answer["drift"]["reason"]


def test_a_champion_that_is_kept_while_the_world_has_moved_is_doubted_in_words():
    moved = profile(event_types={"View": 100, "Purchase": 900})
    answer = answer_of(event(champion={"version": "v1", "metrics": {GAIN: 0.9}}, profile=moved))

    assert answer["kept"] == "champion"
    assert "another time" in answer["reason"]
