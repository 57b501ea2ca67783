"""Streamed interactions in memory: growing columns, in which each interaction links to its user's previous one.

An interaction takes 26 bytes, and 4 more for each context column.
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
        self._codes: dict[str, array[int]] = {}
        self._values_of: dict[str, dict[str, int]] = {}

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

    # Every event and every answer calls the next four, so they follow the links themselves instead of calling `walk`.

    def items_from(self, index: int, most: int) -> list[int]:
        """Return the items of an index and of the same user's earlier arrivals, `most` at most."""
        found: list[int] = []
        items, before = self.items, self._before
        while index != NOWHERE and len(found) < most:
            found.append(items[index])
            index = before[index]
        return found

    def in_order(self, index: int, most: int, until: int | None) -> tuple[list[int] | None, float]:
        """Return the items of an index and of earlier arrivals, latest first, if they arrived in order of their times.

        Parameters
        ----------
        most : int
            Arrivals that are considered.
        until : int or None
            Later items are left out.

        Returns
        -------
        items : list of int or None
            None if they arrived in another order.
        oldest : float
            Time of the last considered arrival; infinity if there is none.
        """
        found: list[int] = []
        oldest = float("inf")
        items, before, times = self.items, self._before, self.times
        while index != NOWHERE and most:
            time = times[index]
            if time > oldest:
                return None, oldest
            oldest = time
            if until is None or time <= until:
                found.append(items[index])
            index = before[index]
            most -= 1
        return found, oldest

    def contains(self, user: int, item: int, kind: int, time: int, most: int) -> bool:
        """Return whether a user's latest arrivals, `most` of them, contain this interaction."""
        index = self.last(user)
        items, before, times, kinds = self.items, self._before, self.times, self.kinds
        while index != NOWHERE and most:
            if times[index] == time and items[index] == item and kinds[index] == kind:
                return True
            index = before[index]
            most -= 1
        return False

    def by_kind(self, index: int, kinds: int, most: int) -> dict[int, list[tuple[int, int]]]:
        """Return (time, item) of an index and of earlier arrivals, latest first, `most` at most of each kind.

        Parameters
        ----------
        kinds : int
            Number of kinds: once all are full, earlier arrivals are not considered.
        """
        found: dict[int, list[tuple[int, int]]] = {}
        items, before, times, kind_of = self.items, self._before, self.times, self.kinds
        full = 0
        while index != NOWHERE and full < kinds:
            mine = found.setdefault(kind_of[index], [])
            if len(mine) < most:
                mine.append((times[index], items[index]))
                full += len(mine) == most
            index = before[index]
        return found

    def merge(self, source: int, target: int) -> None:
        """Move all interactions of one user to another."""
        moved, own = self.last(source), self.last(target)
        if moved == NOWHERE:
            return
        self._set_last(source, NOWHERE)
        self._set_last(target, max(moved, own))
        # The two chains become one; the target's arrivals before the first moved one keep their links.
        while moved != NOWHERE:
            if own > moved:
                later, own = own, self._before[own]
            else:
                later, moved = moved, self._before[moved]
                self.users[later] = target
            self._before[later] = max(moved, own)

    def erase(self, user: int) -> int:
        """Erase the interactions of a user, whose positions stay occupied, and return their number."""
        erased = list(self._walk(self.last(user)))
        for index in erased:
            self.users[index] = self._before[index] = NOWHERE
            for codes in self._codes.values():
                codes[index] = NOWHERE
        self._set_last(user, NOWHERE)
        return len(erased)

    def erase_at(self, index: int) -> None:
        """Erase one interaction, whose position stays occupied."""
        user, before = self.users[index], self._before
        if user == NOWHERE:
            return
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
        return restored

    def _walk(self, index: int) -> Iterator[int]:
        before = self._before
        while index != NOWHERE:
            yield index
            index = before[index]

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
