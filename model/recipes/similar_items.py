"""Items like an item: what people touch close to it, then what is alike by content, then what is popular."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from model.recipes.content import Content
from model.recipes.model_files import read_model, write_model
from model.recipes.popularity import count_people
from model.recipes.recipe import Event, Query, Recipe, Recommendation, TrainingData, best
from model.recipes.transitions import Transitions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


class SimilarItems(Recipe):
    """Neighbours by decayed co-occurrence, without scores, backed off until the list is full."""

    def __init__(
        self, item_ids: list[str], transitions: Transitions, people: NDArray[np.float32], content: Content
    ) -> None:
        self._item_ids = item_ids
        self._item_of = {item: place for place, item in enumerate(item_ids)}
        self._transitions = transitions
        self._people = people
        self._content = content

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: ARG003, D102 - nothing to tune
        known = data.interactions
        content = Content.fit(known.item_ids, data.catalogue)
        return cls(known.item_ids, Transitions.fit(known), count_people(known), content)

    def recommend(self, query: Query, count: int) -> list[Recommendation]:  # noqa: D102
        asked = query.item_id or (query.history[0] if query.history else "")
        found: dict[str, None] = {}
        place = self._item_of.get(asked)
        if place is not None:
            found.update((self._item_ids[near], None) for near in self._transitions.neighbours(place)[0].tolist())
        elif self._content.is_cold(asked):
            alike = self._content.like_cold(asked)
            found.update((self._item_ids[near], None) for near in best(alike, count).tolist() if alike[near] > 0)
        found.pop(asked, None)
        if len(found) < count:
            popular = best(self._people, count + len(found) + 1).tolist()
            found.update((self._item_ids[near], None) for near in popular if self._item_ids[near] != asked)
        return [Recommendation(item) for item in list(found)[:count]]

    def update(self, event: Event) -> None:  # noqa: D102
        place = self._item_of.get(event.item_id)
        if place is None:
            return
        previous = [self._item_of[item] for item in event.previous if item in self._item_of]
        self._transitions.update(place, previous)
        if event.first:
            self._people[place] += 1

    def save(self, directory: Path) -> None:  # noqa: D102
        arrays = {**self._transitions.arrays(), **self._content.arrays(), "people": self._people}
        write_model(directory, arrays, {"item_ids": self._item_ids, "cold_ids": self._content.cold_ids})

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        content = Content.from_arrays(arrays, document["cold_ids"])
        return cls(document["item_ids"], Transitions.from_arrays(arrays), arrays["people"], content)
