"""The ridge regression on the items of a history: its closed form, the weights kept, the choice on the hold-out."""

from __future__ import annotations

import numpy as np
import pytest

from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.evaluation.solution_metrics.evaluate import evaluate
from model.recipes.item_regression.closed_form import DECAY, WINDOW, sequential_weights, set_weights
from model.recipes.item_regression.score_part import KEPT_PER_ITEM, ItemRegressionPart
from model.recipes.personalization import blending, user_scorer
from model.recipes.personalization.blending import choose_weights
from model.recipes.personalization.user_personalization import UserPersonalization
from model.registry.recipes import RECIPES
from tests.factories.training_data import walks

ITEMS, PENALTY = 30, 20.0


def random_walks(users: int = 60):
    draw = np.random.default_rng(4)
    return from_rows(
        [(f"u{user}", f"i{draw.integers(0, ITEMS):02}", step) for user in range(users) for step in range(20)]
    )


def synonyms(users: int = 600):
    """Draw users who view an item of five names, and one of one name, which decides more often what follows.

    Counted by pairs, the item of five names has five votes.
    """
    draw = np.random.default_rng(6)
    rows = []
    for user in range(users):
        often, once = draw.choice(30, 2, replace=False).tolist()
        viewed = draw.permutation([*(f"{name}{often}" for name in "abcde"), f"f{once}"]).tolist()
        follows = f"f{((once if draw.random() < 0.8 else often) + 1) % 30}"
        rows += [(f"u{user}", item, 10_000 * step + user) for step, item in enumerate([*viewed, follows])]
    return from_rows(rows)


def test_the_weights_of_a_sequence_are_those_of_the_normal_equations():
    known = random_walks()
    rows, targets = [], []
    for user in range(len(known.user_ids)):
        items = known.items[known.users == user].tolist()
        for step in range(1, len(items)):
            row = np.zeros(2 * ITEMS)
            row[items[step - 1]] = 1
            for age, item in enumerate(items[max(0, step - WINDOW) : step][::-1]):
                row[ITEMS + item] += DECAY**age
            rows.append(row)
            targets.append(np.eye(ITEMS)[items[step]])
    features = np.array(rows)
    expected = np.linalg.solve(features.T @ features + PENALTY * np.eye(2 * ITEMS), features.T @ np.array(targets))

    last, decayed = sequential_weights(known, PENALTY, ITEMS)

    assert np.allclose(np.concatenate([last.toarray(), decayed.toarray()]), np.maximum(expected, 0), atol=1e-4)


def test_the_weights_of_a_set_are_those_of_ease():
    known = random_walks()
    users, items = known.unique_pairs()
    owned = np.zeros((len(known.user_ids), ITEMS))
    owned[users, items] = 1
    inverse = np.linalg.inv(owned.T @ owned + PENALTY * np.eye(ITEMS))
    expected = np.where(np.eye(ITEMS), 0, -inverse / np.diag(inverse))

    found = set_weights(known, PENALTY, ITEMS).toarray()
    cut = set_weights(known, PENALTY, 4)

    assert np.allclose(found, np.maximum(expected, 0), atol=1e-4)
    assert np.diff(cut.indptr).max() == 4
    assert np.allclose(np.sort(cut.toarray())[:, -4:], np.sort(found)[:, -4:], atol=1e-6)


@pytest.mark.parametrize("in_order", [True, False])
def test_values_and_contributions_agree_and_items_of_the_history_or_without_a_row_have_none(in_order):
    part = ItemRegressionPart.fit(random_walks(), PENALTY, 20, in_order=in_order)
    known = np.flatnonzero(part.values(list(range(ITEMS))[:1], ITEMS) + part.values([5], ITEMS))
    history = [3, 5, 3, ITEMS + 1, 7, 0]

    values = part.values(history, ITEMS + 2)
    contributions = part.contributions(history, np.arange(ITEMS + 2))

    assert known.size
    assert not values[history].any()
    assert np.allclose(contributions.sum(axis=0)[values > 0], values[values > 0], atol=1e-6)
    assert np.array_equal(part.values_at(history, np.array([9, 3, 9])), values[[9, 3, 9]])
    loaded = ItemRegressionPart.from_arrays(part.arrays())
    assert loaded is not None
    assert np.array_equal(loaded.values(history, ITEMS + 2), values)


def test_the_regression_is_chosen_where_items_of_a_history_say_the_same_and_only_there():
    chosen = choose_weights(TrainingData(synonyms()))

    assert chosen["ridge"] > 0.02
    assert choose_weights(TrainingData(walks()))["ridge"] == 0.0
    recipe = UserPersonalization.fit(TrainingData(synonyms()), chosen)
    assert any(name.startswith("ridge") for name in recipe._scorer.arrays())
    assert not any(
        name.startswith("ridge") for name in UserPersonalization.fit(TrainingData(walks()), {})._scorer.arrays()
    )


def test_a_catalogue_with_more_items_is_trained_without_it_and_the_metrics_say_so(monkeypatch):
    named, data = RECIPES["aws-user-personalization-v2"], TrainingData(synonyms())
    small = evaluate(named, data)[0]
    for module in (blending, user_scorer):
        monkeypatch.setattr(module, "MAX_REGRESSED_ITEMS", 50)

    large = evaluate(named, data)[0]

    assert small["ridge_weight"] > 0
    assert small["ridge_skipped"] == 0
    assert (large["ridge_weight"], large["ridge_skipped"]) == (0, 1)


def test_few_weights_of_an_item_are_kept():
    rows = [(f"u{n}", f"i{(n * 7 + step * step) % 300}", step) for n in range(900) for step in range(12)]

    for in_order in (True, False):
        arrays = ItemRegressionPart.fit(from_rows(rows), 1.0, 300, in_order=in_order).arrays()
        assert np.diff(arrays["ridge_earlier_indptr"]).max() == KEPT_PER_ITEM
