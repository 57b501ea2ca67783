"""One measurement of the bench of recipes: whom its intervals draw, whatever is measured."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from model.datasets.interactions import from_rows
from model.evaluation.metrics.intervals import MIN_USERS
from model.evaluation.splits import next_events
from tests.load.recipes import measured
from tests.load.recipes.tasks import Task


@pytest.fixture
def alike():
    """Questions of users who do the same, half of which the more popular of two items answers."""
    rows = [(f"user-{user}", "ab"[n % 2], n) for n in range(40) for user in range(MIN_USERS)] + [("bert", "a", 0)]
    return Task(next_events(from_rows(rows), 0.5), ("hr@1", "mrr@1"), hide_seen=False)


@pytest.fixture
def library(monkeypatch):
    """A library whose one model names what is popular."""
    made = types.ModuleType("library")
    made.__dict__["MODELS"] = {
        "library popular": lambda matrix: lambda rows, _: np.tile(matrix.toarray().sum(axis=0), (rows.shape[0], 1))
    }
    monkeypatch.setitem(sys.modules, "library", made)
    monkeypatch.setitem(measured.PEERS, "library", "library")


def test_another_library_is_asked_the_same_questions_and_counted_alike(alike, library):
    ours, theirs = measured.recipe(alike, "aws-popularity-count", {}), measured.peer(alike, "library popular")

    assert ours["metrics"] == theirs["metrics"]
    assert ours["questions"] == theirs["questions"] > 1


def test_users_are_drawn_with_all_of_their_questions(alike, library):
    """Of users who do the same, every draw is the same, though their questions differ."""
    mean, low, high = measured.peer(alike, "library popular")["metrics"]["hr@1"]

    assert 0 < mean == low == high < 1
