"""The metric of trending recipes: growth of the recommended items in the next interval, against the best possible."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from model.recipes.popularity.trending import DEFAULT_FREQUENCY, FREQUENCY, Trending, frequency_seconds
from model.recipes.recipe import Query

if TYPE_CHECKING:
    from model.datasets.training_data import TrainingData

DEPTH = 25


def trend_prediction_accuracy(data: TrainingData) -> float:
    """Train on all but the newest discovery interval and measure what rose in it.

    Returns
    -------
    float
        From 0 to 1: the growth of the recommended items over that of the items that grew most (developer guide,
        "trend prediction accuracy": the rate of increase in popularity of the recommended items).
    """
    known = data.interactions
    interval = frequency_seconds(data.parameters.get(FREQUENCY, DEFAULT_FREQUENCY))
    newest = int(known.times.max(initial=0))
    size = len(known.item_ids)
    after, before = known.times > newest - interval, known.times > newest - 2 * interval
    grown = np.bincount(known.items[after], minlength=size) - np.bincount(known.items[before & ~after], minlength=size)
    possible = float(np.sort(np.maximum(grown, 0))[::-1][:DEPTH].sum())
    older = known.where(~after)
    if not possible or not len(older):
        return 0.0
    recipe = Trending.fit(replace(data, interactions=older), {})
    place_of = {item: place for place, item in enumerate(known.item_ids)}
    answer = recipe.recommend(Query(now=newest - interval), DEPTH)
    found = sum(max(0, int(grown[place_of[entry.item_id]])) for entry in answer if entry.item_id in place_of)
    return round(found / possible, 4)
