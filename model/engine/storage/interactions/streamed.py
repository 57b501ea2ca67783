"""Streamed interactions in memory: growing columns, in which each interaction links to its user's previous one.

An interaction takes 26 bytes, and 4 more for each context column. Where answers read the items of users with more than
64 interactions, these are kept in an array of 4 bytes for each different item, and some 250 bytes for each such user.
"""

from __future__ import annotations

from array import array
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from model.datasets.columns import Columns
from model.datasets.interactions import ContextColumn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

NOWHERE = -1
SHORT_CHAIN = 64  # arrivals of a user that are walked for each answer; the items of a longer chain are kept
# Attributes by the names of their columns in a checkpoint.
COLUMNS = {
    "persons": "users",
    "items": "items",
    "kinds": "kinds",
    "times": "times",
    "values": "values",
    "_before": "_before",
    "_last": "_last",
}


class StreamedInteractions:
    """Interactions in order of arrival, linked by user.

    A position is the number of an interaction since the creation of the dataset group. It never changes: after all
    interactions are dropped, later ones continue the numbering.

    Attributes
    ----------
    users, items, kinds, times, values : array
        One entry for each interaction; the user is -1 if it was erased.
    """

    def __init__(self, base: int = 0) -> None:
        self._base = base
        self.users, self.items, self.kinds = array("i"), array("i"), array("h")
        self.times, self.values = array("q"), array("f")
        self._before = array("i")  # index of the same user's previous interaction
        self._last = array("i")  # index of the latest interaction, by user
        # By user, for those with a late interaction (one that an earlier arrival is newer than): the index of the
        # latest such interaction, or a later index, and the newest time.
        self._late: dict[int, tuple[int, int]] = {}
        self._codes: dict[str, array[int]] = {}
        self._values_of: dict[str, dict[str, int]] = {}
        self._items_of: dict[int, tuple[int, NDArray[np.int32]]] = {}  # the latest index and the items, by user

    @property
    def end(self) -> int:
        """The position of the next interaction."""
        return self._base + len(self.times)

    def index(self, position: int) -> int:
        """Return the index in the columns of the interaction at a position."""
        return position - self._base

    def add(self, user: int, item: int, kind: int, time: int, value: float, context: Mapping[str, str] | None) -> int:
        """Add one interaction at a time in epoch seconds and return its position."""
        index = len(self.times)
        self._note_order(user, index, time)
        self.users.append(user)
        self.items.append(item)
        self.kinds.append(kind)
        self.times.append(time)
        self.values.append(value)
        self._before.append(self.last(user))
        self._set_last(user, index)
        if context or self._codes:
            self._add_context(index, context or {})
        return self._base + index

    def skip_position(self) -> None:
        """Leave the next position empty, as `erase` does."""
        index = len(self.times)
        self.users.append(NOWHERE)
        self.items.append(NOWHERE)
        self.kinds.append(0)
        self.times.append(0)
        self.values.append(float("nan"))
        self._before.append(NOWHERE)
        if self._codes:
            self._add_context(index, {})

    def last(self, user: int) -> int:
        """Return the index of a user's latest arrival; -1 if there is none."""
        return self._last[user] if user < len(self._last) else NOWHERE

    def previous(self, index: int) -> int:
        """Return the index of the same user's previous arrival; -1 if there is none."""
        return self._before[index]

    def walk(self, index: int, most: int | None = None) -> Iterator[int]:
        """Yield an index and those of the same user's earlier arrivals, latest first, `most` at most; none for -1."""
        return islice(self._walk(index), most)

    def latest_late(self, user: int) -> int:
        """Return the index after which no arrival of a user is older than one before it; -1 if none is at all."""
        late = self._late.get(user)
        return NOWHERE if late is None else late[0]

    # Every event and every answer calls the next four, so they follow the links themselves instead of calling `walk`.

    def items_from(self, index: int, most: int) -> list[int]:
        """Return the items of an index and of the same user's earlier arrivals, `most` at most."""
        found: list[int] = []
        items, before = self.items, self._before
        while index != NOWHERE and len(found) < most:
            found.append(items[index])
            index = before[index]
        return found

    def all_items_of(self, user: int) -> NDArray[np.int32]:
        """Return all items of a user's arrivals, in any order: int32 array of shape (n,); an item may occur twice."""
        latest = self.last(user)
        until, kept = self._items_of.get(user, (NOWHERE, None))
        found: list[int] = []
        index, items, before = latest, self.items, self._before
        while index not in (NOWHERE, until):
            found.append(items[index])
            index = before[index]
        new = np.array(found, np.int32)
        if kept is not None:
            new = np.concatenate([kept, new])
        if len(found) > SHORT_CHAIN:
            new = np.unique(new)
            self._items_of[user] = latest, new
        return new

    def in_order(self, user: int, index: int, most: int) -> tuple[list[int], list[int]] | None:
        """Return the items and times of an index and of earlier arrivals, if the order of arrival is that of times.

        Returns
        -------
        (items, times) or None
            The latest first, `most` at most; None if one of them may have been late.
        """
        found: list[int] = []
        found_times: list[int] = []
        items, times, before, late = self.items, self.times, self._before, self.latest_late(user)
        while index != NOWHERE and len(found) < most:
            if index <= late:
                return None
            found.append(items[index])
            found_times.append(times[index])
            index = before[index]
        return found, found_times

    def contains(self, user: int, item: int, kind: int, time: int, most: int) -> bool:
        """Return whether a user's latest arrivals, `most` of them, contain this interaction."""
        index, late = self.last(user), self.latest_late(user)
        items, before, times, kinds = self.items, self._before, self.times, self.kinds
        while index != NOWHERE and most:
            if times[index] == time and items[index] == item and kinds[index] == kind:
                return True
            if times[index] < time and index > late:
                return False  # all earlier arrivals are older still
            index = before[index]
            most -= 1
        return False

    def items_by_kind(self, user: int) -> dict[int, set[int]]:
        """Return all items of a user's arrivals, by kind."""
        found: dict[int, set[int]] = {}
        index, items, before, kinds = self.last(user), self.items, self._before, self.kinds
        while index != NOWHERE:
            found.setdefault(kinds[index], set()).add(items[index])
            index = before[index]
        return found

    def merge(self, source: int, target: int) -> None:
        """Move all interactions of one user to another."""
        moved, own = self.last(source), self.last(target)
        if moved == NOWHERE:
            return
        self._forget_items(source, target)
        self._set_last(source, NOWHERE)
        self._set_last(target, max(moved, own))
        # The two chains become one; the target's arrivals before the first moved one keep their links.
        merged: list[int] = []
        while moved != NOWHERE:
            if own > moved:
                later, own = own, self._before[own]
            else:
                later, moved = moved, self._before[moved]
                self.users[later] = target
            self._before[later] = max(moved, own)
            merged.append(later)
        self._late.pop(source, None)
        self._note_merged_order(target, own, merged[::-1])

    def erase(self, user: int) -> int:
        """Erase the interactions of a user, whose positions stay occupied, and return their number."""
        self._forget_items(user)
        erased = list(self._walk(self.last(user)))
        for index in erased:
            self.users[index] = self._before[index] = NOWHERE
            for codes in self._codes.values():
                codes[index] = NOWHERE
        self._set_last(user, NOWHERE)
        self._late.pop(user, None)
        return len(erased)

    def erase_at(self, index: int) -> None:
        """Erase one interaction, whose position stays occupied."""
        user, before = self.users[index], self._before
        if user == NOWHERE:
            return
        self._forget_items(user)
        if self.last(user) == index:
            self._set_last(user, before[index])
        else:
            later = next(each for each in self._walk(self.last(user)) if before[each] == index)
            before[later] = before[index]
        self.users[index] = before[index] = NOWHERE
        for codes in self._codes.values():
            codes[index] = NOWHERE

    def context(self) -> dict[str, ContextColumn]:
        """Return the context columns."""
        return {
            name: ContextColumn(list(self._values_of[name]), np.array(codes, np.int32))
            for name, codes in self._codes.items()
        }

    def to_columns(self, user_ids: list[str], item_ids: list[str], event_types: list[str]) -> Columns:
        """Return copies of the columns, with the names of their numbers."""
        return Columns(
            user_ids,
            item_ids,
            event_types,
            np.array(self.users, np.int32),
            np.array(self.items, np.int32),
            np.array(self.kinds, np.int16),
            np.array(self.times, np.int64),
            np.array(self.values, np.float32),
            self.context(),
        )

    def copy_state(self) -> tuple[int, dict[str, NDArray[Any]], dict[str, tuple[list[str], NDArray[np.int32]]]]:
        """Return copies of the base, the columns by name, and the values and codes of the context columns."""
        columns = {name: np.array(getattr(self, attribute)) for name, attribute in COLUMNS.items()}
        return self._base, columns, {name: (column.values, column.codes) for name, column in self.context().items()}

    @classmethod
    def restore(
        cls, base: int, columns: Mapping[str, NDArray[Any]], context: Mapping[str, tuple[list[str], NDArray[np.int32]]]
    ) -> Self:
        """Return the interactions that `copy_state` copied."""
        restored = cls(base)
        for name, attribute in COLUMNS.items():
            getattr(restored, attribute).frombytes(columns[name].tobytes())
        for name, (values, codes) in context.items():
            restored._codes[name] = array("i", codes.tobytes())
            restored._values_of[name] = {value: position for position, value in enumerate(values)}
        restored._late = _find_late(np.array(restored.users), np.array(restored.times))
        return restored

    def _forget_items(self, *users: int) -> None:
        for user in users:
            self._items_of.pop(user, None)

    def _walk(self, index: int) -> Iterator[int]:
        before = self._before
        while index != NOWHERE:
            yield index
            index = before[index]

    def _note_order(self, user: int, index: int, time: int) -> None:
        """Note whether the next interaction of a user is late."""
        last, late = self.last(user), self._late.get(user)
        if last == NOWHERE:
            return
        newest = self.times[last] if late is None else late[1]
        if time < newest:
            self._late[user] = (index, newest)
        elif late is not None:
            self._late[user] = (late[0], time)

    def _note_merged_order(self, user: int, before: int, merged: list[int]) -> None:
        """Note which of a user's interactions are late, after those of another were merged into them.

        Parameters
        ----------
        before : int
            Index of the latest interaction before all merged ones; -1 if there is none.
        merged : list of int
            The indices from the first merged one on, in order of arrival.
        """
        times, known = self.times, self._late.pop(user, None)
        newest = times[before] if before != NOWHERE else times[merged[0]]
        late = NOWHERE
        if known is not None:  # the newest time before the merged ones is unknown, so all of them may be late
            late, newest = merged[-1], known[1]
        for index in merged:
            if times[index] < newest:
                late = index
            newest = max(newest, times[index])
        if late != NOWHERE:
            self._late[user] = (late, newest)

    def _set_last(self, user: int, index: int) -> None:
        missing = user + 1 - len(self._last)
        if missing > 0:
            self._last.extend([NOWHERE] * missing)
        self._last[user] = index

    def _add_context(self, index: int, context: Mapping[str, str]) -> None:
        for name in context.keys() - self._codes.keys():
            self._codes[name] = array("i", [NOWHERE]) * index
            self._values_of[name] = {}
        for name, codes in self._codes.items():
            value, known = context.get(name), self._values_of[name]
            codes.append(NOWHERE if value is None else known.setdefault(value, len(known)))


def _find_late(users: NDArray[np.int32], times: NDArray[np.int64]) -> dict[int, tuple[int, int]]:
    """Return the index of the latest late interaction, and the newest time, of the users that have one."""
    if not times.size:
        return {}
    order = np.argsort(users, kind="stable")
    ordered = users[order].astype(np.int64)
    # The greatest time so far of each user: the offsets keep the times of users apart.
    offsets = ordered * (int(times.max()) - int(times.min()) + 1)
    newest = np.maximum.accumulate(times[order] + offsets) - offsets
    late = (times[order] < newest) & (ordered != NOWHERE)
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    newest_of = dict(zip(ordered[ends].tolist(), newest[ends].tolist(), strict=True))
    return {
        user: (index, newest_of[user]) for user, index in zip(ordered[late].tolist(), order[late].tolist(), strict=True)
    }
