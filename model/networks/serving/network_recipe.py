"""The base of network recipes: a user is folded in from their history, without PyTorch.

A user is their history only, so an event changes the next answer. Items without interactions at training are mapped
from their content, relative to the mean of the least popular items.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from model.arrays.growable import GrowableRows
from model.arrays.model_files import read_model, write_model
from model.arrays.top_k import NEVER, softmax, top_k
from model.networks.problem import problem_of
from model.networks.torch_process import learn
from model.recipes.embeddings.content import Content, fit_ridge_map
from model.recipes.popularity.popularity import count_users
from model.recipes.recipe import (
    POPULAR,
    SEEN_OFFSET,
    Contribution,
    Event,
    Query,
    Recipe,
    Recommendation,
    sort_contributions,
    wants_repeats,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from model.datasets.catalogue import CatalogueItem
    from model.datasets.training_data import TrainingData

HISTORY_LENGTH = 1000  # newest distinct items of a user that are used
# For the score of an item that the user has interacted with, above the lowest score, in a list that shows it again: so
# that items just clicked do not rank first.
SEEN_FACTOR = 0.1
LEAST_POPULAR_SHARE = 0.25  # of the items, by users: their mean stands for items without interactions


class NetworkRecipe(Recipe):
    """Recommends with a trained network; `item_arrays` names the arrays with a row per item."""

    network: ClassVar[str]
    item_arrays: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        item_ids: list[str],
        arrays: Mapping[str, NDArray[Any]],
        users: NDArray[np.float32],
        content: Content,
        report: Mapping[str, Any],
    ) -> None:
        self.item_ids = item_ids
        self.report = report
        self.item_of = {item: place for place, item in enumerate(item_ids)}
        self._arrays = {name: array for name, array in arrays.items() if name not in self.item_arrays}
        self._rows = {name: GrowableRows(arrays[name]) for name in self.item_arrays}
        self._users = GrowableRows(users)
        self._content = content
        self._decay = np.float32(arrays["decay"][0])

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: ARG003, D102 - the training tunes itself
        return cls.from_trained(data, *learn(cls.network, problem_of(data.interactions), data.parameters))

    @classmethod
    def from_trained(
        cls, data: TrainingData, learnt: Mapping[str, NDArray[np.float32]], report: Mapping[str, Any]
    ) -> Self:
        """Make a recipe from the arrays and the report of a trained network; see `training.train.Trained`."""
        known = data.interactions
        with_interactions = set(known.item_ids)
        cold = [item for item in data.catalogue.item_ids if item not in with_interactions]
        item_ids = [*known.item_ids, *cold]
        users = count_users(known)
        content = Content.fit(item_ids, data.catalogue)
        arrays: dict[str, NDArray[Any]] = dict(learnt)
        least = np.quantile(users, LEAST_POPULAR_SHARE)
        for name in cls.item_arrays:
            rows = learnt[name]
            base = rows[users <= least].mean(axis=0)
            mapping = fit_ridge_map(content.vectors[: users.size], rows - base, users)
            arrays |= {f"base_{name}": base, f"from_content_{name}": mapping}
            arrays[name] = np.concatenate([rows, base + content.vectors[users.size :] @ mapping])
        recipe = cls(item_ids, arrays, np.concatenate([users, np.zeros(len(cold), np.float32)]), content, report)
        recipe.repeats = wants_repeats(data.parameters)
        return recipe

    def score(self, query: Query) -> NDArray[np.float32]:  # noqa: D102
        history = self._known(query)
        scores = self._scores(self._weighted_messages(history)) if history else self._popularity()
        return self._lower_seen(scores, query)

    def recommend(self, query: Query, count: int) -> list[Recommendation]:  # noqa: D102
        scores = self.score(query)
        shares = softmax(scores)
        if query.allowed is not None:
            scores = np.where(query.allowed, scores, NEVER)
        reason = None if self._known(query) else POPULAR
        return [
            Recommendation(self.item_ids[place], float(shares[place]), reason)
            for place in top_k(scores, count).tolist()
        ]

    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:  # noqa: D102
        items, history = [self.item_of[item] for item in item_ids], self._known(query)
        if not history:
            scores = self._popularity()
            names, parts = ["popularity"], scores[items][None]
        else:
            messages = self._weighted_messages(history)
            scores, by_item = self._scores(messages), self._parts(messages, items)
            names = [*(f"item:{self.item_ids[item]}" for item in history), "network"]
            parts = np.concatenate([by_item, [scores[items] - by_item.sum(axis=0)]])
        before = scores[items]
        lowered = self._lower_seen(scores, query)[items] - before
        return sort_contributions([*names, "seen"], np.concatenate([parts, [lowered]]).T)

    def update(self, event: Event) -> None:  # noqa: D102
        place = self.item_of.get(event.item_id)
        if place is not None and event.first:
            self._users.rows[place] += 1

    def add_item(self, item: CatalogueItem) -> None:  # noqa: D102
        place = self.item_of.setdefault(item.item_id, len(self.item_ids))
        vector = self._content.put(place, item.features)
        if place < len(self.item_ids):
            return  # the vectors of a known item stay
        self.item_ids.append(item.item_id)
        self._users.append(0.0)
        for name, rows in self._rows.items():
            rows.append(self._arrays[f"base_{name}"] + vector @ self._arrays[f"from_content_{name}"])

    def save(self, directory: Path) -> None:  # noqa: D102
        rows = {name: row_array.rows for name, row_array in self._rows.items()}
        arrays = {**self._arrays, **rows, **self._content.arrays(), "people": self._users.rows}
        document = {
            "item_ids": self.item_ids,
            "vocabulary": self._content.vocabulary,
            "report": dict(self.report),
            "repeats": self.repeats,
        }
        write_model(directory, arrays, document)

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        content = Content.from_arrays(arrays, document["vocabulary"])
        own = {name: array for name, array in arrays.items() if not name.startswith("content_") and name != "people"}
        recipe = cls(document["item_ids"], own, arrays["people"], content, document["report"])
        recipe.repeats = document.get("repeats", False)
        return recipe

    @abc.abstractmethod
    def _scores(self, messages: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the score of every item for a user: messages of shape (history, dimensions)."""

    @abc.abstractmethod
    def _parts(self, messages: NDArray[np.float32], items: list[int]) -> NDArray[np.float32]:
        """Return the contribution of each item of the history to some scores: shape (history, items)."""

    def _known(self, query: Query) -> list[int]:
        """Return the positions of the distinct known items of a history, newest first."""
        places = (self.item_of.get(item) for item in query.history)
        return list(dict.fromkeys(place for place in places if place is not None))[:HISTORY_LENGTH]

    def _weighted_messages(self, history: list[int]) -> NDArray[np.float32]:
        weights = self._decay ** np.arange(len(history), dtype=np.float32)
        messages: NDArray[np.float32] = self._rows["messages"].rows[history] * weights[:, None]
        messages /= np.sqrt(weights.sum())
        return messages

    def _lower_seen(self, scores: NDArray[np.float32], query: Query) -> NDArray[np.float32]:
        """Lower the scores of items that the user has interacted with, in place.

        In a list that shows items again, they are scaled relative to the lowest score.
        """
        seen = self.seen_positions(query)
        if self.shows_repeats(query):
            lowest = scores.min()
            scores[seen] = lowest + np.float32(SEEN_FACTOR) * (scores[seen] - lowest)
        else:
            scores[seen] -= SEEN_OFFSET
        return scores

    def _popularity(self) -> NDArray[np.float32]:
        users = self._users.rows
        result: NDArray[np.float32] = np.log1p(users) / np.log1p(users.max(initial=1))
        return result
