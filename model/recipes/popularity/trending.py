"""Trending items: items whose recent interaction rate is significantly above their usual rate.

Few events determine a rate poorly: two after none may be chance where two hundred after one hundred are not. So the
recent rate is neither the count nor a ratio, but a lower confidence bound of a Poisson rate under Jeffreys' prior
(Brown, Cai and DasGupta, "Interval estimation in exponential families", Statistica Sinica 13, 2003), in the
approximation of Wilson and Hilferty (PNAS 17, 1931).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

import numpy as np

from model.arrays.growable import GrowableRows
from model.arrays.model_files import read_model, write_model
from model.datasets.catalogue import CatalogueItem
from model.recipes.recipe import Contribution, Event, Query, Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from model.datasets.training_data import TrainingData

FREQUENCY = "trend_discovery_frequency"
FREQUENCIES = ("30 minutes", "1 hour", "2 hours", "3 hours", "1 day")  # developer guide, "Trending-Now recipe"
DEFAULT_FREQUENCY = "2 hours"  # the same page
LONG_OVER_SHORT = 24  # the usual rate is taken over so many discovery intervals
# A decayed sum has half the variance of a count of the same size: it is as precise as a count of twice its size.
EVENTS_PER_SUM = 2.0
Z_SCORE = 1.645  # standard deviations: the rate lies above the bound with a probability of 95 %
MIN_RISE = 0.5  # decayed events; a single event is no trend
TREND = 1.0  # lowest score of a trending item; items ranked by popularity only score below it
SECONDS_OF = {"minute": 60, "hour": 3600, "day": 86400}


def frequency_seconds(text: str) -> int:
    """Convert an interval such as "30 minutes" or "1 day" to seconds; raise ValueError for another form."""
    match = re.fullmatch(r"(\d+) (minute|hour|day)s?", text)
    if match is None:
        raise ValueError(f"{FREQUENCY} must be such as '2 hours', not {text!r}")
    return int(match[1]) * SECONDS_OF[match[2]]


class Trending(Recipe):
    """Decayed counts at a short and at a long half-life; the score is the significant rise above the usual rate."""

    popular_below = TREND

    def __init__(
        self, item_ids: list[str], short: NDArray[np.float32], long: NDArray[np.float32], moment: int, interval: int
    ) -> None:
        self.item_ids = item_ids
        self._short, self._long = GrowableRows(short), GrowableRows(long)
        self._moment, self._interval = moment, interval
        self.item_of = {item: place for place, item in enumerate(item_ids)}

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: ARG003, D102 - nothing to tune
        interval = frequency_seconds(data.parameters.get(FREQUENCY, DEFAULT_FREQUENCY))
        known = data.interactions
        moment = int(known.times.max(initial=0))
        age = (moment - known.times).astype(np.float32) / interval
        size = len(known.item_ids)
        short = np.bincount(known.items, weights=0.5**age, minlength=size).astype(np.float32)
        long = np.bincount(known.items, weights=0.5 ** (age / LONG_OVER_SHORT), minlength=size).astype(np.float32)
        recipe = cls(list(known.item_ids), short, long, moment, interval)
        for item in data.catalogue.item_ids:
            recipe.add_item(CatalogueItem(item))
        return recipe

    def score(self, query: Query) -> NDArray[np.float32]:
        """Return the rise of each item; for an item that does not rise, its popularity, as documented."""
        passed = max(0, query.now - self._moment) / self._interval
        short = self._short.rows * np.float32(0.5**passed)
        long = self._long.rows * np.float32(0.5 ** (passed / LONG_OVER_SHORT))
        # The usual rate, without the recent events.
        usual = np.maximum(long - short, 0) / np.float32(LONG_OVER_SHORT - 1)
        rise = _lower_bound(short) - usual
        popularity = long / np.float32(2 * long.max(initial=0) + 1)
        return np.where(rise > MIN_RISE, np.float32(TREND) + rise, popularity).astype(np.float32)

    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:  # noqa: D102
        scores = self.score(query)[[self.item_of[item] for item in item_ids]].tolist()
        return [[Contribution("trend" if score >= TREND else "popularity", score)] for score in scores]

    def update(self, event: Event) -> None:  # noqa: D102
        place = self.item_of.get(event.item_id)
        if place is None:
            return
        if event.time > self._moment:
            passed = (event.time - self._moment) / self._interval
            self._short.rows *= np.float32(0.5**passed)
            self._long.rows *= np.float32(0.5 ** (passed / LONG_OVER_SHORT))
            self._moment = event.time
        age = (self._moment - event.time) / self._interval
        self._short.rows[place] += 0.5**age
        self._long.rows[place] += 0.5 ** (age / LONG_OVER_SHORT)

    def add_item(self, item: CatalogueItem) -> None:  # noqa: D102
        if self.item_of.setdefault(item.item_id, len(self.item_ids)) == len(self.item_ids):
            self.item_ids.append(item.item_id)
            self._short.append(0.0)
            self._long.append(0.0)

    def save(self, directory: Path) -> None:  # noqa: D102
        document = {"item_ids": self.item_ids, "moment": self._moment, "interval": self._interval}
        write_model(directory, {"short": self._short.rows, "long": self._long.rows}, document)

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        return cls(document["item_ids"], arrays["short"], arrays["long"], document["moment"], document["interval"])


def _lower_bound(decayed: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the lower confidence bound of the expected decayed events, given the observed ones."""
    shape = np.float32(EVENTS_PER_SUM) * decayed + np.float32(0.5)
    root = 1 - 1 / (9 * shape) - np.float32(Z_SCORE) / (3 * np.sqrt(shape))
    result: NDArray[np.float32] = shape * np.maximum(root, 0) ** 3 / np.float32(EVENTS_PER_SUM)
    return result
