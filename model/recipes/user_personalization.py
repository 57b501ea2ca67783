"""Items for a person: the person scorer over the whole catalogue, with a few new items to try."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Self

import numpy as np

from model.recipes.content import Content
from model.recipes.model_files import read_model, write_model
from model.recipes.person_scorer import PersonScorer, choose_weights
from model.recipes.recipe import EXPLORATION, POPULAR, Event, Query, Recipe, Recommendation, TrainingData, best

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# Neither Amazon's recipes nor this one hide what a person has seen: people buy again. But an item that was just
# clicked makes a poor first recommendation, so whatever lies in the history keeps a tenth of its score.
SEEN_KEEPS = 0.1
SHARPNESS = 12.0  # by which scores are multiplied before they become shares of one
EXPLORED_SHARE = 0.2  # of a list may be new items at exploration 1
FIRST_EXPLORED = 4  # the first 1/4 of a list is never given to a new item
RANDOM_SHARE = 0.5  # of chance beside likeness in choosing what to explore
SECONDS_PER_DAY = 86400


class UserPersonalization(Recipe):
    """The default recipe; its scores over the catalogue sum to one."""

    def __init__(self, scorer: PersonScorer, content: Content, newest: int) -> None:
        self._scorer = scorer
        self._content = content
        self._newest = newest

    @classmethod
    def tune(cls, data: TrainingData) -> dict[str, float]:  # noqa: D102
        return choose_weights(data.interactions)

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: D102
        scorer = PersonScorer.fit(data.interactions, tuned)
        content = Content.fit(data.interactions.item_ids, data.catalogue)
        return cls(scorer, content, int(data.interactions.times.max(initial=0)))

    def recommend(self, query: Query, count: int) -> list[Recommendation]:  # noqa: D102
        history = self._scorer.known(query.history)
        scores = self._scorer.scores(history)
        if history:
            scores[np.unique(history)] *= np.float32(SEEN_KEEPS)
        logits = scores * np.float32(SHARPNESS)
        ranked = best(logits, count)
        if not ranked.size:
            return []
        explored = self._explore(query, history, ranked.size)
        raised = np.exp(logits - logits[ranked[0]])
        total = float(raised.sum()) + sum(float(raised[ranked[place]]) for place in explored)
        reason = None if history else POPULAR
        answer: list[Recommendation] = []
        for place, item in enumerate(ranked.tolist()):
            share = float(raised[item]) / total
            if place in explored:
                answer.append(Recommendation(explored[place], share, EXPLORATION))
            answer.append(Recommendation(self._scorer.item_ids[item], share, reason))
        return answer[:count]

    def update(self, event: Event) -> None:  # noqa: D102
        self._newest = max(self._newest, event.time)
        self._scorer.update(event)

    def save(self, directory: Path) -> None:  # noqa: D102
        document = {
            "item_ids": self._scorer.item_ids,
            "weights": self._scorer.weights,
            "cold_ids": self._content.cold_ids,
            "newest": self._newest,
        }
        write_model(directory, {**self._scorer.arrays(), **self._content.arrays()}, document)

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        scorer = PersonScorer.from_arrays(arrays, document["item_ids"], document["weights"])
        return cls(scorer, Content.from_arrays(arrays, document["cold_ids"]), document["newest"])

    def _explore(self, query: Query, history: Sequence[int], length: int) -> dict[int, str]:
        """Return new items by the place in the list that each is given; the same for a person all day long."""
        cold = len(self._content.cold_ids)
        wanted = query.exploration * EXPLORED_SHARE * length
        if not cold or wanted <= 0:
            return {}
        now = query.now or self._newest
        day = now // SECONDS_PER_DAY
        random = np.random.default_rng(zlib.crc32(f"{query.person}|{day}".encode()))
        # 1.5 new items means one, and another every second time.
        slots = int(wanted) + int(random.random() < wanted % 1)
        liking = self._content.cold_scores(history) + np.float32(RANDOM_SHARE) * random.random(cold, dtype=np.float32)
        chosen = best(self._young_only(liking, now, query.explored_age_days), slots).tolist()
        chosen = [place for place in chosen if np.isfinite(liking[place])]
        first = length // FIRST_EXPLORED
        places = np.sort(random.choice(np.arange(first, length), min(len(chosen), length - first), replace=False))
        return {place: self._content.cold_ids[item] for place, item in zip(places.tolist(), chosen, strict=False)}

    def _young_only(self, liking: NDArray[np.float32], now: int, age_days: float) -> NDArray[np.float32]:
        created = self._content.cold_created
        old = (created > 0) & (created < now - age_days * SECONDS_PER_DAY)
        liking[old] = -np.inf
        return liking
