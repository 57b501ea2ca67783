"""What follows what: nearer steps weigh more, forward more than back, and the rare are not believed blindly."""

from __future__ import annotations

import numpy as np
import pytest

from model.datasets.interactions import from_rows
from model.recipes.item_to_item import transition_counts as steps
from model.recipes.item_to_item.transitions import Transitions


def of(*sequences):
    rows = [(f"u{n}", item, moment) for n, sequence in enumerate(sequences) for moment, item in enumerate(sequence)]
    interactions = from_rows(rows)
    found = Transitions.fit(interactions)

    def closeness(first, second):
        items, values = found.neighbours(interactions.item_ids.index(first))
        by_name = dict(zip((interactions.item_ids[item] for item in items), values.tolist(), strict=True))
        return by_name.get(second, 0.0)

    return found, closeness


def test_of_a_user_with_too_many_events_the_newest_count(monkeypatch):
    monkeypatch.setattr(steps, "MAX_OF_ONE", 3)

    _, closeness = of("abcxyz", "ac")

    assert closeness("x", "y") > 0
    assert closeness("b", "c") == closeness("c", "x") == 0
    assert closeness("a", "c") > 0


def test_each_step_weighs_less_and_the_way_back_half():
    _, closeness = of("abc")

    assert closeness("a", "c") == pytest.approx(0.8 * closeness("a", "b"))
    assert closeness("b", "a") == pytest.approx(0.5 * closeness("a", "b"))


def test_items_of_different_users_and_items_too_far_apart_do_not_meet():
    _, closeness = of("ab", "cd", "x0123456789y")

    assert closeness("b", "c") == 0
    assert closeness("x", "9") > 0
    assert closeness("x", "y") == 0


def test_one_meeting_of_rare_items_is_believed_less_than_many_of_frequent_ones():
    _, closeness = of("pq", *["ab"] * 20)

    assert closeness("a", "b") > 3 * closeness("p", "q")


def test_live_events_add_up_and_memory_stays_bounded():
    found, _ = of([f"i{n}" for n in range(300)])
    before = found.neighbours(0)[1].sum()

    for other in range(1, 300):
        found.update(other, [0])

    items, values = found.neighbours(0)
    assert values.sum() > before
    assert len(items) == len(set(items.tolist())) < 200
    scores = np.zeros(300, np.float32)
    found.add_scores([0], scores)
    assert scores[items].tolist() == pytest.approx(values.tolist(), rel=1e-5)
