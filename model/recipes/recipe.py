"""The interface of every recipe, its input and its output."""

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
REPEATS = "repeats"  # a solution's parameter: whether lists show items that the user has interacted with
SEEN_OFFSET = np.float32(100.0)  # subtracted from the scores of such items where not, so that they come last


class UnsuitableDataError(ValueError):
    """A recipe cannot be trained on the data; the message states what is missing."""


@dataclass(frozen=True)
class Query:
    """A request to a trained recipe.

    Attributes
    ----------
    history : sequence of str
        The user's latest items, newest first, from which scores are computed; empty for a new user.
    user : str
        Seeds the choice of items to explore, so that a user's list is stable.
    now : int
        Epoch seconds, from which the age of items is measured; 0 means the time of the newest interaction.
    exploration : float
        From 0 (no new items) to 1, as a campaign's explorationWeight.
    explored_age_days : float
        Items older than this are not explored, as a campaign's explorationItemAgeCutOff.
    allowed : bool array of shape (items of the recipe,), optional
        Where false, an item must not be shown; None allows every item.
    context : mapping of str to str
        Contextual metadata by column of the interactions, such as {"DEVICE": "phone"}.
    user_features : tuple of str
        Such as ("AGE_GROUP=25-34",).
    influence : mapping of str to float
        A campaign's rankingInfluence: POPULARITY and FRESHNESS, 0 to 1.
    seen : int array of shape (n,), optional
        Positions in the recipe's `item_ids` of all items that the user has interacted with, however long ago; an item
        may occur twice. None if the history holds them all.
    repeats : bool, optional
        Whether the list shows items that the user has interacted with; None for the choice of the solution.
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
    seen: NDArray[np.integer[Any]] | None = None
    repeats: bool | None = None


class Event(NamedTuple):
    """One new interaction.

    Attributes
    ----------
    time : int
        Epoch seconds.
    previous : sequence of str
        The user's items before this one, newest first.
    first : bool
        Whether it is the user's first interaction with the item.
    user : str
        Empty where it is unknown.
    event_type : str
        Empty where it is unknown.
    """

    item_id: str
    time: int
    previous: Sequence[str]
    first: bool
    user: str = ""
    event_type: str = ""


class Recommendation(NamedTuple):
    """A recommended item, with its score and reason where the recipe returns them."""

    item_id: str
    score: float | None = None
    reason: str | None = None


class Contribution(NamedTuple):
    """A component of an item's score; its name is the source, such as "item:shoe-17" or "popularity"."""

    name: str
    weight: float


class Recipe(abc.ABC):
    """A recommendation algorithm: fitted, queried, updated with new events and items, saved and loaded.

    The same data give the same model and the same recommendations. A recipe does not depend on ARNs, campaigns or HTTP.

    Attributes
    ----------
    item_ids : list of str
        Every item that it can recommend; new ones are appended, none is removed.
    item_of : dict of int
        The position of each item in `item_ids`.
    repeats : bool
        Whether lists for a user show items that the user has interacted with, where the query states nothing. If not,
        these follow all others. Lists that are the same for all users do not depend on it.
    learns_from : tuple of str
        Event types, in lower case; empty for all.
    popular_below : float
        A score below it reflects popularity only.
    """

    item_ids: list[str]
    item_of: dict[str, int]
    repeats: bool = False
    learns_from: ClassVar[tuple[str, ...]] = ()
    popular_below: ClassVar[float] = float(NEVER)

    @classmethod
    def uses_event_type(cls, event_type: str) -> bool:
        """Return whether the recipe is trained on an event type, in any case; an unknown (empty) one is used."""
        return not cls.learns_from or not event_type or event_type.lower() in cls.learns_from

    @classmethod
    def tune(cls, data: TrainingData) -> dict[str, float]:  # noqa: ARG003 - a recipe without settings needs no data
        """Choose the recipe's settings for `fit` on a hold-out of the newest events; empty where it has none."""
        return {}

    @classmethod
    @abc.abstractmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:
        """Train on all of the data."""

    @abc.abstractmethod
    def score(self, query: Query) -> NDArray[np.float32]:
        """Return the score of every item, the higher the better; `NEVER` for one that must not be shown.

        `query.allowed` is ignored. The result is a new float32 array of shape (items,), which the caller may change.
        """

    def recommend(self, query: Query, count: int) -> list[Recommendation]:
        """Return at most `count` items that the query allows, the best first."""
        scores = self.score(query)
        if query.allowed is not None:
            scores[~query.allowed] = NEVER
        return [
            Recommendation(self.item_ids[place], None, POPULAR if scores[place] < self.popular_below else None)
            for place in top_k(scores, count).tolist()
        ]

    def training_facts(self) -> dict[str, float]:
        """Return numbers about the training that GetSolutionMetrics returns beside the metrics."""
        return {}

    def shows_repeats(self, query: Query) -> bool:
        """Return whether the list for a query shows items that the user has interacted with."""
        return self.repeats if query.repeats is None else query.repeats

    def seen_positions(self, query: Query) -> NDArray[np.integer[Any]]:
        """Return the positions of all items that the user of a query has interacted with: int array of shape (n,)."""
        if query.seen is not None:
            return query.seen
        return np.array([self.item_of[item] for item in query.history if item in self.item_of], np.int64)

    def explain(self, query: Query, item_id: str) -> list[Contribution]:
        """Return the contributions to an item's score, the largest first; they sum to its entry of `score`."""
        return self.explain_all(query, [item_id])[0]

    @abc.abstractmethod
    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:
        """Return the contributions to the scores of several items, for little more than the cost of one scoring.

        `query.allowed` is ignored. The contributions to each item sum to its entry of `score`, the largest first.
        """

    @abc.abstractmethod
    def update(self, event: Event) -> None:
        """Apply one new interaction; one with an item that is not in `item_ids` is ignored."""

    @abc.abstractmethod
    def add_item(self, item: CatalogueItem) -> None:
        """Add a new item, or apply a change of an item, at once."""

    @abc.abstractmethod
    def save(self, directory: Path) -> None:
        """Write the trained model (without later updates) into an existing, empty directory."""

    @classmethod
    @abc.abstractmethod
    def load(cls, directory: Path) -> Self:
        """Read a model that `save` wrote."""


def wants_repeats(parameters: Mapping[str, str]) -> bool:
    """Return whether the parameters of a solution ask for lists that show items again; by default not."""
    return str(parameters.get(REPEATS, "false")).lower() == "true"


def sort_contributions(names: Sequence[str], weights: NDArray[np.floating[Any]]) -> list[list[Contribution]]:
    """Return the contributions to the scores of items, the largest first, without zeros.

    `weights` has the shape (items, contributions).
    """
    order = np.argsort(-np.abs(weights), axis=1, kind="stable")
    ordered = np.take_along_axis(weights, order, axis=1)
    counts = np.count_nonzero(weights, axis=1).tolist()
    return [
        [Contribution(names[place], weight) for place, weight in zip(places[:count], row[:count], strict=True)]
        for places, row, count in zip(order.tolist(), ordered.tolist(), counts, strict=True)
    ]
