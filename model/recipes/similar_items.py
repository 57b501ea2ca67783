"""Items like an item: what people touch close to it, then what is alike by content, then what is popular.

The score is made so that these three come one after the other: closeness lies above 2, likeness between 1 and 2,
popularity below 1. The answers of these recipes carry no scores, so nobody else sees them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from model.recipes.content import DIMENSIONS, Content
from model.recipes.growing import GrowingRows
from model.recipes.histories import within_percentiles
from model.recipes.model_files import read_model, write_model
from model.recipes.popularity import count_people
from model.recipes.recipe import NEVER, CatalogueItem, Contribution, Event, Query, Recipe, TrainingData
from model.recipes.steps import NEAR
from model.recipes.transitions import Transitions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# An item with fewer interactions is cold: metadata speak for it as well (developer guide, "Similar-Items recipe").
COLD_BELOW = 5
LEAST_LIKENESS = 0.1  # cosine from which two items are alike by content
CONTENT_BESIDE = 0.3  # weight of likeness beside closeness: of two items that follow alike, the one of a kind
CLOSE, ALIKE = 2.0, 1.0  # where the three kinds of score begin


class SimilarItems(Recipe):
    """Neighbours by decayed co-occurrence, backed off until the list is full."""

    # What popularity_discount_factor is added to, and how far it goes: 0 is the cosine for this recipe.
    exponents: ClassVar[tuple[float, float]] = (0.5, 1.0)

    def __init__(
        self, item_ids: list[str], transitions: Transitions, people: NDArray[np.float32], content: Content
    ) -> None:
        self.item_ids = item_ids
        self._item_of = {item: place for place, item in enumerate(item_ids)}
        self._transitions = transitions
        self._people = GrowingRows(people)
        self._content = content

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: ARG003, D102 - nothing to tune
        known = data.interactions
        touched = set(known.item_ids)
        item_ids = [*known.item_ids, *(item for item in data.catalogue.item_ids if item not in touched)]
        lowest, highest = cls.exponents
        discount = float(data.parameters.get("popularity_discount_factor", 0.0))
        least = int(float(data.parameters.get("min_cointeraction_count", 0)))
        transitions = Transitions.fit(
            within_percentiles(known, data.parameters),
            replace(NEAR, exponent=lowest + (highest - lowest) * discount),
            least,
        )
        cold = len(item_ids) - len(known.item_ids)
        for _ in range(cold):
            transitions.add()
        people = np.concatenate([count_people(known), np.zeros(cold, np.float32)])
        dimensions = int(float(data.parameters.get("item_metadata_hidden_dim", DIMENSIONS)))
        content = Content.fit(item_ids, data.catalogue, dimensions)
        return cls(item_ids, transitions, people, content)

    def score(self, query: Query) -> NDArray[np.float32]:  # noqa: D102
        people = self._people.rows
        scores: NDArray[np.float32] = np.divide(people, people.max(initial=0) + 1, dtype=np.float32)
        asked = self._asked(query)
        if asked is None:
            return scores
        items, closeness = self._transitions.neighbours(asked)
        likeness = self._content.like(asked)
        # Where people tell little of the item or nothing, what is like it comes before what is popular.
        if items.size == 0 or people[asked] < COLD_BELOW:
            alike = likeness > LEAST_LIKENESS
            scores[alike] = ALIKE + likeness[alike]
        if items.size:
            near = closeness / closeness.max() + CONTENT_BESIDE * np.maximum(likeness[items], 0)
            scores[items] = CLOSE + near
        scores[asked] = NEVER
        return scores

    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:  # noqa: D102
        asked, items = self._asked(query), [self._item_of[item] for item in item_ids]
        totals = self.score(query)[items].tolist()
        if asked is None:
            return [[Contribution("popularity", total)] for total in totals]
        likeness = self._content.like(asked)[items].tolist()
        return [
            [Contribution("itself", total)] if item == asked else self._told(asked, total, alike)
            for item, total, alike in zip(items, totals, likeness, strict=True)
        ]

    def update(self, event: Event) -> None:  # noqa: D102
        place = self._item_of.get(event.item_id)
        if place is None or not self.learns_of(event.event_type):
            return
        if not self.learns_from:
            # Of what came before, only its item is told, not by which event: a recipe of one type waits for a training.
            previous = [self._item_of[item] for item in event.previous if item in self._item_of]
            self._transitions.update(place, previous)
        if event.first:
            self._people.rows[place] += 1

    def add_item(self, item: CatalogueItem) -> None:  # noqa: D102
        place = self._item_of.setdefault(item.item_id, len(self.item_ids))
        self._content.put(place, item.features)
        if place == len(self.item_ids):
            self.item_ids.append(item.item_id)
            self._people.append(0.0)
            self._transitions.add()

    def save(self, directory: Path) -> None:  # noqa: D102
        arrays = {**self._transitions.arrays(), **self._content.arrays(), "people": self._people.rows}
        write_model(directory, arrays, {"item_ids": self.item_ids, "vocabulary": self._content.vocabulary})

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        transitions = Transitions.from_arrays(arrays)
        for _ in range(transitions.size, len(document["item_ids"])):
            transitions.add()
        content = Content.from_arrays(arrays, document["vocabulary"])
        return cls(document["item_ids"], transitions, arrays["people"], content)

    def _told(self, asked: int, total: float, likeness: float) -> list[Contribution]:
        """Return what the score of an item is made of, by the kind of score that it is."""
        if total < ALIKE:
            return [Contribution("popularity", total)]
        if total < CLOSE:
            return [Contribution(f"content:{self.item_ids[asked]}", total)]
        beside = CONTENT_BESIDE * max(0.0, likeness)
        parts = [Contribution(f"item:{self.item_ids[asked]}", total - beside)]
        return [*parts, Contribution(f"content:{self.item_ids[asked]}", beside)] if beside else parts

    def _asked(self, query: Query) -> int | None:
        """Return the item that others are to be like; the newest of a history where the question names none."""
        asked = query.item_id or (query.history[0] if query.history else "")
        return self._item_of.get(asked)


class Sims(SimilarItems):
    """As the recipe of old: by what people touch together only, and 0.5 is the cosine."""

    exponents = (0.0, 1.0)

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: D102
        unknown = replace(data.catalogue, features=[()] * len(data.catalogue.item_ids))
        return super().fit(replace(data, catalogue=unknown), tuned)
