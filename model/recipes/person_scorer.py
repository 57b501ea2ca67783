"""How well each item suits a person: what usually follows, what lies near in the item space, what is popular.

The three are scaled to at most one each and summed with weights that are chosen on the newest tenth of the
events. A person is their history and nothing else, so the next event changes the next answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model.recipes.item_space import ItemSpace
from model.recipes.popularity import count_people
from model.recipes.transitions import Transitions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from model.recipes.interactions import Interactions
    from model.recipes.recipe import Event

HOLD_OUT_SHARE = 0.1  # of the events, the newest
HOLD_OUT_POSITIONS = 600  # events judged; more changes the choice no more
HOLD_OUT_LIST = 25  # places of a list that count
HISTORY_LENGTH = 50  # newest items of a person that are looked at
SEED = 20261121
SHARES = ((1.0, 0.0), (0.8, 0.2), (0.6, 0.4), (0.4, 0.6), (0.2, 0.8), (0.0, 1.0))  # of transitions and item space
PRIORS = (0.02, 0.1, 0.3)  # of popularity
FALLBACK = {"transitions": 0.6, "space": 0.4, "popularity": 0.1}  # where there is too little to choose on


@dataclass(frozen=True)
class Parts:
    """The three parts of a score, each of shape (items,) and at most one."""

    transitions: NDArray[np.float32]
    space: NDArray[np.float32]
    popularity: NDArray[np.float32]


class PersonScorer:
    """Scores all items for a history."""

    def __init__(
        self,
        item_ids: list[str],
        models: tuple[Transitions, ItemSpace],
        people: NDArray[np.float32],
        weights: Mapping[str, float],
    ) -> None:
        self.item_ids = item_ids
        self.item_of = {item: place for place, item in enumerate(item_ids)}
        self._transitions, self._space = models
        self._people = people
        self._popularity = _to_one(np.log1p(people))
        self._weights = dict(weights)

    @classmethod
    def fit(cls, interactions: Interactions, weights: Mapping[str, float]) -> PersonScorer:
        """Learn the parts; `weights` is what `choose_weights` returned.

        Parameters
        ----------
        interactions : Interactions
        weights : mapping

        Returns
        -------
        PersonScorer
        """
        models = (Transitions.fit(interactions), ItemSpace.fit(interactions))
        return cls(interactions.item_ids, models, count_people(interactions), weights or FALLBACK)

    def known(self, history: Sequence[str]) -> list[int]:
        """Return the positions of those items of a history that were known at training.

        Parameters
        ----------
        history : sequence of str
            Newest first.

        Returns
        -------
        list of int
        """
        return [self.item_of[item] for item in history[:HISTORY_LENGTH] if item in self.item_of]

    def parts(self, history: Sequence[int]) -> Parts:
        """Return the parts of the score of every item.

        Parameters
        ----------
        history : sequence of int
            Newest first; not empty.

        Returns
        -------
        Parts
        """
        following = np.zeros(len(self.item_ids), np.float32)
        self._transitions.add_scores(history, following)
        return Parts(_to_one(following), _to_one(self._space.scores(history)), self._popularity)

    def scores(self, history: Sequence[int]) -> NDArray[np.float32]:
        """Return the score of every item, from 0 to about 1; popularity alone for a stranger.

        Parameters
        ----------
        history : sequence of int
            Newest first.

        Returns
        -------
        float32 array of shape (items,)
        """
        if not history:
            return self._popularity.copy()
        parts = self.parts(history)
        return blend(parts, self._weights)

    def update(self, event: Event) -> None:
        """Take one interaction into account.

        Parameters
        ----------
        event : Event
        """
        place = self.item_of.get(event.item_id)
        if place is None:
            return
        self._transitions.update(place, self.known(event.previous))
        if event.first:
            self._people[place] += 1
            grown = float(np.log1p(self._people[place]) / np.log1p(self._people.max()))
            self._popularity[place] = max(float(self._popularity[place]), grown)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that was learnt, by name.

        Returns
        -------
        dict of arrays
        """
        return {**self._transitions.arrays(), **self._space.arrays(), "people": self._people}

    @property
    def weights(self) -> dict[str, float]:
        """The weights of the parts."""
        return self._weights

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], item_ids: list[str], weights: Mapping[str, float]
    ) -> PersonScorer:
        """Make a scorer of what `arrays` returned.

        Parameters
        ----------
        arrays : mapping
        item_ids : list of str
        weights : mapping

        Returns
        -------
        PersonScorer
        """
        models = (Transitions.from_arrays(arrays), ItemSpace.from_arrays(arrays))
        return cls(item_ids, models, arrays["people"], weights)


def blend(parts: Parts, weights: Mapping[str, float]) -> NDArray[np.float32]:
    """Sum the parts with their weights.

    Parameters
    ----------
    parts : Parts
    weights : mapping
        With the keys transitions, space, popularity.

    Returns
    -------
    float32 array of shape (items,)
    """
    summed: NDArray[np.float32] = np.float32(weights["transitions"]) * parts.transitions
    summed += np.float32(weights["space"]) * parts.space
    summed += np.float32(weights["popularity"]) * parts.popularity
    return summed


def choose_weights(interactions: Interactions) -> dict[str, float]:
    """Choose the weights that find the newest events best (NDCG) when trained on the older ones.

    Parameters
    ----------
    interactions : Interactions

    Returns
    -------
    dict
        With the keys transitions, space, popularity.
    """
    if len(interactions) < HOLD_OUT_LIST:
        return dict(FALLBACK)
    cut = np.quantile(interactions.times, 1 - HOLD_OUT_SHARE, method="lower")
    older = interactions.where(interactions.times < cut)
    if len(older) == 0:
        return dict(FALLBACK)
    scorer = PersonScorer.fit(older, FALLBACK)
    trials = [
        {"transitions": first * (1 - prior), "space": second * (1 - prior), "popularity": prior}
        for first, second in SHARES
        for prior in PRIORS
    ]
    gains = np.zeros(len(trials))
    for history, target in _hold_out(interactions, int(cut)):
        parts = scorer.parts(history)
        for number, trial in enumerate(trials):
            scores = blend(parts, trial)
            scores[history] = -1.0  # judged on what is new to the person
            rank = int((scores > scores[target]).sum()) + 1
            gains[number] += 1 / np.log2(1 + rank) if rank <= HOLD_OUT_LIST else 0.0
    return trials[int(gains.argmax())] if gains.any() else dict(FALLBACK)


def _hold_out(interactions: Interactions, cut: int) -> Iterator[tuple[list[int], int]]:
    """Yield (history newest first, next item) for a sample of the events since `cut`."""
    positions = np.flatnonzero(interactions.times >= cut)
    random = np.random.default_rng(SEED)
    if positions.size > HOLD_OUT_POSITIONS:
        positions = np.sort(random.choice(positions, HOLD_OUT_POSITIONS, replace=False))
    starts = interactions.starts()
    for position in positions.tolist():
        begin = max(int(starts[interactions.users[position]]), position - HISTORY_LENGTH)
        history = interactions.items[begin:position][::-1].tolist()
        target = int(interactions.items[position])
        if history and target not in history:
            yield history, target


def _to_one(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    raised: NDArray[np.float32] = np.maximum(scores, np.float32(0))
    highest = np.float32(raised.max(initial=0) or 1)
    return np.divide(raised, highest, dtype=np.float32)
