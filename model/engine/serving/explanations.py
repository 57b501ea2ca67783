"""Why an item is in an answer: what its score is made of, in a few shares that sum to one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from model.recipes.recipe import EXPLORATION, Contribution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.recipes.recipe import Query, Recipe, Recommendation

EXPLANATION = "EXPLANATION"  # the column of an answer's metadata; one of the items' own by this name goes before
MOST_SHARES = 6  # of one item
REST = "rest"  # what is left over after the largest
STEPS = 10_000  # shares are told in steps of a ten-thousandth, so that they sum to one in spite of rounding
# Where what speaks against an item all but outweighs what speaks for it, or outweighs it (the scores of a network may
# lie below zero), shares of the score would be without bounds: they are of all that speaks, either way.
LEAST_TOTAL = 0.1


def explanations(recipe: Recipe, query: Query, found: Sequence[Recommendation]) -> dict[str, str]:
    """Explain the items of an answer.

    Parameters
    ----------
    query : Query
        What the recipe answered.
    found : sequence of Recommendation
        Items of the recipe.

    Returns
    -------
    dict of str
        By item id, what `text_of` returns; without the items for which nothing speaks. New items that are tried on the
        user are explained by that.
    """
    texts = {one.item_id: placed_by("exploration") for one in found if one.reason == EXPLORATION}
    scored = [one.item_id for one in found if one.item_id not in texts]
    for item_id, parts in zip(scored, recipe.explain_all(query, scored), strict=True):
        told = shares(parts)
        if told:
            texts[item_id] = text_of(told)
    return texts


def placed_by(name: str) -> str:
    """Return the explanation of an item that owes its place to something else than its score.

    Returns
    -------
    str
        JSON.
    """
    return text_of([Contribution(name, 1.0)])


def text_of(told: Sequence[Contribution]) -> str:
    """Write an explanation.

    Returns
    -------
    str
        JSON, such as `[{"name": "item:shoe-17", "weight": 0.41}, {"name": "popularity", "weight": 0.59}]`.
    """
    return msgspec.json.encode([{"name": one.name, "weight": one.weight} for one in told]).decode()


def shares(parts: Sequence[Contribution]) -> list[Contribution]:
    """Turn the parts of a score into a few shares of it.

    Parameters
    ----------
    parts : sequence of Contribution
        The largest first, whether they speak for the item or against it.

    Returns
    -------
    list of Contribution
        Those that say most, what speaks for the item first, what is left over last; the weights, of which some may be
        negative, sum to one. Empty where nothing speaks for the item or against it.
    """
    size = sum(abs(part.weight) for part in parts)
    if size == 0.0 or not math.isfinite(size):
        return []
    total = sum(part.weight for part in parts)
    lasting = total > LEAST_TOTAL * size
    whole = total if lasting else size
    kept = parts if lasting and len(parts) <= MOST_SHARES else parts[: MOST_SHARES - 1]
    steps = [round(part.weight / whole * STEPS) for part in kept]
    left = STEPS - sum(steps)
    if kept is parts:  # nothing but what rounding has lost
        steps[0] += left
        left = 0
    told = [Contribution(part.name, step / STEPS) for part, step in zip(kept, steps, strict=True) if step]
    told.sort(key=lambda part: -part.weight)
    return [*told, Contribution(REST, left / STEPS)] if left else told
