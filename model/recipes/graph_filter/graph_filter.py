"""Items for a user by a graph filter over the interaction matrix, in closed form.

There are no user parameters: a user is the sum of their items, so that a new item changes the next answer, and new
users are served like others. Items without interactions are mapped from their content. A user without a usable history
gets popular items, with the reason.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self

import numpy as np

from model.arrays.decay import decay_weights
from model.arrays.growable import GrowableRows
from model.arrays.model_files import read_model, write_model
from model.arrays.top_k import NEVER, top_k
from model.recipes.embeddings.content import Content
from model.recipes.graph_filter.history_decay import NO_DECAY, choose_decay, newest_questions
from model.recipes.graph_filter.settings import FilterSettings
from model.recipes.graph_filter.sharpened_filter import SHORTLIST, SharpenedFilter
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

SEEN_FACTOR = 0.1  # for the score of an item that the user has interacted with, in a list that shows it again
MAX_HISTORY = 500  # newest items of a history that are used; one user in 1,500 of Gowalla has more


class GraphFilter(Recipe):
    """The sharpened filter over the items of a history."""

    def __init__(
        self,
        item_ids: list[str],
        learnt: SharpenedFilter,
        users: NDArray[np.float32],
        content: Content,
        from_content: NDArray[np.float32],
        decay: float,
        repeats: bool,
    ) -> None:
        self.item_ids = item_ids
        self.item_of = {item: place for place, item in enumerate(item_ids)}
        self._filter = learnt
        self._users = GrowableRows(users)
        self._content = content
        self._from_content = from_content
        self._decay = decay
        self.repeats = repeats

    @classmethod
    def tune(cls, data: TrainingData) -> dict[str, float]:
        """Choose `decay`, the weight of an item of a history relative to that of the next newer one."""
        held_out = newest_questions(data.interactions)
        if held_out is None:
            return {"decay": NO_DECAY}
        older, questions = held_out
        trained = cls.fit(replace(data, interactions=older), {})
        return {"decay": choose_decay(trained.with_decay, questions)}

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: D102
        known = data.interactions
        with_interactions = set(known.item_ids)
        cold = [item for item in data.catalogue.item_ids if item not in with_interactions]
        item_ids = [*known.item_ids, *cold]
        users = count_users(known)
        content = Content.fit(item_ids, data.catalogue)
        filter_model = SharpenedFilter.fit(known, FilterSettings.of(data.parameters))
        from_content = filter_model.add_cold_items(content.vectors, users)
        all_users = np.concatenate([users, np.zeros(len(cold), np.float32)])
        decay, repeats = tuned.get("decay", NO_DECAY), wants_repeats(data.parameters)
        return cls(item_ids, filter_model, all_users, content, from_content, decay, repeats)

    def score(self, query: Query) -> NDArray[np.float32]:  # noqa: D102
        history = self._usable_history(query)
        if not history:
            return self._lower_seen(self._popularity(), query)
        weights = decay_weights(len(history), self._decay)
        scores = self._filter.neighbour_scores(history, weights)
        scores += self._filter.spectral_scores(history, weights)
        return self._lower_seen(scores, query)

    def recommend(self, query: Query, count: int) -> list[Recommendation]:  # noqa: D102
        history = self._usable_history(query)
        if not history:
            return self._recommendations(query, self._lower_seen(self._popularity(), query), count, POPULAR)
        weights = decay_weights(len(history), self._decay)
        near = self._filter.neighbour_scores(history, weights)
        approximate = self._lower_seen(self._filter.approximate_scores(near), query)
        if query.allowed is not None:
            approximate[~query.allowed] = NEVER
        shortlist = top_k(approximate, max(count, SHORTLIST))
        scores = np.full(near.size, NEVER, np.float32)
        scores[shortlist] = near[shortlist] + self._filter.spectral_scores(history, weights, shortlist)
        return self._recommendations(query, self._lower_seen(scores, query), count, None)

    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:  # noqa: D102
        items, history = np.array([self.item_of[other] for other in item_ids], np.int64), self._usable_history(query)
        if history:
            contributions = self._filter.contributions(history, decay_weights(len(history), self._decay), items)
        else:
            contributions = self._popularity()[items][None]
        names = [f"item:{self.item_ids[item]}" for item in history] or ["popularity"]
        is_seen = np.isin(items, self.seen_positions(query))
        if self.shows_repeats(query):
            contributions[:, is_seen & (contributions.sum(axis=0) > 0)] *= np.float32(SEEN_FACTOR)
            return sort_contributions(names, contributions.T)
        lowered = np.where(is_seen, -SEEN_OFFSET, np.float32(0))
        return sort_contributions([*names, "seen"], np.concatenate([contributions, lowered[None]]).T)

    def update(self, event: Event) -> None:  # noqa: D102
        place = self.item_of.get(event.item_id)
        if place is not None and event.first:
            self._users.rows[place] += 1

    def add_item(self, item: CatalogueItem) -> None:  # noqa: D102
        place = self.item_of.setdefault(item.item_id, len(self.item_ids))
        vector = self._content.put(place, item.features)
        if place == len(self.item_ids):
            self.item_ids.append(item.item_id)
            self._users.append(0.0)
            self._filter.append(vector @ self._from_content)

    def save(self, directory: Path) -> None:  # noqa: D102
        arrays = {**self._filter.arrays(), **self._content.arrays(), "people": self._users.rows}
        document = {
            "item_ids": self.item_ids,
            "vocabulary": self._content.vocabulary,
            "decay": self._decay,
            "repeats": self.repeats,
        }
        write_model(directory, {**arrays, "from_content": self._from_content}, document)

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        content = Content.from_arrays(arrays, document["vocabulary"])
        learnt = SharpenedFilter.from_arrays(arrays)
        from_content = arrays["from_content"]
        decay, repeats = document["decay"], document.get("repeats", False)
        return cls(document["item_ids"], learnt, arrays["people"], content, from_content, decay, repeats)

    def with_decay(self, decay: float) -> Self:
        """Return the same model with another decay of older items."""
        parts = (self._filter, self._users.rows, self._content, self._from_content)
        return type(self)(self.item_ids, *parts, decay, self.repeats)

    def _usable_history(self, query: Query) -> list[int]:
        """Return the positions of the user's items with non-zero vectors, each once, newest first."""
        newest = dict.fromkeys(query.history[:MAX_HISTORY])
        places = (self.item_of[item] for item in newest if item in self.item_of)
        return [place for place in places if self._filter.has_signal(place)]

    def _lower_seen(self, scores: NDArray[np.float32], query: Query) -> NDArray[np.float32]:
        """Lower the scores of items that the user has interacted with, in place; negative ones are not scaled."""
        seen = self.seen_positions(query)
        if self.shows_repeats(query):
            scores[seen] *= np.where(scores[seen] > 0, np.float32(SEEN_FACTOR), np.float32(1))
        else:
            scores[seen] -= SEEN_OFFSET
        return scores

    def _popularity(self) -> NDArray[np.float32]:
        users = self._users.rows
        result: NDArray[np.float32] = users / (users.max(initial=0) + 1)
        return result

    def _recommendations(
        self, query: Query, scores: NDArray[np.float32], count: int, reason: str | None
    ) -> list[Recommendation]:
        if query.allowed is not None:
            scores[~query.allowed] = NEVER
        return [Recommendation(self.item_ids[place], None, reason) for place in top_k(scores, count).tolist()]
