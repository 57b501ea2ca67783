"""The interface of every recipe, and what goes in and comes out of one."""

from __future__ import annotations

import abc
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from model.recipes.interactions import Interactions

POPULAR = "Popular item"  # the reasons Amazon Personalize gives (developer guide, "Recommendation reasons")
EXPLORATION = "Exploration"


@dataclass(frozen=True)
class Catalogue:
    """What is known of the items beside the interactions.

    Attributes
    ----------
    item_ids : list of str
    features : list of tuples of str
        One tuple per item, such as ("CATEGORY=shoes", "BRAND=acme").
    created : list of int
        Epoch seconds; 0 where unknown.
    """

    item_ids: list[str] = field(default_factory=list)
    features: list[tuple[str, ...]] = field(default_factory=list)
    created: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class TrainingData:
    """All that a recipe learns from.

    Attributes
    ----------
    interactions : Interactions
    catalogue : Catalogue
    parameters : mapping of str to str
        Hyper-parameters, as the solution states them.
    """

    interactions: Interactions
    catalogue: Catalogue = field(default_factory=Catalogue)
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Query:
    """A question to a trained recipe.

    Attributes
    ----------
    history : sequence of str
        The person's items, newest first; empty for a stranger.
    item_id : str, optional
        The item to which others are to be similar.
    person : str
        Seeds the choice of items to explore, so that a person's list holds still.
    now : int
        Epoch seconds, against which the age of items is measured; 0 takes the newest interaction.
    exploration : float
        From 0 (no new items) to 1, as a campaign's explorationWeight.
    explored_age_days : float
        Items older than this are not explored, as a campaign's explorationItemAgeCutOff.
    """

    history: Sequence[str] = ()
    item_id: str | None = None
    person: str = ""
    now: int = 0
    exploration: float = 0.0
    explored_age_days: float = 30.0


@dataclass(frozen=True)
class Event:
    """One new interaction, as a recipe is told of it.

    Attributes
    ----------
    item_id : str
    time : int
        Epoch seconds.
    previous : sequence of str
        The person's items before this one, newest first.
    first : bool
        Whether the person had not touched this item before.
    """

    item_id: str
    time: int
    previous: Sequence[str]
    first: bool


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An item of an answer, with its score and the reason where the recipe gives them."""

    item_id: str
    score: float | None = None
    reason: str | None = None


class Recipe(abc.ABC):
    """An algorithm: it is fitted, asked, told of new events, saved and loaded.

    The same data give the same model and the same answers. A recipe knows nothing of ARNs, campaigns or HTTP.
    """

    @classmethod
    def tune(cls, data: TrainingData) -> dict[str, float]:  # noqa: ARG003 - a recipe without settings has nothing to look at
        """Choose the recipe's settings on the newest events of the data.

        Parameters
        ----------
        data : TrainingData

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
        data : TrainingData
        tuned : mapping
            What `tune` returned.

        Returns
        -------
        Recipe
        """

    @abc.abstractmethod
    def recommend(self, query: Query, count: int) -> list[Recommendation]:
        """Answer with at most `count` items, best first.

        Parameters
        ----------
        query : Query
        count : int

        Returns
        -------
        list of Recommendation
        """

    @abc.abstractmethod
    def update(self, event: Event) -> None:
        """Take one new interaction into account; an item that was not known at training is passed over.

        Parameters
        ----------
        event : Event
        """

    @abc.abstractmethod
    def save(self, directory: Path) -> None:
        """Write the fitted model (without what `update` added) into an existing, empty directory.

        Parameters
        ----------
        directory : Path
        """

    @classmethod
    @abc.abstractmethod
    def load(cls, directory: Path) -> Self:
        """Read what `save` wrote.

        Parameters
        ----------
        directory : Path

        Returns
        -------
        Recipe
        """


def best(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return the positions of the `count` highest scores, best first; equal scores in the order they stand in.

    Parameters
    ----------
    scores : float array of shape (n,)
    count : int

    Returns
    -------
    int64 array of at most `count` positions
    """
    if count <= 0:
        return np.empty(0, np.int64)
    if scores.size > count:
        # All that reach the count-th score, ties included, so that ties are cut by position and not by chance.
        limit = np.partition(scores, scores.size - count)[scores.size - count]
        found = np.flatnonzero(scores >= limit)
    else:
        found = np.arange(scores.size)
    return found[np.argsort(-scores[found], kind="stable")][:count]


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return positive numbers in the order of the logits that sum to one.

    Parameters
    ----------
    logits : float array of shape (n,)

    Returns
    -------
    float array of shape (n,)
    """
    raised = np.exp(logits - logits.max())
    result: NDArray[np.float32] = raised / raised.sum()
    return result
