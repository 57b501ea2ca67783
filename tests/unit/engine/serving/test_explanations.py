"""Explanations of items: shares that sum to one, the largest first, for any contributions to a score."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from model.engine.serving.explanations import (
    MOST_SHARES,
    REST,
    compute_shares,
    explain_items,
    explain_placement,
    write_explanation,
)
from model.recipes.recipe import EXPLORATION, Contribution, Query, Recommendation

WEIGHTS = some.floats(-1e6, 1e6, allow_nan=False).map(lambda weight: round(weight, 6))


def parts_of(*weights):
    parts = [Contribution(f"part-{place}", weight) for place, weight in enumerate(weights) if weight]
    return sorted(parts, key=lambda part: -abs(part.weight))


def shares_by_name(parts):
    return {share.name: share.weight for share in compute_shares(parts)}


@given(some.lists(WEIGHTS, max_size=40))
def test_shares_sum_to_one_and_are_few(weights):
    parts = parts_of(*weights)

    found = json.loads(write_explanation(compute_shares(parts)), parse_float=Decimal)

    assert len(found) <= MOST_SHARES
    assert sum(share["weight"] for share in found) == (1 if parts else 0)
    named = [share["weight"] for share in found if share["name"] != REST]
    assert named == sorted(named, reverse=True)
    assert all(share["name"] != REST for share in found[:-1])
    assert all(share["weight"] for share in found)


@given(some.lists(WEIGHTS.filter(bool), min_size=1, max_size=40))
def test_a_share_has_the_sign_of_its_part(weights):
    parts = parts_of(*weights)
    signs = {part.name: part.weight > 0 for part in parts}

    # What rounding has lost goes to the largest, whose sign it cannot change.
    assert all((share > 0) == signs[name] for name, share in shares_by_name(parts).items() if name != REST)


def test_few_parts_are_all_included():
    assert shares_by_name(parts_of(3.0, -1.0, 2.0)) == {"part-0": 0.75, "part-2": 0.5, "part-1": -0.25}


def test_of_many_parts_the_largest_are_included_and_the_others_summed():
    found = compute_shares(parts_of(*[0.5, 1.5], *[1.0] * 8))

    assert [share.name for share in found] == ["part-1", "part-2", "part-3", "part-4", "part-5", REST]
    assert found[0].weight == 0.15
    assert found[-1].weight == 0.45


def test_thirds_sum_to_one_in_spite_of_rounding():
    assert shares_by_name(parts_of(1.0, 1.0, 1.0)) == {"part-0": 0.3334, "part-1": 0.3333, "part-2": 0.3333}


@pytest.mark.parametrize("against", [-0.95, -1.0, -3.0])
def test_shares_keep_their_bounds_and_signs_if_the_negative_parts_are_larger(against):
    found = shares_by_name(parts_of(1.0, against))

    assert 0 < found["part-0"] < 1
    assert -1 < found["part-1"] < 0
    assert sum(found.values()) == pytest.approx(1)


@pytest.mark.parametrize("weights", [(), (0.0,), (float("-inf"),)])
def test_without_contributions_there_is_no_explanation(weights):
    assert compute_shares([Contribution("score", weight) for weight in weights]) == []


class Halves:
    """Explains every item but one by two parts, all in one go."""

    def __init__(self):
        self.asked: list[list[str]] = []

    def explain_all(self, query, item_ids):
        self.asked.append(list(item_ids))
        return [
            [] if item_id == "unexplained" else [Contribution(f"item:{query.history[0]}", 2.0)] for item_id in item_ids
        ]


def test_items_are_explained_together_and_explored_ones_are_labelled():
    recipe: Any = Halves()
    found = [Recommendation("a"), Recommendation("new", 0.1, EXPLORATION), Recommendation("unexplained")]

    texts = explain_items(recipe, Query(history=["h"]), found)

    assert recipe.asked == [["a", "unexplained"]]
    assert texts == {"a": '[{"name":"item:h","weight":1.0}]', "new": explain_placement("exploration")}
    assert json.loads(texts["new"]) == [{"name": "exploration", "weight": 1.0}]
