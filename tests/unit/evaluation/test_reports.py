"""Tables of experiments: metrics that coincide, slices with their users, intervals of a handful."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.evaluation.evaluate import evaluate
from model.evaluation.experiments import Experiment, compare, save_experiment
from model.evaluation.reports.tables import differences_table, experiments_table, slices_table
from model.evaluation.splits import given_test_set
from model.recipes.popularity.popularity import Popularity

ROWS = [(f"user-{n:02}", f"item-{(n + step) % 9}", step) for n in range(45) for step in range(1 + n % 6)]


def experiment(wanted: dict[str, list[str]]) -> Experiment:
    split = given_test_set(from_rows(ROWS), wanted)
    recipe = Popularity.fit(TrainingData(split.train), {})
    return Experiment("popular", "rows", evaluate(recipe, split, cuts=(2,)), 0.0, 0.0, {}, {})


def wanted(users: int, items: int) -> dict[str, list[str]]:
    return {f"user-{n:02}": [f"item-{(n + 6 + item) % 9}" for item in range(items)] for n in range(users)}


def printed(table) -> str:
    file = io.StringIO()
    Console(file=file, width=200).print(table)
    return file.getvalue()


@pytest.mark.parametrize(("items", "together"), [(1, True), (2, False)])
def test_metrics_that_are_equal_for_every_question_have_one_row(items, together):
    text = printed(experiments_table([experiment(wanted(45, items))], 2))

    assert ("hr, recall@2" in text, "mrr, map@2" in text) == (together, together)
    assert ("│ recall@2" in text, "│ map@2" in text) == (not together, not together)


def test_a_slice_states_its_users_and_small_ones_are_counted_in_one_row():
    asked = experiment(wanted(45, 1))  # 31 users with a history of 1 to 4 items, 14 with more

    text = printed(slices_table([asked], "ndcg@2"))

    (row,) = [line for line in text.splitlines() if "history: 1 to 4" in line]
    assert row.split()[5:8] == ["│", "31", "│"]
    assert row.split()[8] == "31"
    assert "with fewer than 20 users" in text
    assert "5 to 19" not in text


def test_the_interval_of_a_handful_of_users_is_unknown(tmp_path):
    few, many = experiment(wanted(9, 1)), experiment(wanted(10, 1))

    assert "±?" in printed(experiments_table([few], 2))
    assert "±?" not in printed(experiments_table([many], 2))
    found = compare(few.result, few.result, ["ndcg@2"])
    assert found[0].verdict == "unknown: too few users"
    assert "[?]" in printed(differences_table("a", "b", "ndcg@2", found))
    assert '"low": null' in (save_experiment(few, tmp_path) / "result.json").read_text()
