"""Explanations of recommended items: the contributions to a score, as a few shares that sum to one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from model.recipes.recipe import EXPLORATION, Contribution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.recipes.recipe import Query, Recipe, Recommendation

EXPLANATION = "EXPLANATION"  # a metadata column of the answer; an Items column of this name takes precedence
MOST_SHARES = 6  # of one item
REST = "rest"  # the sum of the smaller contributions
STEPS = 10_000  # shares are multiples of 1/10,000, so that they sum to one in spite of rounding
# If negative contributions nearly cancel or exceed the positive ones (scores of a network can be negative), shares of
# the score would be unbounded: then they are shares of the sum of absolute contributions.
LEAST_TOTAL = 0.1


def explain_items(recipe: Recipe, query: Query, recommended: Sequence[Recommendation]) -> dict[str, str]:
    """Return explanations of the items of an answer.

    Returns
    -------
    dict of str
        JSON by item id, as `write_explanation` returns it; without items that have no contribution. The explanation of
        a new item that is explored is "exploration".
    """
    explored = [item.item_id for item in recommended if item.reason == EXPLORATION]
    texts = dict.fromkeys(explored, explain_placement("exploration"))
    scored = [item.item_id for item in recommended if item.item_id not in texts]
    for item_id, parts in zip(scored, recipe.explain_all(query, scored), strict=True):
        shares = compute_shares(parts)
        if shares:
            texts[item_id] = write_explanation(shares)
    return texts


def explain_placement(name: str) -> str:
    """Return the explanation, as JSON, of an item that is in the answer for another reason than its score."""
    return write_explanation([Contribution(name, 1.0)])


def write_explanation(shares: Sequence[Contribution]) -> str:
    """Return shares as JSON, such as `[{"name": "item:shoe-17", "weight": 0.41}, {"name": "popularity", …}]`."""
    return msgspec.json.encode([{"name": share.name, "weight": share.weight} for share in shares]).decode()


def compute_shares(parts: Sequence[Contribution]) -> list[Contribution]:
    """Return the contributions to a score as a few shares of it.

    Parameters
    ----------
    parts : sequence of Contribution
        Positive and negative ones, the largest absolute weight first.

    Returns
    -------
    list of Contribution
        The largest ones, by weight, then the rest; the weights, some of which may be negative, sum to one. Empty if
        there are no contributions.
    """
    size = sum(abs(part.weight) for part in parts)
    if size == 0.0 or not math.isfinite(size):
        return []
    total = sum(part.weight for part in parts)
    is_positive = total > LEAST_TOTAL * size
    whole = total if is_positive else size
    kept = parts if is_positive and len(parts) <= MOST_SHARES else parts[: MOST_SHARES - 1]
    steps = [round(part.weight / whole * STEPS) for part in kept]
    left = STEPS - sum(steps)
    if kept is parts:  # only the rounding errors
        steps[0] += left
        left = 0
    shares = [Contribution(part.name, step / STEPS) for part, step in zip(kept, steps, strict=True) if step]
    shares.sort(key=lambda part: -part.weight)
    return [*shares, Contribution(REST, left / STEPS)] if left else shares
