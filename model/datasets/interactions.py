"""Interactions as columns: user, item, event type, time and context, sorted by user and time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class ContextColumn:
    """A categorical column of contextual metadata, such as the device.

    Attributes
    ----------
    codes : int32 array of shape (n,)
        Positions in `values`; -1 where an interaction has no value.
    """

    values: list[str]
    codes: NDArray[np.int32]

    def at(self, places: NDArray[Any]) -> ContextColumn:
        """Return the column at positions, or where a mask is true."""
        return ContextColumn(self.values, self.codes[places])


@dataclass(frozen=True)
class Interactions:
    """Interactions sorted by user, then by time; `from_columns` makes them from columns in any order.

    Attributes
    ----------
    user_ids, item_ids, event_types : list of str
        Values to which the codes in `users`, `items` and `kinds` refer.
    users, items, kinds : integer arrays of shape (n,)
        Positions in the three lists.
    times : int64 array of shape (n,)
        Epoch seconds.
    weights : float32 array of shape (n,)
        Weight of each interaction (1 unless the solution weights its event types).
    context : dict of ContextColumn
        By the name of the column in the schema.
    """

    user_ids: list[str]
    item_ids: list[str]
    event_types: list[str]
    users: NDArray[np.int32]
    items: NDArray[np.int32]
    kinds: NDArray[np.int16]
    times: NDArray[np.int64]
    weights: NDArray[np.float32]
    context: dict[str, ContextColumn] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.times.size)

    def where(self, kept: NDArray[np.bool_]) -> Interactions:
        """Return the interactions for which `kept`, of shape (n,), is true; the lists of ids stay as they are."""
        return self.at(kept)

    def at(self, places: NDArray[Any]) -> Interactions:
        """Return the interactions at positions, or where a mask is true; the order by user must stay."""
        return Interactions(
            self.user_ids,
            self.item_ids,
            self.event_types,
            self.users[places],
            self.items[places],
            self.kinds[places],
            self.times[places],
            self.weights[places],
            {name: column.at(places) for name, column in self.context.items()},
        )

    def without_unused(self) -> Interactions:
        """Return the same interactions without the users and items that have none; codes are reassigned."""
        users, new_users = np.unique(self.users, return_inverse=True)
        items, new_items = np.unique(self.items, return_inverse=True)
        return replace(
            self,
            user_ids=[self.user_ids[place] for place in users.tolist()],
            item_ids=[self.item_ids[place] for place in items.tolist()],
            users=new_users.astype(np.int32),
            items=new_items.astype(np.int32),
        )

    def starts(self) -> NDArray[np.int64]:
        """Return where each user's interactions start, and the end: shape (users + 1,)."""
        return np.searchsorted(self.users, np.arange(len(self.user_ids) + 1)).astype(np.int64)

    def unique_pairs(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return each distinct (user, item) pair, as two arrays of equal length."""
        width = max(1, len(self.item_ids))
        keys = np.sort(self.users.astype(np.int64) * width + self.items)
        # Like numpy.unique, which hashes each number and takes ten times as long for a million of them (numpy 2.4).
        keys = keys[np.diff(keys, prepend=-1) != 0]
        return (keys // width).astype(np.int32), (keys % width).astype(np.int32)


def from_columns(
    ids: tuple[list[str], list[str], list[str]],
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    kinds: NDArray[np.int16],
    times: NDArray[np.int64],
    context: dict[str, ContextColumn] | None = None,
) -> Interactions:
    """Sort columns by user and time and remove duplicates.

    Duplicates have the same user, item, time and event type: Amazon Personalize keeps one of exact duplicates
    (developer guide, "Importing bulk data"), and a streamed event may also lie in a bulk file.

    Parameters
    ----------
    ids : (user ids, item ids, event types)
    users, items, kinds, times : arrays of shape (n,)
        Positions in `ids`, and epoch seconds.
    """
    # The position breaks ties, so that events of one second keep the order in which they arrived.
    order = np.lexsort((np.arange(times.size), times, users))
    users, items, kinds, times = users[order], items[order], kinds[order], times[order]
    by_key = np.lexsort((kinds, items, times, users))
    repeated = np.zeros(times.size, dtype=np.bool_)
    if times.size > 1:
        here, before = by_key[1:], by_key[:-1]
        same = (users[here] == users[before]) & (items[here] == items[before])
        same &= (times[here] == times[before]) & (kinds[here] == kinds[before])
        repeated[here[same]] = True
    kept = ~repeated
    weights = np.ones(int(kept.sum()), dtype=np.float32)
    circumstances = {name: column.at(order[kept]) for name, column in (context or {}).items()}
    return Interactions(*ids, users[kept], items[kept], kinds[kept], times[kept], weights, circumstances)


def from_rows(rows: Sequence[tuple[str, str, int]] | Sequence[tuple[str, str, int, str]]) -> Interactions:
    """Make interactions from (user id, item id, epoch seconds[, event type]) rows; a row without a type is a "View"."""
    user_of: dict[str, int] = {}
    item_of: dict[str, int] = {}
    kind_of: dict[str, int] = {}
    count = len(rows)
    users, items = np.empty(count, np.int32), np.empty(count, np.int32)
    kinds, times = np.empty(count, np.int16), np.empty(count, np.int64)
    for place, row in enumerate(rows):
        user, item, time, *kind = row
        users[place] = user_of.setdefault(str(user), len(user_of))
        items[place] = item_of.setdefault(str(item), len(item_of))
        times[place] = int(time)
        kinds[place] = kind_of.setdefault(str(kind[0]) if kind else "View", len(kind_of))
    return from_columns((list(user_of), list(item_of), list(kind_of)), users, items, kinds, times)
