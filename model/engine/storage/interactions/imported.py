"""Imported interactions in memory, by user."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.datasets.columns import Columns
    from model.datasets.interactions import ContextColumn


@dataclass(frozen=True)
class ImportedInteractions:
    """Imported interactions, sorted by user and time: 18 bytes each, and 4 for each context column.

    Attributes
    ----------
    starts : int64 array of shape (users + 1,)
    items, kinds, times, values : arrays of shape (n,)
    """

    starts: NDArray[np.int64]
    items: NDArray[np.int32]
    kinds: NDArray[np.int16]
    times: NDArray[np.int64]
    values: NDArray[np.float32]
    context: dict[str, ContextColumn] = field(default_factory=dict)

    def range_of(self, user: int) -> slice:
        """Return the range of a user's interactions."""
        if user + 1 >= self.starts.size:
            return slice(0, 0)
        return slice(int(self.starts[user]), int(self.starts[user + 1]))

    def users(self) -> NDArray[np.int32]:
        """Return the user of each interaction."""
        return np.repeat(np.arange(self.starts.size - 1, dtype=np.int32), np.diff(self.starts))

    def without(self, users: NDArray[np.int32]) -> ImportedInteractions:
        """Return all interactions except those of some users."""
        counts = np.diff(self.starts)
        remains = np.ones(counts.size, np.bool_)
        remains[users[users < counts.size]] = False
        kept = np.repeat(remains, counts)
        counts[~remains] = 0
        return ImportedInteractions(
            np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
            self.items[kept],
            self.kinds[kept],
            self.times[kept],
            self.values[kept],
            {name: column.at(kept) for name, column in self.context.items()},
        )


@dataclass(frozen=True)
class NumberedImport:
    """Imported interactions with the numbers of their ids in the dataset group.

    Attributes
    ----------
    source : Columns
        In the order of the files.
    user_count : int
        Users and sessions of the dataset group.
    """

    source: Columns
    users: NDArray[np.int32]
    items: NDArray[np.int32]
    kinds: NDArray[np.int16]
    user_count: int

    def sorted(self) -> ImportedInteractions:
        """Sort by user and time, without repeated interactions; takes long, and may run in a thread."""
        source = self.source
        users, items, kinds = self.users[source.users], self.items[source.items], self.kinds[source.kinds]
        order = np.lexsort((source.times, users))
        order = order[~_repeated(users[order], source.times[order], items[order], kinds[order])]
        return ImportedInteractions(
            np.searchsorted(users[order], np.arange(self.user_count + 1)).astype(np.int64),
            items[order],
            kinds[order],
            source.times[order],
            source.values[order],
            {name: column.at(order) for name, column in source.context.items()},
        )


def _repeated(
    users: NDArray[np.int32], times: NDArray[np.int64], items: NDArray[np.int32], kinds: NDArray[np.int16]
) -> NDArray[np.bool_]:
    """Return which interactions, sorted by user and time, repeat an earlier one."""
    repeated = np.zeros(times.size, np.bool_)
    tied = np.zeros(times.size + 1, np.bool_)
    tied[1:-1] = (users[1:] == users[:-1]) & (times[1:] == times[:-1])
    # Only interactions of one user in the same second can be repeated, and these are few.
    among = np.flatnonzero(tied[:-1] | tied[1:])
    moments = np.cumsum(~tied[:-1])[among]
    by_content = np.lexsort((among, kinds[among], items[among], moments))
    here, before = by_content[1:], by_content[:-1]
    same = moments[here] == moments[before]
    same &= (items[among[here]] == items[among[before]]) & (kinds[among[here]] == kinds[among[before]])
    repeated[among[here[same]]] = True
    return repeated
