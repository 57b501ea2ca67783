"""Rating metrics for models that predict how much somebody will like something: RMSE and MAE."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from model.evaluation.metrics.intervals import Interval, intervals
from model.evaluation.splits import NothingToAskError
from model.recipes.recipe import Query
from model.registry.amazon_recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions
    from model.evaluation.data_sets import DataSet
    from model.recipes.recipe import Recipe

FEEDBACK, EXPLICIT = "feedback", "explicit"
HELD_OUT_SHARE = 0.1  # of each user's ratings, the newest
ITEM_SHRINKAGE, USER_SHRINKAGE = 25.0, 10.0  # Koren and Bell, "Advances in Collaborative Filtering", 2011, 5.2.1


class NoRatingsError(ValueError):
    """A recipe does not predict ratings; the message says which do."""


class RatingModel(Protocol):
    """A model that predicts ratings."""

    def rate(self, query: Query, item_ids: Sequence[str]) -> NDArray[np.float64]:
        """Return the rating that the user of a query is expected to give each item: shape (items,)."""
        ...


@dataclass(frozen=True)
class Rated:
    """What somebody gave after all that they rated before.

    Attributes
    ----------
    history : list of str
        Rated items that were learnt from, newest first.
    ratings : float array of shape (items,)
    """

    user: str
    history: list[str]
    item_ids: list[str]
    ratings: NDArray[np.float64]


class Biases:
    """The usual baseline: the mean, and by how much an item and a user usually lie above it."""

    def __init__(self, mean: float, item_bias: dict[str, float], user_bias: dict[str, float]) -> None:
        self._mean = mean
        self._item_bias = item_bias
        self._user_bias = user_bias

    @classmethod
    def fit(cls, interactions: Interactions) -> Self:
        """Learn from ratings.

        Parameters
        ----------
        interactions : Interactions
            Their weights are the ratings.
        """
        ratings = interactions.weights.astype(np.float64)
        mean = float(ratings.mean())
        items = _shrunk(interactions.items, ratings - mean, len(interactions.item_ids), ITEM_SHRINKAGE)
        left = ratings - mean - items[interactions.items]
        users = _shrunk(interactions.users, left, len(interactions.user_ids), USER_SHRINKAGE)
        return cls(
            mean,
            dict(zip(interactions.item_ids, items.tolist(), strict=True)),
            dict(zip(interactions.user_ids, users.tolist(), strict=True)),
        )

    def rate(self, query: Query, item_ids: Sequence[str]) -> NDArray[np.float64]:
        """Return the expected ratings; of what is not known, the bias is nought.

        Returns
        -------
        float array of shape (items,)
        """
        own = self._mean + self._user_bias.get(query.user, 0.0)
        return np.array([own + self._item_bias.get(item, 0.0) for item in item_ids], np.float64)


class Scored:
    """A recipe whose scores are ratings, as those of a network that has learnt ratings are."""

    def __init__(self, recipe: Recipe, usual: float) -> None:
        self._recipe = recipe
        self._usual = usual
        self._place_of = {item: place for place, item in enumerate(recipe.item_ids)}

    def rate(self, query: Query, item_ids: Sequence[str]) -> NDArray[np.float64]:
        """Return the expected ratings: the usual one for an item, or of a user, of whom nothing is known.

        Returns
        -------
        float array of shape (items,)
        """
        found = np.full(len(item_ids), self._usual)
        if any(item in self._place_of for item in query.history):
            scores = self._recipe.score(query)
            for number, item in enumerate(item_ids):
                if item in self._place_of:
                    found[number] = scores[self._place_of[item]]
        return found


def rates_when_told(name: str) -> dict[str, str]:
    """Return the hyper-parameter with which a recipe learns ratings.

    Raises
    ------
    NoRatingsError
        The recipe knows no ratings.
    """
    rating = [one.name for one in RECIPES.values() if FEEDBACK in one.parameters]
    if name not in rating:
        raise NoRatingsError(f"{name} does not predict ratings; what does: {', '.join(rating) or 'no recipe'}")
    return {FEEDBACK: EXPLICIT}


def hold_out_ratings(data: DataSet) -> tuple[Interactions, list[Rated]]:
    """Keep the newest tenth of each user's ratings out, at least one of whoever has two.

    Parameters
    ----------
    data : DataSet
        Its values are the ratings; events without one are passed over.

    Returns
    -------
    train : Interactions
        The weights are the ratings.
    asked : list of Rated

    Raises
    ------
    NothingToAskError
        Nobody has two ratings.
    """
    rated = ~np.isnan(data.values)
    known = replace(data.interactions.where(rated), weights=data.values[rated])
    starts = known.starts()
    lengths = np.diff(starts)
    several = np.flatnonzero(lengths >= 2)
    if not several.size:
        raise NothingToAskError(f"{data.name} has {len(known)} events with a value and nobody with two of them")
    kept = np.ones(len(known), np.bool_)
    asked = []
    for user in several.tolist():
        end = int(starts[user + 1])
        newest = end - max(1, int(lengths[user] * HELD_OUT_SHARE))
        kept[newest:end] = False
        history = [known.item_ids[item] for item in known.items[int(starts[user]) : newest][::-1].tolist()]
        items = [known.item_ids[item] for item in known.items[newest:end].tolist()]
        asked.append(Rated(known.user_ids[user], history, items, known.weights[newest:end].astype(np.float64)))
    return known.where(kept), asked


def rating_metrics(model: RatingModel, asked: list[Rated]) -> dict[str, Interval]:
    """Return how far predictions are from what users gave.

    Returns
    -------
    dict of Interval
        rmse and mae, in units of the ratings, over all ratings alike; users are resampled.
    """
    users: list[str] = []
    missed = []
    for one in asked:
        users += [one.user] * len(one.item_ids)
        missed.append(model.rate(Query(history=one.history, user=one.user), one.item_ids) - one.ratings)
    errors = np.concatenate(missed) if missed else np.empty(0)
    found = intervals({"squared": errors**2, "mae": np.abs(errors)}, users)
    # The root keeps order, so the bounds of the squares are the squares of the bounds.
    return {"rmse": Interval(*(math.sqrt(bound) for bound in found["squared"])), "mae": found["mae"]}


def _shrunk(places: NDArray[np.int32], values: NDArray[np.float64], size: int, shrinkage: float) -> NDArray[np.float64]:
    """Return the mean of the values at each place, drawn towards nought where there are few."""
    sums = np.bincount(places, values, minlength=size)
    result: NDArray[np.float64] = sums / (np.bincount(places, minlength=size) + shrinkage)
    return result
