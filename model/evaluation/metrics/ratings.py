"""Rating metrics for models that predict ratings: RMSE and MAE."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from model.evaluation.metrics.intervals import Interval, intervals
from model.evaluation.splits import NoQuestionsError
from model.recipes.recipe import Query
from model.registry.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from model.datasets.data_set import DataSet
    from model.datasets.interactions import Interactions
    from model.recipes.recipe import Recipe

FEEDBACK, EXPLICIT = "feedback", "explicit"
HELD_OUT_SHARE = 0.1  # the latest of each user's ratings
ITEM_SHRINKAGE, USER_SHRINKAGE = 25.0, 10.0  # Koren and Bell, "Advances in Collaborative Filtering", 2011, 5.2.1


class NoRatingsError(ValueError):
    """A recipe does not predict ratings; the message lists the recipes that do."""


class RatingModel(Protocol):
    """A model that predicts ratings."""

    def rate(self, query: Query, item_ids: Sequence[str]) -> NDArray[np.float64]:
        """Return the predicted rating of each item by the user of a query: shape (items,)."""
        ...


@dataclass(frozen=True)
class HeldOutRatings:
    """The held-out ratings of a user.

    Attributes
    ----------
    history : list of str
        The user's rated items in the training part, latest first.
    ratings : float array of shape (items,)
    """

    user: str
    history: list[str]
    item_ids: list[str]
    ratings: NDArray[np.float64]


class Biases:
    """The baseline of mean, item bias and user bias (Koren and Bell, 2011)."""

    def __init__(self, mean: float, item_bias: dict[str, float], user_bias: dict[str, float]) -> None:
        self._mean = mean
        self._item_bias = item_bias
        self._user_bias = user_bias

    @classmethod
    def fit(cls, interactions: Interactions) -> Self:
        """Estimate the biases from ratings, which are the weights of the interactions."""
        ratings = interactions.weights.astype(np.float64)
        mean = float(ratings.mean())
        items = _shrunk(interactions.items, ratings - mean, len(interactions.item_ids), ITEM_SHRINKAGE)
        residuals = ratings - mean - items[interactions.items]
        users = _shrunk(interactions.users, residuals, len(interactions.user_ids), USER_SHRINKAGE)
        return cls(
            mean,
            dict(zip(interactions.item_ids, items.tolist(), strict=True)),
            dict(zip(interactions.user_ids, users.tolist(), strict=True)),
        )

    def rate(self, query: Query, item_ids: Sequence[str]) -> NDArray[np.float64]:
        """Return the predicted ratings, of shape (items,); unknown users and items have no bias."""
        own = self._mean + self._user_bias.get(query.user, 0.0)
        return np.array([own + self._item_bias.get(item, 0.0) for item in item_ids], np.float64)


class RecipeRatings:
    """A recipe whose scores are ratings, such as a network that was trained on ratings."""

    def __init__(self, recipe: Recipe, mean: float) -> None:
        self._recipe = recipe
        self._mean = mean
        self._place_of = {item: place for place, item in enumerate(recipe.item_ids)}

    def rate(self, query: Query, item_ids: Sequence[str]) -> NDArray[np.float64]:
        """Return the predicted ratings, of shape (items,); the mean for unknown items and users without a known one."""
        ratings = np.full(len(item_ids), self._mean)
        if any(item in self._place_of for item in query.history):
            scores = self._recipe.score(query)
            for number, item in enumerate(item_ids):
                if item in self._place_of:
                    ratings[number] = scores[self._place_of[item]]
        return ratings


def rating_parameters(name: str) -> dict[str, str]:
    """Return the hyper-parameters with which a recipe predicts ratings.

    Raises
    ------
    NoRatingsError
        The recipe cannot predict ratings.
    """
    rating_recipes = [recipe.name for recipe in RECIPES.values() if FEEDBACK in recipe.parameters]
    if name not in rating_recipes:
        raise NoRatingsError(f"{name} does not predict ratings; these do: {', '.join(rating_recipes) or 'none'}")
    return {FEEDBACK: EXPLICIT}


def hold_out_ratings(data: DataSet) -> tuple[Interactions, list[HeldOutRatings]]:
    """Hold out the latest tenth of each user's ratings, at least one of every user with two.

    Parameters
    ----------
    data : DataSet
        The values are the ratings; events without a value are left out.

    Raises
    ------
    NoQuestionsError
        No user has two ratings.
    """
    rated = ~np.isnan(data.values)
    known = replace(data.interactions.where(rated), weights=data.values[rated])
    starts = known.starts()
    lengths = np.diff(starts)
    with_two = np.flatnonzero(lengths >= 2)
    if not with_two.size:
        raise NoQuestionsError(f"{data.name} has {len(known)} events with a value and no user with two of them")
    is_training = np.ones(len(known), np.bool_)
    held_out = []
    for user in with_two.tolist():
        end = int(starts[user + 1])
        newest = end - max(1, int(lengths[user] * HELD_OUT_SHARE))
        is_training[newest:end] = False
        history = [known.item_ids[item] for item in known.items[int(starts[user]) : newest][::-1].tolist()]
        items = [known.item_ids[item] for item in known.items[newest:end].tolist()]
        ratings = known.weights[newest:end].astype(np.float64)
        held_out.append(HeldOutRatings(known.user_ids[user], history, items, ratings))
    return known.where(is_training), held_out


def rating_metrics(model: RatingModel, held_out: list[HeldOutRatings]) -> dict[str, Interval]:
    """Return rmse and mae of predicted ratings, in units of the ratings.

    All ratings have equal weight; the intervals resample the users.
    """
    users: list[str] = []
    by_user = []
    for ratings in held_out:
        users += [ratings.user] * len(ratings.item_ids)
        query = Query(history=ratings.history, user=ratings.user)
        by_user.append(model.rate(query, ratings.item_ids) - ratings.ratings)
    errors = np.concatenate(by_user) if by_user else np.empty(0)
    means = intervals({"squared": errors**2, "mae": np.abs(errors)}, users)
    # The root is monotonic, so the bounds of the squares are the squares of the bounds.
    return {"rmse": Interval(*(math.sqrt(bound) for bound in means["squared"])), "mae": means["mae"]}


def _shrunk(places: NDArray[np.int32], values: NDArray[np.float64], size: int, shrinkage: float) -> NDArray[np.float64]:
    """Return the mean of the values at each place, shrunk towards zero where there are few."""
    sums = np.bincount(places, values, minlength=size)
    result: NDArray[np.float64] = sums / (np.bincount(places, minlength=size) + shrinkage)
    return result
