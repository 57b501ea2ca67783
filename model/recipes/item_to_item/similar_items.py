"""Items like an item: what users touch close to it, what lies near it in the item space, what is alike by content.

What is neither comes last, by its popularity, and says so. The score is made so that these are told apart: what is like
the item lies above 1, what is merely popular below. The answers of these recipes carry no scores, so nobody else sees
them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from model.arrays.model_files import read_model, write_model
from model.arrays.top_k import NEVER
from model.arrays.truncated_svd import singular_vector_count
from model.datasets.percentiles import within_percentiles
from model.recipes.embeddings.content import DIMENSIONS, Content
from model.recipes.embeddings.item_space import DIMENSIONS as SPACE_DIMENSIONS
from model.recipes.embeddings.item_space import ItemSpace
from model.recipes.hold_out import hold_out
from model.recipes.item_to_item.choose_neighbours import BESIDE, MIN_GAIN, choose_weights, transition_trials
from model.recipes.item_to_item.choose_transition_settings import choose_transition_settings
from model.recipes.item_to_item.transition_counts import NEAR, TransitionSettings
from model.recipes.item_to_item.transitions import Transitions
from model.recipes.popularity.popularity import UserCounts
from model.recipes.recipe import Contribution, Event, Query, Recipe, sort_contributions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from model.datasets.catalogue import CatalogueItem
    from model.datasets.interactions import Interactions
    from model.datasets.training_data import TrainingData

# An item with fewer interactions is cold: metadata speak for it as well (developer guide, "Similar-Items recipe"). One
# with as many is half believed in what users touch close to it.
COLD_BELOW = 5
MIN_NEARNESS = 0.2  # cosine from which two items are near in the item space; less comes about by chance
MIN_LIKENESS = 0.1  # cosine from which two items are alike by content
ALIKE = 1.0  # where the scores of what is like the item begin
MIN_SUM = np.float32(1e-9)  # by which parts are divided, where there are none
# How much the frequency of an item is held against it, to be tried: 0.5 is the cosine.
EXPONENTS = (0.5, 0.25, 0.1)


class SimilarItems(Recipe):
    """Neighbours by decayed co-occurrence, by the item space and by content, backed off until the list is full."""

    popular_below = ALIKE
    beside: ClassVar[bool] = True  # whether the item space and content count beside what users touch close together

    def __init__(
        self,
        item_ids: list[str],
        transitions: Transitions,
        popularity: UserCounts,
        content: Content,
        space: ItemSpace,
        weights: tuple[float, float],
    ) -> None:
        self.item_ids = item_ids
        self._item_of = {item: place for place, item in enumerate(item_ids)}
        self._transitions = transitions
        self._popularity = popularity
        self._content = content
        self._space = space
        self._weights = weights

    @classmethod
    def tune(cls, data: TrainingData) -> dict[str, float]:
        """Choose how steps are counted and compared, and how much space and content weigh, on the newest events."""
        older, questions, _ = hold_out(data)
        new = [one for one in questions if one.target not in one.history]
        if not new:
            return {}
        known = within_percentiles(older.interactions, data.parameters)
        steps = choose_transition_settings(known, new, transition_trials(cls.exponents(data.parameters)), MIN_GAIN)
        if not cls.beside:
            return asdict(steps)
        tried = cls.fit(older, asdict(steps))
        space, content = choose_weights(
            new, tried.co_occurrence, (tried.embedding_similarity, tried.content_similarity)
        )
        return {**asdict(steps), "space": space, "content": content}

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: D102
        known = data.interactions
        touched = set(known.item_ids)
        item_ids = [*known.item_ids, *(item for item in data.catalogue.item_ids if item not in touched)]
        settings = {**asdict(NEAR), "exponent": cls.exponents(data.parameters)[0], **tuned}
        least_beside = BESIDE[0] if cls.beside else 0.0
        weights = settings.pop("space", least_beside), settings.pop("content", least_beside)
        settings["window"] = int(settings["window"])
        least = int(float(data.parameters.get("min_cointeraction_count", 0)))
        transitions = Transitions.fit(within_percentiles(known, data.parameters), TransitionSettings(**settings), least)
        cold = len(item_ids) - len(known.item_ids)
        for _ in range(cold):
            transitions.add()
        dimensions = int(float(data.parameters.get("item_metadata_hidden_dim", DIMENSIONS)))
        content = Content.fit(item_ids, data.catalogue, dimensions)
        popularity = UserCounts.fit(known, cold)
        return cls(item_ids, transitions, popularity, content, _space(known, content), weights)

    @classmethod
    def exponents(cls, parameters: Mapping[str, str]) -> tuple[float, ...]:
        """Return the exponents to be tried, which popularity_discount_factor raises up to 1."""
        discount = float(parameters.get("popularity_discount_factor", 0.0))
        return tuple(one + (1 - one) * discount for one in EXPONENTS)

    def score(self, query: Query) -> NDArray[np.float32]:  # noqa: D102
        asked = self._asked(query)
        return self._popularity_scores() if asked is None else self._summed(asked, self._parts(asked))

    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:  # noqa: D102
        asked, items = self._asked(query), [self._item_of[item] for item in item_ids]
        if asked is None:
            return [[Contribution("popularity", score)] for score in self._popularity_scores()[items].tolist()]
        every = self._parts(asked)
        totals, parts = self._summed(asked, every)[items], np.stack([part[items] for part in every], axis=1)
        # What lifts them above all that is merely popular is shared among the parts.
        shares = parts * (1 + ALIKE / np.maximum(parts.sum(axis=1, keepdims=True), MIN_SUM))
        told = sort_contributions([f"{kind}:{self.item_ids[asked]}" for kind in ("item", "space", "content")], shares)
        return [
            told[place] if total >= ALIKE else [Contribution("itself" if item == asked else "popularity", total)]
            for place, (item, total) in enumerate(zip(items, totals.tolist(), strict=True))
        ]

    def co_occurrence(self, asked: int) -> NDArray[np.float32]:
        """Return how close users touch all items to one of them.

        Returns
        -------
        float32 array of shape (items,)
            Nearly 1 for the closest to an item that many touched, 0 for those that never came near it.
        """
        items, closeness = self._transitions.neighbours(asked)
        found = np.zeros(len(self.item_ids), np.float32)
        if items.size:
            users = self._popularity.users.rows[asked]
            found[items] = closeness * (users / (users + COLD_BELOW) / closeness[0])
        return found

    def embedding_similarity(self, asked: int) -> NDArray[np.float32]:
        """Return how near all items lie to one of them in the item space.

        Returns
        -------
        float32 array of shape (items,)
            From 0 to 1; 0 for those that nobody has touched, which lie where their content says.
        """
        near = self._space.cosine(asked)
        touched = self._popularity.users.rows > 0
        near *= (near > MIN_NEARNESS) & touched & touched[asked]
        return near

    def content_similarity(self, asked: int) -> NDArray[np.float32]:
        """Return how much all items are like one of them by content.

        Returns
        -------
        float32 array of shape (items,)
            From 0 to 1.
        """
        alike = self._content.cosine(asked)
        alike *= alike > MIN_LIKENESS
        return alike

    def update(self, event: Event) -> None:  # noqa: D102
        place = self._item_of.get(event.item_id)
        if place is None or not self.uses_event_type(event.event_type):
            return
        if not self.learns_from:
            # Of what came before, only its item is told, not by which event: a recipe of one type waits for a training.
            previous = [self._item_of[item] for item in event.previous if item in self._item_of]
            self._transitions.update(place, previous)
        self._popularity.update(place, event)

    def add_item(self, item: CatalogueItem) -> None:  # noqa: D102
        place = self._item_of.setdefault(item.item_id, len(self.item_ids))
        self._space.put(place, self._content.put(place, item.features))
        if place == len(self.item_ids):
            self.item_ids.append(item.item_id)
            self._popularity.add()
            self._transitions.add()

    def save(self, directory: Path) -> None:  # noqa: D102
        known = (self._transitions, self._content, self._space, self._popularity)
        arrays = {name: array for part in known for name, array in part.arrays().items()}
        document = {"item_ids": self.item_ids, "vocabulary": self._content.vocabulary, "weights": self._weights}
        write_model(directory, arrays, document)

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        item_ids, (space, content) = document["item_ids"], document["weights"]
        transitions = Transitions.from_arrays(arrays)
        for _ in range(transitions.size, len(item_ids)):
            transitions.add()
        return cls(
            item_ids,
            transitions,
            UserCounts.from_arrays(arrays),
            Content.from_arrays(arrays, document["vocabulary"]),
            ItemSpace.from_arrays(arrays),
            (space, content),
        )

    def _popularity_scores(self) -> NDArray[np.float32]:
        """Return scores below a half."""
        ranking = self._popularity.ranking()
        ranking /= 2 * ranking.max(initial=0) + 1
        return ranking

    def _summed(self, asked: int, parts: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the scores that parts come to; of what no part speaks for, how popular it is."""
        told = parts[0] + parts[1]
        told += parts[2]
        scores = self._popularity_scores()
        np.add(told, np.float32(ALIKE), out=scores, where=told > 0)
        scores[asked] = NEVER
        return scores

    def _parts(self, asked: int) -> tuple[NDArray[np.float32], ...]:
        """Return what closeness, nearness and likeness say of all items."""
        space, content = self._weights
        near, alike = self.embedding_similarity(asked), self.content_similarity(asked)
        near *= np.float32(space)
        alike *= np.float32(content)
        return self.co_occurrence(asked), near, alike

    def _asked(self, query: Query) -> int | None:
        """Return the item that others are to be like; the newest of a history where the question names none."""
        asked = query.item_id or (query.history[0] if query.history else "")
        return self._item_of.get(asked)


class Sims(SimilarItems):
    """As the recipe of old: by what users touch close together only, and popularity counts as the factor says."""

    beside = False

    @classmethod
    def exponents(cls, parameters: Mapping[str, str]) -> tuple[float, ...]:  # noqa: D102
        return (float(parameters.get("popularity_discount_factor", 0.5)),)


def _space(known: Interactions, content: Content) -> ItemSpace:
    # In as many dimensions as there are items, each would lie apart from all others.
    dimensions = singular_vector_count(len(known.user_ids), len(known.item_ids), SPACE_DIMENSIONS)
    return ItemSpace.fit(known, content.vectors, dimensions)
