"""The recipes on public data sets, where `../shared/data` beside the project has them."""

from __future__ import annotations

import csv
import functools

import pytest

from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.evaluation.solution_metrics.evaluate import measure, split_users
from model.registry.recipes import RECIPES
from tests.factories.data_sets.shared_data import shared

# Minimum ratio of a recipe's metric to popularity's; measured ratios are well above.
MIN_RATIO = 2.0
MAX_SESSIONS = 4_000  # of YooChoose, so that the test takes seconds


def read_yoochoose():
    with (shared("yoochoose-100k") / "yoochoose-clicks-100k_train_full.txt").open(encoding="utf-8") as file:
        rows = [
            (row["SessionId"], row["ItemId"], int(float(row["Time"]))) for row in csv.DictReader(file, delimiter="\t")
        ]
    sessions = set(sorted({row[0] for row in rows})[:MAX_SESSIONS])
    return [row for row in rows if row[0] in sessions]


def read_movielens():
    with (shared("ml-latest-small") / "ratings.csv").open(encoding="utf-8") as file:
        return [(row["userId"], row["movieId"], int(row["timestamp"])) for row in csv.DictReader(file)]


@functools.cache
def ndcg(name, read):
    train, questions = split_users(from_rows(read()))
    data = TrainingData(train)
    algorithm = RECIPES[name].recommender
    recipe = algorithm.fit(data, algorithm.tune(data))
    return measure(recipe, questions, len(train.item_ids))["normalized_discounted_cumulative_gain_at_25"]


@pytest.mark.parametrize("read", [read_yoochoose, read_movielens])
@pytest.mark.parametrize(
    "name", ["aws-user-personalization-v2", "aws-personalized-ranking-v2", "aws-similar-items", "aws-sims"]
)
def test_a_recipe_beats_popularity_on_public_data(read, name):
    assert ndcg(name, read) > MIN_RATIO * ndcg("aws-popularity-count", read)
