"""Items with similar meaning by their texts and categories alone; items need no interactions.

A campaign may weight popularity and freshness (developer guide, "Semantic-Similarity recipe"): each lowers the scores
of unpopular, or old, items by up to the share of its weight. Popularity has a small weight unless the campaign sets it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from model.arrays.growable import GrowableRows
from model.arrays.model_files import read_model, write_model
from model.arrays.top_k import NEVER
from model.recipes.embeddings.content import Content
from model.recipes.popularity.popularity import count_users
from model.recipes.recipe import Contribution, Event, Query, Recipe, UnsuitableDataError, sort_contributions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from model.datasets.catalogue import CatalogueItem
    from model.datasets.training_data import TrainingData

DIMENSIONS = 96  # texts need more dimensions than interactions
CO_OCCURRENCE_WEIGHT = 0.25  # of features that co-occur with a feature: more raises recall and lowers precision
HALF_LIFE_DAYS = 30.0  # after which an item is half as fresh
# Weight of popularity where a campaign states none. Many items have the same meaning, as films of the same genres do:
# the popular ones come first.
DEFAULT_INFLUENCE = 0.1
MIN_FACTOR = 0.1  # of the score of the least popular, or least fresh, item at weight 1
MIN_SIMILARITY = 1e-3  # cosine; below it, two items are dissimilar
# Scores of dissimilar items: popularity, then freshness. However far influence lowers a score, similar items score
# higher.
DISSIMILAR, FRESHNESS_WEIGHT = 1e-6, 1e-3
SIMILAR = MIN_SIMILARITY * MIN_FACTOR * MIN_FACTOR
POPULARITY, FRESHNESS = "POPULARITY", "FRESHNESS"
SECONDS_PER_DAY = 86400


class SemanticSimilarity(Recipe):
    """Items by the cosine of their latent semantic vectors."""

    popular_below = SIMILAR

    def __init__(
        self,
        item_ids: list[str],
        content: Content,
        users: NDArray[np.float32],
        created: NDArray[np.int64],
        newest: int,
    ) -> None:
        self.item_ids = item_ids
        self.item_of = {item: place for place, item in enumerate(item_ids)}
        self._content = content
        self._users = GrowableRows(users)
        self._standing = np.empty(0, np.float32)  # popularity from 0 to 1, computed lazily
        self._created = GrowableRows(created)
        self._newest = newest

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: ARG003, D102 - nothing to tune
        catalogue, known = data.catalogue, data.interactions
        if not any(catalogue.features):
            raise UnsuitableDataError(
                "no item has a text or a category: add a textual or categorical column to the Items dataset"
            )
        listed = set(catalogue.item_ids)
        item_ids = [*catalogue.item_ids, *(item for item in known.item_ids if item not in listed)]
        users_of = dict(zip(known.item_ids, count_users(known).tolist(), strict=True))
        first = np.full(len(known.item_ids), np.iinfo(np.int64).max)
        np.minimum.at(first, known.items, known.times)
        newest = max(int(known.times.max(initial=0)), max(catalogue.created, default=0))
        # As documented for items without CREATION_TIMESTAMP: their oldest interaction, else the newest of all times.
        stated = dict(zip(catalogue.item_ids, catalogue.created, strict=True))
        first_seen = dict(zip(known.item_ids, first.tolist(), strict=True))
        created = np.array([stated.get(item) or first_seen.get(item, newest) for item in item_ids], np.int64)
        users = np.array([users_of.get(item, 0.0) for item in item_ids], np.float32)
        return cls(item_ids, Content.fit(item_ids, catalogue, DIMENSIONS, CO_OCCURRENCE_WEIGHT), users, created, newest)

    def score(self, query: Query) -> NDArray[np.float32]:  # noqa: D102
        item = self._asked(query)
        dissimilar = np.float32(DISSIMILAR) * (
            self._popularity() + np.float32(FRESHNESS_WEIGHT) * self._freshness(query.now)
        )
        if item is None:
            return dissimilar
        similarity = self._content.cosine(item)
        scores = similarity.copy()
        for name, weight in _influence(query).items():
            if weight:
                scores *= self._factor(name, weight, query.now)
        scores = np.where(similarity < MIN_SIMILARITY, dissimilar, scores)
        scores[item] = NEVER
        return scores

    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:  # noqa: D102
        asked, items = self._asked(query), [self.item_of[item] for item in item_ids]
        totals = self.score(query)[items].tolist()
        if asked is None:
            return [[Contribution("popularity", total)] for total in totals]
        weights = self._content.vectors[items] @ self._content.vectors[asked]
        columns = {f"content:{self.item_ids[asked]}": weights}
        for name, share in _influence(query).items():
            lowered = weights * self._factor(name, share, query.now)[items]
            columns[f"influence:{name}"] = lowered - weights
            weights = lowered
        contributions = sort_contributions(list(columns), np.stack(list(columns.values()), axis=1))
        return [
            parts if total >= SIMILAR else [Contribution("itself" if item == asked else "popularity", total)]
            for item, parts, total in zip(items, contributions, totals, strict=True)
        ]

    def update(self, event: Event) -> None:  # noqa: D102
        self._newest = max(self._newest, event.time)
        place = self.item_of.get(event.item_id)
        if place is not None and event.first:
            self._users.rows[place] += 1
            self._standing = self._standing[:0]

    def add_item(self, item: CatalogueItem) -> None:  # noqa: D102
        place = self.item_of.setdefault(item.item_id, len(self.item_ids))
        self._content.put(place, item.features)
        if place == len(self.item_ids):
            self.item_ids.append(item.item_id)
            self._users.append(0.0)
            self._created.append(item.created or self._newest)
        elif item.created:
            self._created.rows[place] = item.created

    def similarities(self, item_id: str, others: list[str]) -> list[float]:
        """Return the similarity of an item to others, from 0 to 1, for the metric `similarity`."""
        similarity = self._content.cosine(self.item_of[item_id])
        return [max(0.0, float(similarity[self.item_of[other]])) for other in others]

    def popularity_and_freshness(self, item_ids: list[str], now: int = 0) -> tuple[list[float], list[float]]:
        """Return the popularity and freshness of items, from 0 to 1, for the metrics of the same names.

        `now` is in epoch seconds; 0 means the newest known time.
        """
        places = [self.item_of[item] for item in item_ids]
        return self._popularity()[places].tolist(), self._freshness(now)[places].tolist()

    def save(self, directory: Path) -> None:  # noqa: D102
        arrays = {**self._content.arrays(), "people": self._users.rows, "created": self._created.rows}
        document = {"item_ids": self.item_ids, "vocabulary": self._content.vocabulary, "newest": self._newest}
        write_model(directory, arrays, document)

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        content = Content.from_arrays(arrays, document["vocabulary"])
        return cls(document["item_ids"], content, arrays["people"], arrays["created"], document["newest"])

    def _asked(self, query: Query) -> int | None:
        return self.item_of.get(query.item_id or (query.history[0] if query.history else ""))

    def _popularity(self) -> NDArray[np.float32]:
        if self._standing.size != len(self._users):
            users = np.log1p(self._users.rows)
            self._standing = users / np.float32(users.max(initial=0) or 1)
        return self._standing

    def _freshness(self, now: int) -> NDArray[np.float32]:
        age = ((now or self._newest) - self._created.rows).astype(np.float32)
        half_lives = np.maximum(age, 0) * np.float32(1 / (SECONDS_PER_DAY * HALF_LIFE_DAYS))
        result: NDArray[np.float32] = np.exp2(-half_lives)
        return result

    def _factor(self, name: str, weight: float, now: int) -> NDArray[np.float32]:
        level = self._popularity() if name == POPULARITY else self._freshness(now)
        result: NDArray[np.float32] = 1 - np.float32(weight * (1 - MIN_FACTOR)) * (1 - level)
        return result


def _influence(query: Query) -> dict[str, float]:
    return {POPULARITY: DEFAULT_INFLUENCE, **query.influence}
