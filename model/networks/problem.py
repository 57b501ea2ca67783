"""The training data of a network: integer arrays only, so that another interpreter can read them from one file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

MAX_HELD_OUT = 2000  # users with one held-out item each: the standard error of NDCG is then about 0.01
MIN_HISTORY = 3  # distinct items of a user with a held-out item, so that two are left to train on


@dataclass(frozen=True)
class Problem:
    """The (user, item) pairs with an interaction, each once, by user and then by time.

    Attributes
    ----------
    users, items : int32 arrays of shape (pairs,)
    times : int64 array of shape (pairs,)
        Epoch seconds of the newest event of the pair.
    ratings : float32 array of shape (pairs,)
        Weight of that event: the target of an explicit model.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    times: NDArray[np.int64]
    ratings: NDArray[np.float32]
    user_count: int
    item_count: int

    def __len__(self) -> int:
        return int(self.users.size)

    @property
    def keys(self) -> NDArray[np.int64]:
        """A distinct number for each pair: int64 array of shape (pairs,)."""
        return self.users.astype(np.int64) * self.item_count + self.items

    def starts(self) -> NDArray[np.int64]:
        """Return where each user's pairs start, and the end: shape (users + 1,)."""
        return np.searchsorted(self.users, np.arange(self.user_count + 1)).astype(np.int64)

    def where(self, kept: NDArray[np.bool_]) -> Problem:
        """Return the pairs for which `kept`, of shape (pairs,), is true; the numbers of users and items stay."""
        return replace(
            self,
            users=self.users[kept],
            items=self.items[kept],
            times=self.times[kept],
            ratings=self.ratings[kept],
        )


@dataclass(frozen=True)
class HeldOut:
    """The training pairs, and one held-out item of some users (or its rating).

    Attributes
    ----------
    users, items : int32 arrays of shape (held-out users,)
    ratings : float32 array of shape (held-out users,)
    """

    train: Problem
    users: NDArray[np.int32]
    items: NDArray[np.int32]
    ratings: NDArray[np.float32]


def problem_of(interactions: Interactions) -> Problem:
    """Keep the newest interaction of each (user, item)."""
    keys = interactions.users.astype(np.int64) * max(1, len(interactions.item_ids)) + interactions.items
    _, from_end = np.unique(keys[::-1], return_index=True)
    newest = np.sort(keys.size - 1 - from_end)
    return Problem(
        interactions.users[newest],
        interactions.items[newest],
        interactions.times[newest],
        interactions.weights[newest],
        len(interactions.user_ids),
        len(interactions.item_ids),
    )


def hold_out(problem: Problem, seed: int, most: int = MAX_HELD_OUT) -> HeldOut:
    """Hold out one item of some users, at most `most`: the newest, or a random one where times give no order.

    At most a tenth of the pairs is held out, so that small data keep most of theirs.
    """
    random = np.random.default_rng(seed)
    starts = problem.starts()
    eligible = np.flatnonzero(np.diff(starts) >= MIN_HISTORY)
    count = min(most, eligible.size, -(-len(problem) // 10))
    users = np.sort(random.choice(eligible, count, replace=False)) if count else eligible[:0]
    begins, ends = starts[users], starts[users + 1]
    places = ends - 1
    if users.size:
        timeless = problem.times[begins] == problem.times[ends - 1]
        places = np.where(timeless, random.integers(begins, ends), places)
    kept = np.ones(len(problem), np.bool_)
    kept[places] = False
    return HeldOut(problem.where(kept), problem.users[places], problem.items[places], problem.ratings[places])


def write_problem(problem: Problem, path: Path) -> None:
    """Write the training data to one file."""
    with path.open("wb") as file:
        np.savez(
            file,
            users=problem.users,
            items=problem.items,
            times=problem.times,
            ratings=problem.ratings,
            counts=np.array([problem.user_count, problem.item_count]),
        )


def read_problem(path: Path) -> Problem:
    """Read a file that `write_problem` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        users, items = (int(count) for count in stored["counts"])
        return Problem(stored["users"], stored["items"], stored["times"], stored["ratings"], users, items)
