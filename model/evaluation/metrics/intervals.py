"""Bootstrap confidence intervals of means and of paired differences.

Users are resampled with replacement, each with all of their questions, since a user's questions correlate (Efron
and Tibshirani, 1993, the percentile method; Sakai, "Evaluating evaluation metrics based on the bootstrap", 2006).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

RESAMPLES = 1000
AT_ONCE = 50  # resamples held in memory together
LEVEL = 0.95
MIN_USERS = 10  # resamples of fewer are so alike that their spread shows nothing
SEED = 20261121


class Interval(NamedTuple):
    """A mean and the bounds that contain `LEVEL` of its resamples; NaN where there are fewer than `MIN_USERS` users."""

    mean: float
    low: float
    high: float

    @property
    def is_known(self) -> bool:
        """Whether there were enough users for bounds."""
        return not math.isnan(self.low)


def intervals(values: Mapping[str, NDArray[np.float64]], users: Sequence[str]) -> dict[str, Interval]:
    """Return the mean of each metric with its interval.

    `values` holds an array of shape (questions,) by metric, NaN where a question has no value; without any value, the
    interval is NaN as well.
    """
    if not values:
        return {}
    names = list(values)
    table = np.stack([values[name] for name in names], axis=1)
    means = resampled_means(table, users)
    return {
        name: interval_of(mean, means[:, place])
        for place, (name, mean) in enumerate(zip(names, _mean(table).tolist(), strict=True))
    }


def differences(
    values: Mapping[str, NDArray[np.float64]], others: Mapping[str, NDArray[np.float64]], users: Sequence[str]
) -> dict[str, Interval]:
    """Return the mean paired difference of each metric between two models, with its interval.

    Parameters
    ----------
    values, others : mapping of float arrays of shape (questions,)
        The metrics of both models on the same questions, by name; metrics that only one has are left out.
    """
    return intervals({name: values[name] - others[name] for name in values if name in others}, users)


def _mean(table: NDArray[np.float64]) -> NDArray[np.float64]:
    there = ~np.isnan(table)
    counts = there.sum(axis=0)
    sums = np.where(there, table, 0).sum(axis=0)
    result: NDArray[np.float64] = np.where(counts > 0, sums, np.nan) / np.maximum(counts, 1)
    return result


def interval_of(mean: float, resampled: NDArray[np.float64]) -> Interval:
    """Return the percentile interval of a statistic from its resamples, of shape (resamples,); NaN is ignored."""
    there = resampled[~np.isnan(resampled)]
    if not there.size:
        return Interval(float(mean), math.nan, math.nan)
    low, high = np.quantile(there, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return Interval(float(mean), low, high)


def resampled_means(table: NDArray[np.float64], users: Sequence[str]) -> NDArray[np.float64]:
    """Return the means of each column in each bootstrap resample of the users: shape (resamples, columns).

    `table` has the shape (questions, columns), with NaN where there is no value; the result is NaN where there are
    fewer than `MIN_USERS` users.
    """
    _, user = np.unique(np.asarray(users, dtype=np.str_), return_inverse=True)
    size = int(user.max(initial=-1)) + 1
    if size < MIN_USERS:
        return np.full((RESAMPLES, table.shape[1]), np.nan)
    there = ~np.isnan(table)
    sums, counts = np.zeros((size, table.shape[1])), np.zeros((size, table.shape[1]))
    np.add.at(sums, user, np.where(there, table, 0))
    np.add.at(counts, user, there)
    random = np.random.default_rng(SEED)
    means = []
    for _ in range(RESAMPLES // AT_ONCE):
        drawn = np.stack([np.bincount(random.integers(0, size, size), minlength=size) for _ in range(AT_ONCE)]).astype(
            np.float64
        )
        total = drawn @ counts
        means.append(np.where(total > 0, drawn @ sums, np.nan) / np.maximum(total, 1))
    return np.concatenate(means)
