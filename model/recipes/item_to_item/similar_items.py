"""Similar items by co-occurrence, by item embeddings and by content; the rest of a list is filled by popularity.

Similar items score above 1; items ranked by popularity only score below, and are labelled so. The answers of these
recipes carry no scores, so the offset is not visible outside.
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
from model.recipes.hold_out import hold_out, in_order_of_times
from model.recipes.item_to_item.choose_neighbours import MIN_GAIN, SIMILARITY_WEIGHTS, choose_weights, transition_trials
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

# An item with fewer interactions is cold: metadata count as well (developer guide, "Similar-Items recipe"). The
# co-occurrence of one with as many counts half.
COLD_BELOW = 5
MIN_EMBEDDING_SIMILARITY = 0.2  # cosine from which the embeddings of two items are similar; less may be chance
MIN_CONTENT_SIMILARITY = 0.1  # cosine from which the contents of two items are similar
SIMILAR = 1.0  # lowest score of a similar item
MIN_SUM = np.float32(1e-9)  # divisor where all parts are zero
# Exponents of the item frequency in the denominator, to try: 0.5 is the cosine.
EXPONENTS = (0.5, 0.25, 0.1)


class SimilarItems(Recipe):
    """Neighbours by decayed co-occurrence, by item embeddings and by content; popular items fill the list."""

    popular_below = SIMILAR
    uses_similarities: ClassVar[bool] = True  # whether embeddings and content count besides co-occurrence

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
        self.item_of = {item: place for place, item in enumerate(item_ids)}
        self._transitions = transitions
        self._popularity = popularity
        self._content = content
        self._space = space
        self._weights = weights

    @classmethod
    def tune(cls, data: TrainingData) -> dict[str, float]:
        """Choose the transition settings, and the weights of embeddings and content, on a hold-out."""
        older, questions, in_order = hold_out(data)
        new = [question for question in questions if question.is_new]
        if not new:
            return {}
        known = within_percentiles(older.interactions, data.parameters)
        trials = transition_trials(cls.exponents(data.parameters), in_order)
        settings = choose_transition_settings(known, new, trials, MIN_GAIN)
        if not cls.uses_similarities:
            return asdict(settings)
        trained = cls.fit(older, asdict(settings))
        space, content = choose_weights(
            new, trained.co_occurrence, (trained.embedding_similarity, trained.content_similarity)
        )
        return {**asdict(settings), "space": space, "content": content}

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: D102
        known = data.interactions
        with_interactions = set(known.item_ids)
        item_ids = [*known.item_ids, *(item for item in data.catalogue.item_ids if item not in with_interactions)]
        settings = {**asdict(NEAR), "exponent": cls.exponents(data.parameters)[0], **tuned}
        default_weight = SIMILARITY_WEIGHTS[0] if cls.uses_similarities else 0.0
        weights = settings.pop("space", default_weight), settings.pop("content", default_weight)
        settings["window"] = int(settings["window"])
        min_count = int(float(data.parameters.get("min_cointeraction_count", 0)))
        counted = in_order_of_times(within_percentiles(known, data.parameters))
        transitions = Transitions.fit(counted, TransitionSettings(**settings), min_count)
        cold = len(item_ids) - len(known.item_ids)
        for _ in range(cold):
            transitions.add()
        dimensions = int(float(data.parameters.get("item_metadata_hidden_dim", DIMENSIONS)))
        content = Content.fit(item_ids, data.catalogue, dimensions)
        popularity = UserCounts.fit(known, cold)
        return cls(item_ids, transitions, popularity, content, _space(known, content), weights)

    @classmethod
    def exponents(cls, parameters: Mapping[str, str]) -> tuple[float, ...]:
        """Return the exponents to try, which popularity_discount_factor raises towards 1."""
        discount = float(parameters.get("popularity_discount_factor", 0.0))
        return tuple(exponent + (1 - exponent) * discount for exponent in EXPONENTS)

    def score(self, query: Query) -> NDArray[np.float32]:  # noqa: D102
        item = self._asked(query)
        return self._popularity_scores() if item is None else self._summed(item, self._parts(item))

    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:  # noqa: D102
        item, items = self._asked(query), [self.item_of[other] for other in item_ids]
        if item is None:
            return [[Contribution("popularity", score)] for score in self._popularity_scores()[items].tolist()]
        parts_of_all = self._parts(item)
        totals = self._summed(item, parts_of_all)[items]
        parts = np.stack([part[items] for part in parts_of_all], axis=1)
        # The offset above the popularity scores is distributed over the parts.
        shares = parts * (1 + SIMILAR / np.maximum(parts.sum(axis=1, keepdims=True), MIN_SUM))
        contributions = sort_contributions(
            [f"{kind}:{self.item_ids[item]}" for kind in ("item", "space", "content")], shares
        )
        return [
            contributions[place]
            if total >= SIMILAR
            else [Contribution("itself" if other == item else "popularity", total)]
            for place, (other, total) in enumerate(zip(items, totals.tolist(), strict=True))
        ]

    def co_occurrence(self, item: int) -> NDArray[np.float32]:
        """Return the co-occurrence of an item with all items: float32 array of shape (items,).

        It is near 1 for the top neighbour of an item with many users, and 0 for items that never co-occur with it.
        """
        items, similarity = self._transitions.neighbours(item)
        scores = np.zeros(len(self.item_ids), np.float32)
        if items.size:
            users = self._popularity.users.rows[item]
            scores[items] = similarity * (users / (users + COLD_BELOW) / similarity[0])
        return scores

    def embedding_similarity(self, item: int) -> NDArray[np.float32]:
        """Return the similarity, from 0 to 1, of an item's embedding to those of all items: shape (items,).

        It is 0 for items without interactions, whose embeddings derive from their content.
        """
        similarity = self._space.cosine(item)
        has_users = self._popularity.users.rows > 0
        similarity *= (similarity > MIN_EMBEDDING_SIMILARITY) & has_users & has_users[item]
        return similarity

    def content_similarity(self, item: int) -> NDArray[np.float32]:
        """Return the similarity, from 0 to 1, of an item's content to those of all items: shape (items,)."""
        similarity = self._content.cosine(item)
        similarity *= similarity > MIN_CONTENT_SIMILARITY
        return similarity

    def update(self, event: Event) -> None:  # noqa: D102
        place = self.item_of.get(event.item_id)
        if place is None or not self.uses_event_type(event.event_type):
            return
        if not self.learns_from:
            # The event types of the previous items are unknown: a recipe of one event type waits for the next training.
            previous = [self.item_of[item] for item in event.previous if item in self.item_of]
            self._transitions.update(place, previous)
        self._popularity.update(place, event)

    def add_item(self, item: CatalogueItem) -> None:  # noqa: D102
        place = self.item_of.setdefault(item.item_id, len(self.item_ids))
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
        """Return popularity scores below a half."""
        ranking = self._popularity.ranking()
        ranking /= 2 * ranking.max(initial=0) + 1
        return ranking

    def _summed(self, item: int, parts: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the sum of the parts; for an item without any, its popularity score."""
        total = parts[0] + parts[1]
        total += parts[2]
        scores = self._popularity_scores()
        np.add(total, np.float32(SIMILAR), out=scores, where=total > 0)
        scores[item] = NEVER
        return scores

    def _parts(self, item: int) -> tuple[NDArray[np.float32], ...]:
        """Return the weighted co-occurrence, embedding similarity and content similarity of all items."""
        space, content = self._weights
        by_embedding, by_content = self.embedding_similarity(item), self.content_similarity(item)
        by_embedding *= np.float32(space)
        by_content *= np.float32(content)
        return self.co_occurrence(item), by_embedding, by_content

    def _asked(self, query: Query) -> int | None:
        """Return the queried item; the newest of the history where the query names none."""
        asked = query.item_id or (query.history[0] if query.history else "")
        return self.item_of.get(asked)


class Sims(SimilarItems):
    """The legacy recipe: by co-occurrence only, with popularity discounted as the factor states."""

    uses_similarities = False

    @classmethod
    def exponents(cls, parameters: Mapping[str, str]) -> tuple[float, ...]:  # noqa: D102
        return (float(parameters.get("popularity_discount_factor", 0.5)),)


def _space(known: Interactions, content: Content) -> ItemSpace:
    # With as many dimensions as items, all items would be dissimilar.
    dimensions = singular_vector_count(len(known.user_ids), len(known.item_ids), SPACE_DIMENSIONS)
    return ItemSpace.fit(known, content.vectors, dimensions)
