"""User segments: the users most likely to interact with an item, or with items that have some attributes.

A user's affinity is the weighted sum of four parts: transitions from their history to the items, similarity of
embeddings, the items' own share of the history, and recent activity. The weights are chosen on the newest fifth of each
user's interactions.
"""

from __future__ import annotations

import abc
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import sparse

from model.arrays.model_files import read_model, write_model
from model.arrays.top_k import NEVER, top_k
from model.recipes.embeddings.content import Content
from model.recipes.embeddings.item_space import ItemSpace, dimensions_of
from model.recipes.item_to_item.transitions import Transitions
from model.recipes.segments.segment_recipe import SegmentRecipe, attribute_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions
    from model.datasets.training_data import TrainingData

DECAY = 0.95  # of a history's item relative to the next newer one: a segment is used for weeks, not for the next click
HALF_LIFE_DAYS = 14.0  # of an interaction's contribution to a user's activity
SECONDS_PER_DAY = 86400
HELD_OUT = 0.2  # of each user's interactions, the newest (developer guide, "Evaluating a solution version")
EVALUATED = 100  # most frequent items, or attributes, of the hold-out; more do not change the choice
FALLBACK = {"following": 1.0, "near": 0.3, "own": 0.3, "active": 0.1}
TRIALS = tuple(
    {"following": 1.0, "near": near, "own": own, "active": active}
    for near in (0.0, 0.3, 1.0)
    for own in (0.0, 0.3, 1.0)
    for active in (0.03, 0.1, 0.3)
)


def split_in_time(interactions: Interactions) -> tuple[Interactions, Interactions]:
    """Hold out the newest fifth of each user's interactions; return the older and the newer ones."""
    starts = interactions.starts()
    lengths = np.diff(starts)
    kept = lengths - np.floor(lengths * HELD_OUT).astype(np.int64)
    newer = np.arange(len(interactions)) - starts[interactions.users] >= kept[interactions.users]
    return interactions.where(~newer), interactions.where(newer)


@dataclass(frozen=True)
class Histories:
    """The history of every user: decayed weights by user (row) and item, the user's activity, and the user vector."""

    weights: sparse.csr_matrix
    active: NDArray[np.float32]
    places: NDArray[np.float32]

    @classmethod
    def fit(cls, interactions: Interactions, space: ItemSpace) -> Histories:
        """Sum the histories of all users."""
        starts = interactions.starts()
        age = (starts[interactions.users + 1] - 1 - np.arange(len(interactions))).astype(np.float32)
        values = (interactions.weights * np.float32(DECAY) ** age).astype(np.float32)
        shape = (len(interactions.user_ids), len(interactions.item_ids))
        weights = sparse.csr_matrix((values, (interactions.users, interactions.items)), shape=shape)
        days = (interactions.times.max(initial=0) - interactions.times) / SECONDS_PER_DAY
        active = np.bincount(interactions.users, weights=0.5 ** (days / HALF_LIFE_DAYS), minlength=shape[0])
        places = weights @ (space.vectors[: shape[1]] * space.unscaled[: shape[1], None])
        return cls(weights, np.log1p(active).astype(np.float32), np.asarray(places, np.float32))


class UserSegments(SegmentRecipe):
    """The common part of both segment recipes, which differ in how a query selects items."""

    def __init__(
        self,
        ids: tuple[list[str], list[str]],
        histories: Histories,
        models: tuple[sparse.csc_matrix, NDArray[np.float32]],
        attributes: dict[str, NDArray[np.int64]],
        weights: Mapping[str, float],
    ) -> None:
        self.user_ids, self.item_ids = ids
        self._item_of = {item: place for place, item in enumerate(self.item_ids)}
        self._histories = histories
        self._leading, self._vectors = models
        self._attributes = attributes
        self._weights = dict(weights) or FALLBACK

    @classmethod
    def tune(cls, data: TrainingData) -> dict[str, float]:  # noqa: D102
        older, newer = split_in_time(data.interactions)
        if not len(older) or not len(newer):
            return dict(FALLBACK)
        recipe = cls.fit(replace(data, interactions=older), FALLBACK)
        gains = np.zeros(len(TRIALS))
        for items, users in recipe.targets(newer, EVALUATED):
            parts = recipe.parts(items)
            for number, trial in enumerate(TRIALS):
                scores = _blend(parts, trial)
                ranks = np.argsort(np.argsort(-scores, kind="stable"), kind="stable")[users]
                gains[number] += float((1 / np.log2(2 + ranks)).sum()) / users.size
        return dict(TRIALS[int(gains.argmax())]) if gains.any() else dict(FALLBACK)

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: D102
        known = data.interactions
        with_interactions = set(known.item_ids)
        item_ids = [*known.item_ids, *(item for item in data.catalogue.item_ids if item not in with_interactions)]
        content = Content.fit(item_ids, data.catalogue)
        space = ItemSpace.fit(known, content.vectors, dimensions_of(data.parameters))
        place_of = {item: place for place, item in enumerate(item_ids)}
        attributes: dict[str, list[int]] = {}
        for item, features in zip(data.catalogue.item_ids, data.catalogue.features, strict=True):
            for feature in features:
                if not feature.startswith("word="):  # words of texts cannot be queried
                    attributes.setdefault(feature, []).append(place_of[item])
        for name, numbers in data.catalogue.numbers.items():
            for item, number in zip(data.catalogue.item_ids, numbers, strict=True):
                if not math.isnan(number):
                    attributes.setdefault(attribute_of(name, number), []).append(place_of[item])
        return cls(
            (list(known.user_ids), item_ids),
            Histories.fit(known, space),
            (Transitions.fit(known).matrix().tocsc(), space.vectors),
            {feature: np.array(places, np.int64) for feature, places in attributes.items()},
            tuned,
        )

    def segment(self, wanted: str | Sequence[str], count: int, allowed: NDArray[np.bool_] | None = None) -> list[str]:  # noqa: D102
        return [self.user_ids[place] for place in self.ranked(self.items_of(wanted), count, allowed).tolist()]

    def ranked(
        self, items: NDArray[np.int64], count: int, allowed: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """Return the positions of at most `count` users who most likely interact with any of some items, best first.

        `allowed` has the shape (users,).
        """
        scores = _blend(self.parts(items), self._weights)
        if allowed is not None:
            scores[~allowed] = NEVER
        return top_k(scores, count)

    @abc.abstractmethod
    def items_of(self, wanted: str | Sequence[str]) -> NDArray[np.int64]:
        """Return the positions, at least one, of the items that a query selects (see `segment`)."""

    @abc.abstractmethod
    def targets(self, newer: Interactions, count: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield the items of the most frequent queries of a hold-out, and the users who interacted with any.

        Parameters
        ----------
        newer : Interactions
            With the same lists of ids as those of `fit`.

        Yields
        ------
        items, users : int64 arrays
        """

    def save(self, directory: Path) -> None:  # noqa: D102
        starts = np.cumsum([0, *(places.size for places in self._attributes.values())])
        arrays: dict[str, NDArray[Any]] = {
            **_sparse_arrays("histories", self._histories.weights),
            **_sparse_arrays("leading", self._leading),
            "active": self._histories.active,
            "places": self._histories.places,
            "vectors": self._vectors,
            "attribute_starts": starts,
            "attribute_items": np.concatenate([np.empty(0, np.int64), *self._attributes.values()]),
        }
        document = {"users": self.user_ids, "items": self.item_ids, "weights": self._weights}
        write_model(directory, arrays, {**document, "attributes": list(self._attributes)})

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        shape = (len(document["users"]), int(arrays["leading_starts"].size - 1))
        weights = sparse.csr_matrix(_sparse_parts("histories", arrays), shape=shape)
        leading = sparse.csc_matrix(_sparse_parts("leading", arrays), shape=(shape[1], shape[1]))
        parts = np.split(arrays["attribute_items"], arrays["attribute_starts"][1:-1])
        return cls(
            (document["users"], document["items"]),
            Histories(weights, arrays["active"], arrays["places"]),
            (leading, arrays["vectors"]),
            dict(zip(document["attributes"], parts, strict=False)),
            document["weights"],
        )

    def parts(self, items: NDArray[np.int64]) -> dict[str, NDArray[np.float32]]:
        """Return the parts of every user's score (following, near, own, active), from 0 to 1: shape (users,)."""
        known = items[items < self._leading.shape[1]]
        is_queried = np.zeros(self._leading.shape[1], np.float32)
        is_queried[known] = 1.0
        leading = np.asarray(self._leading @ is_queried, np.float32)
        histories = self._histories
        return {
            "following": _to_one(histories.weights @ leading),
            "near": _to_one(histories.places @ self._vectors[items].mean(axis=0)),
            "own": _to_one(histories.weights @ is_queried),
            "active": _to_one(histories.active),
        }


class ItemAffinity(UserSegments):
    """Users for one item (developer guide, "Item-Affinity recipe")."""

    def items_of(self, wanted: str | Sequence[str]) -> NDArray[np.int64]:  # noqa: D102
        if not isinstance(wanted, str) or wanted not in self._item_of:
            raise LookupError(f"the item {wanted} is unknown to the solution version")
        return np.array([self._item_of[wanted]])

    def targets(self, newer: Interactions, count: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:  # noqa: D102
        users, items = newer.unique_pairs()
        frequency = np.bincount(items, minlength=len(newer.item_ids))
        for item in np.argsort(-frequency, kind="stable")[:count].tolist():
            if frequency[item]:
                yield np.array([item]), users[items == item].astype(np.int64)


class AttributeAffinity(UserSegments):
    """Users for items with some attributes (developer guide, "Item-Attribute-Affinity recipe")."""

    def items_of(self, wanted: str | Sequence[str]) -> NDArray[np.int64]:  # noqa: D102
        attributes = [wanted] if isinstance(wanted, str) else list(wanted)
        missing = [attribute for attribute in attributes if attribute not in self._attributes]
        if missing or not attributes:
            raise LookupError(f"no item has {' and '.join(missing) or 'no attribute at all'}")
        items = self._attributes[attributes[0]]
        for attribute in attributes[1:]:
            items = np.intersect1d(items, self._attributes[attribute])
        if not items.size:
            raise LookupError(f"no item has all of {', '.join(attributes)}")
        return items

    def targets(self, newer: Interactions, count: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:  # noqa: D102
        users, items = newer.unique_pairs()
        by_size = sorted(self._attributes.items(), key=lambda entry: (-entry[1].size, entry[0]))
        for _, places in by_size[:count]:
            with_interactions = np.unique(users[np.isin(items, places)]).astype(np.int64)
            if with_interactions.size:
                yield places, with_interactions


def _blend(parts: Mapping[str, NDArray[np.float32]], weights: Mapping[str, float]) -> NDArray[np.float32]:
    weighed = [np.float32(weights[name]) * part for name, part in parts.items()]
    result: NDArray[np.float32] = np.sum(weighed, axis=0, dtype=np.float32)
    return result


def _to_one(scores: NDArray[Any]) -> NDArray[np.float32]:
    raised = np.maximum(np.asarray(scores, np.float32), np.float32(0))
    result: NDArray[np.float32] = np.divide(raised, raised.max(initial=0) or 1, dtype=np.float32)
    return result


def _sparse_arrays(name: str, matrix: sparse.csr_matrix | sparse.csc_matrix) -> dict[str, NDArray[Any]]:
    return {f"{name}_values": matrix.data, f"{name}_indices": matrix.indices, f"{name}_starts": matrix.indptr}


def _sparse_parts(name: str, arrays: Mapping[str, NDArray[Any]]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    return arrays[f"{name}_values"], arrays[f"{name}_indices"], arrays[f"{name}_starts"]
