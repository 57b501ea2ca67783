"""Rating metrics: errors worked out by hand, the baseline, and what is held out."""

from __future__ import annotations

import numpy as np
import pytest

from model.datasets.catalogue import Catalogue
from model.datasets.data_set import DataSet
from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.evaluation.metrics.ratings import Biases, HeldOutRatings, RecipeRatings, hold_out_ratings, rating_metrics
from model.recipes.popularity.popularity import Popularity
from model.recipes.recipe import Query


class Always:
    def __init__(self, rating):
        self._rating = rating

    def rate(self, query, item_ids):
        return np.full(len(item_ids), self._rating)


def rated(rows):
    known = from_rows([(user, item, moment) for user, item, moment, _ in rows])
    value_of = {(user, item): value for user, item, _, value in rows}
    values = [
        value_of[known.user_ids[row], known.item_ids[item]]
        for row, item in zip(known.users.tolist(), known.items.tolist(), strict=True)
    ]
    return DataSet("some", known, np.array(values, np.float32), Catalogue(), Catalogue(), {})


def test_the_errors_of_a_constant_prediction():
    asked = [
        rated
        for n in range(6)
        for rated in (
            HeldOutRatings(f"anna-{n}", [], ["a", "b"], np.array([5.0, 2.0])),
            HeldOutRatings(f"bert-{n}", [], ["a"], np.array([3.0])),
        )
    ]

    found = rating_metrics(Always(3.0), asked)

    assert found["rmse"].mean == pytest.approx(np.sqrt((4 + 1 + 0) / 3))
    assert found["mae"].mean == pytest.approx(1.0)
    assert found["rmse"].low <= found["rmse"].mean <= found["rmse"].high


def test_the_newest_tenth_of_each_users_ratings_is_asked_for():
    rows = [("anna", f"item-{n}", n, float(n % 5)) for n in range(20)] + [("bert", "item-1", 1, 2.0)]
    rows += [("carl", "item-1", 5, 1.0), ("carl", "item-2", 6, 4.0), ("carl", "item-3", 9, float("nan"))]

    train, asked = hold_out_ratings(rated(rows))

    assert [(user.user, user.item_ids, user.ratings.tolist()) for user in asked] == [
        ("anna", ["item-18", "item-19"], [3.0, 4.0]),
        ("carl", ["item-2"], [4.0]),
    ]
    assert asked[0].history[:2] == ["item-17", "item-16"]
    assert len(train) == 18 + 1 + 1
    assert train.weights[train.users == 0].tolist() == [float(n % 5) for n in range(18)]


def test_without_two_ratings_of_anybody_there_is_nothing_to_ask():
    with pytest.raises(ValueError, match="no user with two"):
        hold_out_ratings(rated([("anna", "a", 1, 5.0), ("bert", "a", 1, float("nan")), ("bert", "b", 2, 1.0)]))


def test_biases_learn_who_is_generous_and_what_is_liked():
    random = np.random.default_rng(4)
    user, item = random.normal(0, 0.8, 60), random.normal(0, 0.8, 40)
    rows = [
        (f"user-{u}", f"item-{i}", t, float(3 + user[u] + item[i] + random.normal(0, 0.1)))
        for u in range(60)
        for t, i in enumerate(random.permutation(40)[:30].tolist())
    ]
    train, asked = hold_out_ratings(rated(rows))
    model = Biases.fit(train)

    assert rating_metrics(model, asked)["rmse"].high < 0.6
    assert rating_metrics(Always(3.0), asked)["rmse"].low > 0.9
    stranger = model.rate(Query(user="nobody"), ["never seen"])
    assert stranger.tolist() == pytest.approx([float(train.weights.mean())], rel=1e-5)


def test_scores_of_a_recipe_are_ratings_where_it_knows_the_user_and_the_item():
    recipe = Popularity.fit(TrainingData(from_rows([("anna", "a", 1), ("bert", "a", 1), ("bert", "b", 2)])), {})
    model = RecipeRatings(recipe, 3.5)

    assert model.rate(Query(history=["b"]), ["a", "never seen"]).tolist() == [2.0, 3.5]
    assert model.rate(Query(history=["never seen"]), ["a"]).tolist() == [3.5]
