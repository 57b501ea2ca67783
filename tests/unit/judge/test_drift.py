"""Drift between the champion's training data and the latest events, and the judge's decision."""

from __future__ import annotations

import random

import pytest

from backend.judge.decision import decide
from backend.judge.drift import detect_drift, stability_index
from tests.factories.lambda_events import GAIN, data_profile, judge_event


def test_the_same_profile_is_no_drift():
    drift = detect_drift(data_profile(), data_profile())

    assert not drift.found
    assert "like those up to 2026-10-31" in drift.reason


@pytest.mark.parametrize(
    ("recent", "words"),
    [
        ({"event_types": {"View": 100, "Purchase": 900}}, "the mix of event types has changed"),
        ({"items": {"item-9": 900}}, "most popular items have another share"),
        ({"items_first_seen": {"2026-11-05": 400}}, "40% of the latest interactions are with items"),
        ({"users_first_seen": {"2026-11-05": 900}}, "90% of the latest interactions are by users"),
        ({"interactions": 3000, "items": {f"item-{n}": 750 // (n + 1) for n in range(10)}}, "429 interactions a day"),
    ],
)
def test_each_kind_of_drift_is_detected_and_reported(recent, words):
    drift = detect_drift(data_profile(), data_profile(**recent))

    assert drift.found
    assert words in drift.reason


def test_without_a_profile_of_the_champion_no_drift_is_reported():
    drift = detect_drift(None, data_profile())

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


def test_the_answer_names_the_version_that_is_to_serve():
    answer = decide(judge_event())
    other_way = decide(
        judge_event(challenger={"version": "v2", "metrics": {GAIN: 0.0}}, champion=judge_event()["challenger"])
    )

    assert (answer["kept"], answer["version"]) == ("challenger", "v2")
    assert (other_way["kept"], other_way["version"]) == ("champion", "v2")


def test_a_first_version_needs_no_champion_and_no_record():
    answer = decide(judge_event(champion={}, record={}))

    assert (answer["kept"], answer["version"]) == ("challenger", "v2")
    assert not answer["drift"]["found"]


def test_a_record_of_another_version_is_not_used():
    answer = decide(judge_event(record={"version": "v0", "profile": data_profile()}))

    assert "not known" in answer["drift"]["reason"]


def test_a_champion_that_is_kept_while_the_data_have_drifted_is_marked_in_the_reason():
    moved = data_profile(event_types={"View": 100, "Purchase": 900})
    answer = decide(judge_event(champion={"version": "v1", "metrics": {GAIN: 0.9}}, profile=moved))

    assert answer["kept"] == "champion"
    assert "another time" in answer["reason"]
