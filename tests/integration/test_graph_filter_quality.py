"""The graph filter's quality on real data, so that a regression is seen."""

from __future__ import annotations

import csv

import pytest

from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.evaluation.evaluate import evaluate
from model.evaluation.splits import leave_last_out
from model.recipes.graph_filter.graph_filter import GraphFilter
from model.recipes.graph_filter.history_decay import NO_DECAY
from tests.factories.data_sets.shared_data import shared

MEASURED = {"recall@20": 0.172, "ndcg@20": 0.0708}  # popularity: 0.069 and 0.026
TOLERANCE = 0.9  # one question in six hundred is 0.0016


@pytest.fixture(scope="module")
def last_films():
    with (shared("ml-latest-small") / "ratings.csv").open(encoding="utf-8") as file:
        return leave_last_out(
            from_rows([(row["userId"], row["movieId"], int(row["timestamp"])) for row in csv.DictReader(file)])
        )


def test_the_last_film_of_users_is_found_as_often_as_was_measured(last_films):
    data = TrainingData(last_films.train)
    tuned = GraphFilter.tune(data)

    result = evaluate(GraphFilter.fit(data, tuned), last_films, cuts=(20,))

    assert tuned["decay"] < NO_DECAY
    for metric, measured in MEASURED.items():
        assert result.mean(metric) > TOLERANCE * measured
