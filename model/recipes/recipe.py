"""The interface of every recipe, and what goes in and comes out of one."""

from __future__ import annotations

import abc
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from model.arrays.top_k import NEVER, top_k

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from model.datasets.catalogue import CatalogueItem
    from model.datasets.training_data import TrainingData

POPULAR = "Popular item"  # the reasons Amazon Personalize gives (developer guide, "Recommendation reasons")
EXPLORATION = "Exploration"
PROMOTED = "Promoted item"


class UnsuitableDataError(ValueError):
    """A recipe cannot learn from the data; the message says what they lack."""


@dataclass(frozen=True)
class Query:
    """A question to a trained recipe.

    Attributes
    ----------
    history : sequence of str
        The user's items, newest first; empty for a stranger.
    item_id : str, optional
        The item to which others are to be similar.
    user : str
        Seeds the choice of items to explore, so that a user's list holds still.
    now : int
        Epoch seconds, against which the age of items is measured; 0 takes the newest interaction.
    exploration : float
        From 0 (no new items) to 1, as a campaign's explorationWeight.
    explored_age_days : float
        Items older than this are not explored, as a campaign's explorationItemAgeCutOff.
    allowed : bool array of shape (items of the recipe,), optional
        Where false, an item may not be shown; None allows every item.
    context : mapping of str to str
        Circumstances of the question by column of the interactions, such as {"DEVICE": "phone"}.
    user_features : tuple of str
        Such as ("AGE_GROUP=25-34",).
    influence : mapping of str to float
        A campaign's rankingInfluence: POPULARITY and FRESHNESS, 0 to 1.
    """

    history: Sequence[str] = ()
    item_id: str | None = None
    user: str = ""
    now: int = 0
    exploration: float = 0.0
    explored_age_days: float = 30.0
    allowed: NDArray[np.bool_] | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    user_features: tuple[str, ...] = ()
    influence: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """One new interaction, as a recipe is told of it.

    Attributes
    ----------
    time : int
        Epoch seconds.
    previous : sequence of str
        The user's items before this one, newest first.
    first : bool
        Whether the user had not touched this item before.
    user : str
        Empty where whoever tells does not know.
    event_type : str
        Empty where whoever tells does not know.
    """

    item_id: str
    time: int
    previous: Sequence[str]
    first: bool
    user: str = ""
    event_type: str = ""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An item of an answer, with its score and the reason where the recipe gives them."""

    item_id: str
    score: float | None = None
    reason: str | None = None


class Contribution(NamedTuple):
    """A part of an item's score.

    Attributes
    ----------
    name : str
        What it comes from, such as "item:shoe-17" or "popularity".
    """

    name: str
    weight: float


class Recipe(abc.ABC):
    """An algorithm: it is fitted, asked, told of new events and items, saved and loaded.

    The same data give the same model and the same answers. A recipe knows nothing of ARNs, campaigns or HTTP.

    Attributes
    ----------
    item_ids : list of str
        Every item that it can answer with; new ones come at the end, none ever leaves.
    learns_from : tuple of str
        Event types, in lower case; empty for all.
    popular_below : float
        A score below it says nothing of an item but how popular it is.
    """

    item_ids: list[str]
    learns_from: ClassVar[tuple[str, ...]] = ()
    popular_below: ClassVar[float] = float(NEVER)

    @classmethod
    def uses_event_type(cls, event_type: str) -> bool:
        """Tell whether the recipe learns from interactions of a type; from all where it names none.

        Parameters
        ----------
        event_type : str
            In any case; one that is not known (empty) counts.
        """
        return not cls.learns_from or not event_type or event_type.lower() in cls.learns_from

    @classmethod
    def tune(cls, data: TrainingData) -> dict[str, float]:  # noqa: ARG003 - a recipe without settings has nothing to look at
        """Choose the recipe's settings on the newest events of the data.

        Returns
        -------
        dict
            Settings for `fit`; empty where the recipe has none.
        """
        return {}

    @classmethod
    @abc.abstractmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:
        """Learn from all of the data.

        Parameters
        ----------
        tuned : mapping
            What `tune` returned.
        """

    @abc.abstractmethod
    def score(self, query: Query) -> NDArray[np.float32]:
        """Return how well each item suits, the higher the better; `NEVER` for one that is not to be shown.

        Parameters
        ----------
        query : Query
            Its `allowed` is not looked at.

        Returns
        -------
        float32 array of shape (items,)
            The caller's own to change.
        """

    def recommend(self, query: Query, count: int) -> list[Recommendation]:
        """Answer with at most `count` items that the query allows, best first."""
        scores = self.score(query)
        if query.allowed is not None:
            scores[~query.allowed] = NEVER
        return [
            Recommendation(self.item_ids[place], None, POPULAR if scores[place] < self.popular_below else None)
            for place in top_k(scores, count).tolist()
        ]

    def explain(self, query: Query, item_id: str) -> list[Contribution]:
        """Return what an item's score is made of, the largest first.

        Parameters
        ----------
        item_id : str
            One of `item_ids`.

        Returns
        -------
        list of Contribution
            Their weights sum to the item's entry of `score`.
        """
        return self.explain_all(query, [item_id])[0]

    @abc.abstractmethod
    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:
        """Return what the scores of several items are made of, for little more than what one scoring costs.

        Parameters
        ----------
        query : Query
            Its `allowed` is not looked at.
        item_ids : sequence of str
            Of `item_ids`.

        Returns
        -------
        list of lists of Contribution
            Of each item, in the order given: weights that sum to its entry of `score`, the largest first.
        """

    @abc.abstractmethod
    def update(self, event: Event) -> None:
        """Take one new interaction into account; an item that was not known at training is passed over."""

    @abc.abstractmethod
    def add_item(self, item: CatalogueItem) -> None:
        """Take a new or changed item into account at once."""

    @abc.abstractmethod
    def save(self, directory: Path) -> None:
        """Write the fitted model (without what `update` added) into an existing, empty directory."""

    @classmethod
    @abc.abstractmethod
    def load(cls, directory: Path) -> Self:
        """Read what `save` wrote."""


def sort_contributions(names: Sequence[str], weights: NDArray[np.floating[Any]]) -> list[list[Contribution]]:
    """Return the parts of the scores of items in their order; those that are nothing are left out.

    Parameters
    ----------
    names : sequence of str
        Of the parts.
    weights : float array of shape (items, parts)

    Returns
    -------
    list of lists of Contribution
        By item.
    """
    order = np.argsort(-np.abs(weights), axis=1, kind="stable")
    ordered = np.take_along_axis(weights, order, axis=1)
    counts = np.count_nonzero(weights, axis=1).tolist()
    return [
        [Contribution(names[place], weight) for place, weight in zip(places[:count], told[:count], strict=True)]
        for places, told, count in zip(order.tolist(), ordered.tolist(), counts, strict=True)
    ]
