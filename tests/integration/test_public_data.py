"""The recipes on data that others published, where the project's neighbour folder has them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.evaluation.solution_metrics.evaluate import measure, split_users
from model.registry.recipes import RECIPES

DATA = Path(__file__).parents[3] / "shared" / "data"
# Lowest that a recipe may be against popularity; measured ratios lie well above.
LEAST_RATIO = 2.0
SESSIONS = 4_000  # of YooChoose, so that the test takes seconds


def yoochoose():
    path = DATA / "yoochoose-100k" / "yoochoose-clicks-100k_train_full.txt"
    with path.open(encoding="utf-8") as file:
        rows = [
            (row["SessionId"], row["ItemId"], int(float(row["Time"]))) for row in csv.DictReader(file, delimiter="\t")
        ]
    kept = set(sorted({row[0] for row in rows})[:SESSIONS])
    return [row for row in rows if row[0] in kept]


def movielens():
    with (DATA / "ml-latest-small" / "ratings.csv").open(encoding="utf-8") as file:
        return [(row["userId"], row["movieId"], int(row["timestamp"])) for row in csv.DictReader(file)]


@pytest.mark.parametrize("load", [yoochoose, movielens])
@pytest.mark.parametrize(
    "name", ["aws-user-personalization-v2", "aws-personalized-ranking-v2", "aws-similar-items", "aws-sims"]
)
def test_a_recipe_beats_popularity_on_public_data(load, name):
    if not DATA.is_dir():
        pytest.skip(f"the public data are not there: {DATA}")
    train, questions = split_users(from_rows(load()))
    data = TrainingData(train)

    def gain(one):
        algorithm = RECIPES[one].recommender
        recipe = algorithm.fit(data, algorithm.tune(data))
        return measure(recipe, questions, len(train.item_ids))["normalized_discounted_cumulative_gain_at_25"]

    assert gain(name) > LEAST_RATIO * gain("aws-popularity-count")
