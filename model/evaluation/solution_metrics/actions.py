"""The metric of action recipes, on the latest tenth of the answers of held-out users."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from model.recipes.actions.action_evidence import TAKEN, kind_of
from model.recipes.actions.next_best_action import NextBestAction
from model.recipes.recipe import Event, Query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions
    from model.datasets.training_data import TrainingData
    from model.registry.named_recipe import NamedRecipe

TEST_USERS_SHARE = 0.1
LIKELY = 0.5  # from which an action counts as predicted to be taken
SEED = 20261121


def evaluate_actions(
    named: NamedRecipe, data: TrainingData, settings: Mapping[str, float] | None = None
) -> tuple[dict[str, float], Mapping[str, float]]:
    """Train on nine tenths of the users and measure on the others; settings are passed through: the recipe has none.

    Returns
    -------
    metrics : dict
        auc: how often an answer "taken" had been given a higher likelihood than one that was not; precision and
        recall of likelihoods from a half; coverage: the share of actions that have a likelihood.
    settings : mapping
    """
    known = data.interactions
    random = np.random.default_rng(SEED)
    count = len(known.user_ids)
    tested = random.permutation(count)[: max(1, round(count * TEST_USERS_SHARE))]
    recipe = NextBestAction.fit(replace(data, interactions=known.where(~np.isin(known.users, tested))), {})
    likely, taken = _answers(recipe, known, tested.tolist(), data)
    predicted = likely >= LIKELY
    right = float((predicted & taken).sum())
    metrics = {
        "auc": area_under_curve(likely, taken),
        "precision": right / max(1, int(predicted.sum())),
        "recall": right / max(1, int(taken.sum())),
        "coverage": recipe.share_with_propensity(),
    }
    return {name: round(metrics[name], 4) for name in sorted(named.metrics)}, settings or {}


def area_under_curve(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return how often a positive has a higher score than a negative, ties counting half.

    Both arrays have the shape (n,); the result is 0.0 where there are no pairs to compare.
    """
    ordered = np.sort(scores[~positive])
    pairs = int(positive.sum()) * ordered.size
    if not pairs:
        return 0.0
    below = np.searchsorted(ordered, scores[positive], "left") + np.searchsorted(ordered, scores[positive], "right")
    return float(below.sum()) / 2 / pairs


def _answers(
    recipe: NextBestAction, known: Interactions, tested: list[int], data: TrainingData
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the propensity of each latest answer of the tested users, given their older answers, and its outcome."""
    features_of = dict(zip(data.users.item_ids, data.users.features, strict=True))
    place_of = {item: place for place, item in enumerate(recipe.item_ids)}
    starts = known.starts()
    likely: list[float] = []
    taken: list[bool] = []
    for user in tested:
        begin, end = int(starts[user]), int(starts[user + 1])
        newest = end - max(1, (end - begin) // 10)
        user_id = known.user_ids[user]
        for place in range(begin, newest):
            item, kind = known.item_ids[int(known.items[place])], known.event_types[int(known.kinds[place])]
            recipe.update(Event(item, int(known.times[place]), (), first=False, user=user_id, event_type=kind))
        scores = recipe.propensity(Query(user=user_id, user_features=features_of.get(user_id, ())))
        for place in range(newest, end):
            action = place_of.get(known.item_ids[int(known.items[place])])
            if action is not None and scores[action] > 0:
                likely.append(float(scores[action]))
                taken.append(kind_of(known.event_types[int(known.kinds[place])]) == TAKEN)
    return np.array(likely), np.array(taken, np.bool_)
