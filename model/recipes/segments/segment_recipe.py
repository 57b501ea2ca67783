"""The interface of recipes that say which users an item, or a kind of item, is for."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from model.datasets.training_data import TrainingData


class SegmentRecipe(abc.ABC):
    """An algorithm that makes segments of users; trained like a `Recipe`, and asked in batches only.

    Attributes
    ----------
    user_ids : list of str
        Every user that it can answer with.
    item_ids : list of str
        Every item that it knows.
    learns_from : tuple of str
        Event types, in lower case; empty for all.
    """

    user_ids: list[str]
    item_ids: list[str]
    learns_from: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def uses_event_type(cls, event_type: str) -> bool:
        """Tell whether the recipe learns from interactions of a type; from all where it names none."""
        return not cls.learns_from or event_type.lower() in cls.learns_from

    @classmethod
    @abc.abstractmethod
    def tune(cls, data: TrainingData) -> dict[str, float]:
        """Choose the recipe's settings on the newest events of the data.

        Returns
        -------
        dict
            Settings for `fit`.
        """

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
    def segment(self, wanted: str | Sequence[str], count: int, allowed: NDArray[np.bool_] | None = None) -> list[str]:
        """Name the users that are most likely to touch an item, or an item with some attributes.

        Parameters
        ----------
        wanted : str or sequence of str
            An item id; or attributes that an item must have all of, such as ["GENRES=Comedy"].
        allowed : bool array of shape (users,), optional
            Where false, a user is left out.

        Returns
        -------
        list of str
            At most `count` user ids, the likeliest first.

        Raises
        ------
        LookupError
            The item is not known, or no item has the attributes; the message says so.
        """

    @abc.abstractmethod
    def save(self, directory: Path) -> None:
        """Write the fitted model into an existing, empty directory."""

    @classmethod
    @abc.abstractmethod
    def load(cls, directory: Path) -> Self:
        """Read what `save` wrote."""
