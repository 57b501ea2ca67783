"""Ranking metrics against their definitions written out, and against figures worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.evaluation.metrics.ranking import ranking_metrics

HITS = np.array([[True, False, True, False], [False, False, False, True], [False] * 4])
WANTED = np.array([2, 5, 1])


def test_the_figures_of_three_lists_worked_out_by_hand():
    found = ranking_metrics(HITS, WANTED, [2, 4])

    assert found["precision@2"].tolist() == [0.5, 0.0, 0.0]
    assert found["precision@4"].tolist() == [0.5, 0.25, 0.0]
    assert found["recall@4"].tolist() == pytest.approx([1.0, 0.2, 0.0])
    assert found["hr@2"].tolist() == [1.0, 0.0, 0.0]
    assert found["hr@4"].tolist() == [1.0, 1.0, 0.0]
    assert found["mrr@2"].tolist() == [1.0, 0.0, 0.0]
    assert found["mrr@4"].tolist() == [1.0, 0.25, 0.0]
    assert found["map@4"].tolist() == pytest.approx([(1 / 1 + 2 / 3) / 2, (1 / 4) / 4, 0.0])
    ideal = 1 + 1 / math.log2(3)
    assert found["ndcg@4"].tolist() == pytest.approx(
        [(1 + 1 / 2) / ideal, (1 / math.log2(5)) / (ideal + 1 / 2 + 1 / math.log2(5)), 0.0]
    )


def by_definition(hits, wanted, cut):
    """The same from the textbook, one list at a time."""
    found = hits[:cut]
    ranks = [place + 1 for place, hit in enumerate(found) if hit]
    gain = sum(1 / math.log2(rank + 1) for rank in ranks)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(wanted, cut) + 1))
    return {
        "precision": len(ranks) / cut,
        "recall": len(ranks) / wanted,
        "hr": float(bool(ranks)),
        "ndcg": gain / ideal,
        "mrr": 1 / ranks[0] if ranks else 0.0,
        "map": sum((number + 1) / rank for number, rank in enumerate(ranks)) / min(wanted, cut),
    }


@given(st.lists(st.booleans(), min_size=8, max_size=8), st.integers(0, 5), st.integers(1, 8))
def test_every_metric_is_what_its_definition_says(hits, more, cut):
    wanted = max(1, sum(hits)) + more
    found = ranking_metrics(np.array([hits]), np.array([wanted]), [cut])

    for name, value in by_definition(hits, wanted, cut).items():
        assert found[f"{name}@{cut}"][0] == pytest.approx(value)
