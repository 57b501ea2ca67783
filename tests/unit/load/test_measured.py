"""One measurement of the bench of recipes: whom its intervals draw, whatever is measured."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from model.datasets.interactions import from_rows
from model.evaluation.splits import next_events
from tests.load.recipes import measured
from tests.load.recipes.tasks import Task


@pytest.fixture
def alone():
    """Questions of one user, half of which the more popular of two items answers."""
    rows = [("anna", "ab"[n % 2], n) for n in range(40)] + [("bert", "a", 0)]
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


def test_another_library_is_asked_the_same_questions_and_counted_alike(alone, library):
    ours, theirs = measured.recipe(alone, "aws-popularity-count", {}), measured.peer(alone, "library popular")

    assert ours["metrics"] == theirs["metrics"]
    assert ours["questions"] == theirs["questions"] > 1


def test_users_are_drawn_with_all_of_their_questions(alone, library):
    """Of one user alone, every draw is the same, though their questions differ."""
    mean, low, high = measured.peer(alone, "library popular")["metrics"]["hr@1"]

    assert 0 < mean == low == high < 1
