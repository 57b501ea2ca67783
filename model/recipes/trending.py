"""Trending items: those whose rate of late is high against their own usual rate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

import numpy as np

from model.recipes.growing import GrowingRows
from model.recipes.model_files import read_model, write_model
from model.recipes.recipe import CatalogueItem, Contribution, Event, Query, Recipe, TrainingData

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

FREQUENCY = "trend_discovery_frequency"
FREQUENCIES = ("30 minutes", "1 hour", "2 hours", "3 hours", "1 day")  # developer guide, "Trending-Now recipe"
DEFAULT_FREQUENCY = "2 hours"  # the same page
LONG_OVER_SHORT = 24  # the usual rate is taken over so many discovery intervals
SHRINKAGE = 2.0  # interactions that a trend must have before its ratio is half believed
SECONDS_OF = {"minute": 60, "hour": 3600, "day": 86400}
TIE_BREAK = 1e-6  # of the usual rate beside the trend
LEAST_RECENT = 0.01  # interactions left after decay; below it nothing moved in the last intervals


def frequency_seconds(text: str) -> int:
    """Return the seconds of an interval such as "30 minutes" or "1 day".

    Parameters
    ----------
    text : str

    Returns
    -------
    int

    Raises
    ------
    ValueError
        The text is no such interval.
    """
    match = re.fullmatch(r"(\d+) (minute|hour|day)s?", text)
    if match is None:
        raise ValueError(f"{FREQUENCY} must be such as '2 hours', not {text!r}")
    return int(match[1]) * SECONDS_OF[match[2]]


class Trending(Recipe):
    """Decayed counts at a short and at a long half-life; their shrunken ratio is the trend."""

    def __init__(
        self, item_ids: list[str], short: NDArray[np.float32], long: NDArray[np.float32], moment: int, interval: int
    ) -> None:
        self.item_ids = item_ids
        self._short, self._long = GrowingRows(short), GrowingRows(long)
        self._moment, self._interval = moment, interval
        self._item_of = {item: place for place, item in enumerate(item_ids)}

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
        """Return the trend of each item; where nothing has moved of late, how popular it is, as documented."""
        passed = max(0, query.now - self._moment) / self._interval
        short = self._short.rows * np.float32(0.5**passed)
        if float(short.sum()) < LEAST_RECENT:
            return self._long.rows.copy()
        usual = self._long.rows / np.float32(LONG_OVER_SHORT)
        trend: NDArray[np.float32] = np.divide(short * short, usual + np.float32(SHRINKAGE), dtype=np.float32)
        # Among those that do not move, the popular ones come first, which matters where a filter leaves few others.
        trend += np.float32(TIE_BREAK) * usual
        return trend

    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:  # noqa: D102
        trends = self.score(query)[[self._item_of[item] for item in item_ids]].tolist()
        return [[Contribution("trend", trend)] for trend in trends]

    def update(self, event: Event) -> None:  # noqa: D102
        place = self._item_of.get(event.item_id)
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
        if self._item_of.setdefault(item.item_id, len(self.item_ids)) == len(self.item_ids):
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
