"""What lists are like beyond what was wanted, and the slices that questions fall into."""

from __future__ import annotations

import math

import numpy as np
import pytest

from model.datasets.catalogue import Catalogue
from model.datasets.interactions import from_rows
from model.evaluation.lists import Lists
from model.evaluation.metrics.beyond_accuracy import beyond_accuracy
from model.evaluation.slices import slices_of
from model.evaluation.splits import EvaluationQuestion, Split

# a has all three users, b two, c one; d is in the catalogue only.
TRAIN = from_rows([("u", "a", 1), ("v", "a", 1), ("w", "a", 1), ("u", "b", 2), ("v", "b", 2), ("u", "c", 3)])


def lists(*rows):
    return Lists(["a", "b", "c", "d"], np.array(rows, np.int32), np.zeros(len(rows)))


def of(*rows, catalogue=None, cut=2):
    found = beyond_accuracy(lists(*rows), TRAIN, catalogue or Catalogue(), [cut])
    return {name.partition("@")[0]: value for name, value in found.items()}


def test_coverage_is_the_share_of_items_shown_at_all():
    assert of([0, 1], [0, 2])["coverage"] == 0.75
    assert of([0, 1], [1, 0])["coverage"] == 0.5
    assert of([0, -1], [-1, -1])["coverage"] == 0.25


def test_gini_is_nought_where_all_items_are_shown_alike_and_near_one_where_one_is():
    assert of([0, 1], [2, 3])["gini"] == pytest.approx(0.0)
    assert of([0, -1], [0, -1])["gini"] == pytest.approx(0.75)  # (n - 1) / n of four items


def test_novelty_is_the_surprise_in_bits():
    assert of([0, -1])["novelty"] == pytest.approx(0.0)
    assert of([3, -1])["novelty"] == pytest.approx(2.0)  # -log2((0 + 1) / (3 + 1))
    assert of([1, 3])["novelty"] == pytest.approx((-math.log2(3 / 4) + 2) / 2)


def test_lists_of_the_most_popular_items_have_a_positive_popularity_lift():
    usual = (3 * 3 + 2 * 2 + 1) / 6

    assert of([0, 1])["popularity_lift"] == pytest.approx(2.5 / usual - 1)
    assert of([2, 3])["popularity_lift"] < 0


def test_diversity_is_one_less_the_likeness_of_the_features():
    features: list[tuple[str, ...]] = [("k=1", "s=1"), ("k=1", "s=1"), ("k=2", "s=2"), ("k=1", "s=2")]
    catalogue = Catalogue(["a", "b", "c", "d"], features, [0] * 4)

    assert of([0, 1], catalogue=catalogue)["diversity"] == pytest.approx(0.0, abs=1e-6)
    assert of([0, 2], catalogue=catalogue)["diversity"] == pytest.approx(1.0)
    assert of([0, 3], catalogue=catalogue)["diversity"] == pytest.approx(0.5)


def test_without_features_items_are_alike_if_they_have_the_same_users():
    assert of([0, 1])["diversity"] == pytest.approx(1 - 2 / math.sqrt(3 * 2), rel=1e-5)
    assert of([0, 3])["diversity"] == 0.0  # d has no users: there is no pair to compare


def test_questions_fall_into_slices_by_history_by_what_they_want_and_by_user():
    questions = [
        EvaluationQuestion("u", [], ("a",), features=("AGE=1",)),
        EvaluationQuestion("v", ["b"] * 3, ("c",), features=("AGE=2",)),
        EvaluationQuestion("w", ["b"] * 25, ("new", "a"), features=("AGE=2",)),
    ]
    found = {name: mask.tolist() for name, mask in slices_of(Split(TRAIN, questions)).items()}

    assert found == {
        "history: none": [True, False, False],
        "history: 1 to 4": [False, True, False],
        "history: 20 or more": [False, False, True],
        "wants: popular": [True, False, False],
        "wants: rarer": [False, True, False],
        "wants: unseen in training": [False, False, True],
        "AGE=1": [True, False, False],
        "AGE=2": [False, True, True],
    }
