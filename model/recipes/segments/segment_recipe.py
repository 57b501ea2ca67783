"""The interface of recipes that select users for an item, or for attributes of items."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from model.datasets.training_data import TrainingData


def attribute_of(column: str, value: str | float) -> str:
    """Return an attribute of items, such as "GENRES=Comedy" or "YEAR=1995.0", as `SegmentRecipe.segment` takes it."""
    # A float rounds large whole numbers, which stay as they are.
    number = value if isinstance(value, str) or float(value) != value else float(value)
    return f"{column}={number}"


class SegmentRecipe(abc.ABC):
    """An algorithm that makes segments of users; trained like a `Recipe`, but queried in batches only.

    `learns_from` holds event types in lower case; it is empty for all.
    """

    user_ids: list[str]
    item_ids: list[str]
    learns_from: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def uses_event_type(cls, event_type: str) -> bool:
        """Return whether the recipe is trained on an event type; on all where `learns_from` is empty."""
        return not cls.learns_from or event_type.lower() in cls.learns_from

    @classmethod
    @abc.abstractmethod
    def tune(cls, data: TrainingData) -> dict[str, float]:
        """Choose the recipe's settings on a hold-out of the newest events."""

    @classmethod
    @abc.abstractmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:
        """Train on all of the data."""

    @abc.abstractmethod
    def segment(self, wanted: str | Sequence[str], count: int, allowed: NDArray[np.bool_] | None = None) -> list[str]:
        """Return the users that are most likely to interact with an item, or with items that have some attributes.

        Parameters
        ----------
        wanted : str or sequence of str
            An item id; or attributes that an item must have all of, such as ["GENRES=Comedy"].
        allowed : bool array of shape (users,), optional
            Where false, a user is left out.

        Returns
        -------
        list of str
            At most `count` user ids, the most likely first.

        Raises
        ------
        LookupError
            The item is unknown, or no item has the attributes; the message states which.
        """

    @abc.abstractmethod
    def save(self, directory: Path) -> None:
        """Write the trained model into an existing, empty directory."""

    @classmethod
    @abc.abstractmethod
    def load(cls, directory: Path) -> Self:
        """Read a model that `save` wrote."""
