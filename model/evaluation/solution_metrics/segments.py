"""The metrics of user segments, on the latest fifth of each user's interactions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from model.recipes.segments.user_segments import UserSegments, split_in_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.datasets.training_data import TrainingData
    from model.registry.named_recipe import NamedRecipe

SEGMENT_SHARE = 0.01  # of the users: the segment that is judged (developer guide, "hit (hit at K)")
MOST_QUESTIONS = 200


def evaluate_segments(
    named: NamedRecipe, data: TrainingData, settings: Mapping[str, float] | None = None
) -> tuple[dict[str, float], Mapping[str, float]]:
    """Train on the oldest four fifths of each user's interactions and measure on the rest.

    Returns
    -------
    metrics : dict
        hit: mean number of a segment's users who interacted with the items; recall: share of the items' users who
        were in the segment; coverage: share of users who are in any segment.
    settings : mapping
        The settings for the training on all data.
    """
    algorithm = named.algorithm
    if not issubclass(algorithm, UserSegments):
        raise TypeError(f"{named.name} makes no segments")
    older, newer = split_in_time(data.interactions)
    partial = replace(data, interactions=older)
    chosen = algorithm.tune(partial) if settings is None else settings
    if not len(older) or not len(newer):
        return dict.fromkeys(named.metrics, 0.0), chosen
    recipe = algorithm.fit(partial, chosen)
    count = max(1, round(len(recipe.user_ids) * SEGMENT_SHARE))
    hits, recall, asked, shown = 0.0, 0.0, 0, set[int]()
    for items, users in recipe.targets(newer, MOST_QUESTIONS):
        found = set(recipe.ranked(items, count).tolist())
        right = len(found.intersection(users.tolist()))
        hits, recall, asked = hits + right, recall + right / users.size, asked + 1
        shown |= found
    metrics = {
        "hit": hits / max(1, asked),
        "recall": recall / max(1, asked),
        "coverage": len(shown) / max(1, len(recipe.user_ids)),
    }
    return {name: round(value, 4) for name, value in metrics.items()}, chosen
