"""Off-policy replay: from a log of one policy, what another would earn, with the truth known."""

from __future__ import annotations

import numpy as np
import pytest

from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.evaluation.off_policy.replay import Decision, estimate, replay
from model.recipes.popularity.popularity import Popularity

ITEMS = ["a", "b", "c", "d", "e"]
CLICKED = np.array([0.05, 0.1, 0.2, 0.4, 0.3])  # how often each item is clicked when shown
SHOWN = np.array([0.5, 0.2, 0.15, 0.05, 0.1])  # how often the old policy showed it
WANTED = np.array([0.0, 0.0, 0.2, 0.5, 0.3])  # how often the new policy would
TRUTH = float(CLICKED @ WANTED)
OLD_TRUTH = float(CLICKED @ SHOWN)


def log(count=4000, seed=1, shown=SHOWN):
    random = np.random.default_rng(seed)
    drawn = random.choice(5, count, p=shown)
    clicked = random.random(count) < CLICKED[drawn]
    return [
        Decision(f"user-{n}", (), ITEMS[item], float(shown[item]), float(click))
        for n, (item, click) in enumerate(zip(drawn.tolist(), clicked.tolist(), strict=True))
    ]


def wanted(decisions):
    """The chance of each logged item under the new policy, and its list written as tenths."""
    target = np.array([WANTED[ITEMS.index(decision.item_id)] for decision in decisions])
    tenths = [item for item, share in zip(ITEMS, WANTED.tolist(), strict=True) for _ in range(round(share * 10))]
    return target, [tenths] * len(decisions)


def holds(interval, truth):
    return interval.low <= truth <= interval.high


def test_all_estimates_find_the_truth_and_what_was_earned_does_not():
    decisions = log()
    found = estimate(decisions, *wanted(decisions))

    for interval in (found.ips, found.snips, found.dr):
        assert holds(interval, TRUTH)
        assert holds(interval, interval.mean)
    assert found.snips.mean == pytest.approx(found.ips.mean / found.mean_weight)
    assert holds(found.logged, OLD_TRUTH)
    assert not holds(found.logged, TRUTH)
    assert found.mean_weight == pytest.approx(1.0, abs=0.1)
    assert found.effective < found.matched < found.decisions == 4000


def test_the_intervals_hold_the_truth_about_as_often_as_they_say():
    held = {"ips": 0, "snips": 0, "dr": 0}
    for seed in range(20):
        decisions = log(1000, seed)
        found = estimate(decisions, *wanted(decisions))
        for name in held:
            held[name] += holds(getattr(found, name), TRUTH)

    assert min(held.values()) >= 16  # 19 on average


def test_the_old_policy_itself_is_worth_what_it_earned():
    decisions = log(500)
    found = estimate(
        decisions,
        np.array([decision.propensity for decision in decisions]),
        [[decision.item_id] for decision in decisions],
    )

    assert found.ips.mean == found.snips.mean == found.logged.mean
    assert found.effective == pytest.approx(500)


def test_where_the_model_of_rewards_is_right_the_doubly_robust_estimate_is_the_steadiest():
    decisions = [
        Decision(logged.user, (), logged.item_id, logged.propensity, float(logged.item_id in "cd")) for logged in log()
    ]
    found = estimate(decisions, *wanted(decisions))
    truth = 0.7

    assert holds(found.dr, truth)
    assert found.dr.high - found.dr.low < (found.ips.high - found.ips.low) / 4


def test_a_log_that_never_shows_what_the_policy_wants_says_so():
    never = np.array([0.6, 0.4, 0.0, 0.0, 0.0])
    decisions = log(300, shown=never)
    found = estimate(decisions, *wanted(decisions))

    assert found.matched == 0
    assert found.mean_weight == 0.0
    assert np.isnan(found.snips.mean)


def test_a_recipe_is_replayed_by_what_it_would_have_shown_of_what_could_be_shown():
    rows = [(f"user-{n}", item, 1) for place, item in enumerate(ITEMS) for n in range(place + 1)]
    recipe = Popularity.fit(TrainingData(from_rows(rows)), {})  # e first, then d

    decisions = log()
    alone = replay(recipe, decisions)
    two = replay(recipe, decisions, depth=2)
    without = [
        Decision(decision.user, (), decision.item_id, decision.propensity / 0.9, decision.reward, ("a", "b", "c", "d"))
        for decision in decisions
        if decision.item_id != "e"
    ]

    assert holds(alone.snips, CLICKED[4])
    assert holds(two.snips, (CLICKED[3] + CLICKED[4]) / 2)
    assert holds(replay(recipe, without).snips, CLICKED[3])


def test_no_reward_predicts_itself():
    pair = [Decision("anna", (), "a", 0.5, 1.0), Decision("bert", (), "a", 0.5, 0.0)]

    found = estimate(pair, np.zeros(2), [["a"], []])

    assert found.dr.mean == 0.0  # of the first, only the second's reward is known
