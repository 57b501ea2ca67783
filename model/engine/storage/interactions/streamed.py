"""Streamed interactions in memory: columns that only grow, and from each one the way to its user's one before.

26 bytes an interaction, and 4 more for each context column.
"""

from __future__ import annotations

from array import array
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from model.datasets.interactions import ContextColumn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

NOWHERE = -1
# The columns by the names that they have in a checkpoint.
HELD = {
    "persons": "users",
    "items": "items",
    "kinds": "kinds",
    "times": "times",
    "values": "values",
    "_before": "_before",
    "_last": "_last",
}


class Streamed:
    """Interactions in the order in which they came, found by user.

    A place is the number of an interaction since the dataset group's beginning. It never changes: when all
    interactions are dropped, those that come later go on counting.

    Attributes
    ----------
    users, items, kinds, times, values : array
        One entry for each interaction; the user is -1 where it was forgotten.
    """

    def __init__(self, base: int = 0) -> None:
        self._base = base
        self.users, self.items, self.kinds = array("i"), array("i"), array("h")
        self.times, self.values = array("q"), array("f")
        self._before = array("i")  # where the same user's interaction before lies, in these columns
        self._last = array("i")  # by user
        self._codes: dict[str, array[int]] = {}
        self._values_of: dict[str, dict[str, int]] = {}

    @property
    def end(self) -> int:
        """The place that the next interaction gets."""
        return self._base + len(self.times)

    def index(self, place: int) -> int:
        """Return where the interaction of a place lies in the columns."""
        return place - self._base

    def add(self, user: int, item: int, kind: int, time: int, value: float, context: Mapping[str, str] | None) -> int:
        """Take one interaction in.

        Parameters
        ----------
        time : int
            Epoch seconds.

        Returns
        -------
        int
            Its place.
        """
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

    def skip(self) -> None:
        """Leave a place empty, as `forget` does."""
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
        """Return the index of a user's newest arrival; -1 where there is none."""
        return self._last[user] if user < len(self._last) else NOWHERE

    def previous(self, index: int) -> int:
        """Return the index of the same user's arrival before; -1 where there is none."""
        return self._before[index]

    def walk(self, index: int, most: int | None = None) -> Iterator[int]:
        """Yield an index and those of the same user's arrivals before it, newest first.

        Parameters
        ----------
        index : int
            -1 yields nothing.
        most : int, optional
            So many at most.
        """
        return islice(self._walk(index), most)

    # The next four are asked for every event and every answer, so they go the way of `walk` by themselves.

    def items_from(self, index: int, most: int) -> list[int]:
        """Return the items of an index and those of the same user's arrivals before it, so many at most."""
        found: list[int] = []
        items, before = self.items, self._before
        while index != NOWHERE and len(found) < most:
            found.append(items[index])
            index = before[index]
        return found

    def in_order(self, index: int, most: int, until: int | None) -> tuple[list[int] | None, float]:
        """Return the items of an index and of those before it, newest first, where they came in the order of time.

        Parameters
        ----------
        most : int
            So many are looked at.
        until : int or None
            Items that are newer are left out.

        Returns
        -------
        items : list of int or None
            None where they came in another order.
        oldest : float
            The time of the last one that was looked at; infinity where there was none.
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

    def has(self, user: int, item: int, kind: int, time: int, most: int) -> bool:
        """Tell whether so many of a user's newest arrivals hold this interaction."""
        index = self.last(user)
        items, before, times, kinds = self.items, self._before, self.times, self.kinds
        while index != NOWHERE and most:
            if times[index] == time and items[index] == item and kinds[index] == kind:
                return True
            index = before[index]
            most -= 1
        return False

    def by_kind(self, index: int, kinds: int, most: int) -> dict[int, list[tuple[int, int]]]:
        """Return time and item of an index and of those before it, newest arrival first, so many at most of each kind.

        Parameters
        ----------
        index, kinds, most : int
            `kinds` is how many kinds there are: when all are full, the rest is not looked at.

        Returns
        -------
        dict of lists of (time, item)
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

    def give(self, giver: int, taker: int) -> None:
        """Make all interactions of one user those of another."""
        given, own = self.last(giver), self.last(taker)
        if given == NOWHERE:
            return
        self._set_last(giver, NOWHERE)
        self._set_last(taker, max(given, own))
        # Two chains become one; what is older than the given ones stays linked as it was.
        while given != NOWHERE:
            if own > given:
                newer, own = own, self._before[own]
            else:
                newer, given = given, self._before[given]
                self.users[newer] = taker
            self._before[newer] = max(given, own)

    def forget(self, user: int) -> int:
        """Forget what a user did; the places stay taken.

        Returns
        -------
        int
            How many interactions were forgotten.
        """
        gone = list(self._walk(self.last(user)))
        for index in gone:
            self.users[index] = self._before[index] = NOWHERE
            for codes in self._codes.values():
                codes[index] = NOWHERE
        self._set_last(user, NOWHERE)
        return len(gone)

    def context(self) -> dict[str, ContextColumn]:
        """Return the context columns."""
        return {
            name: ContextColumn(list(self._values_of[name]), np.array(codes, np.int32))
            for name, codes in self._codes.items()
        }

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """Return the columns as arrays, each a copy."""
        return {
            "users": np.array(self.users, np.int32),
            "items": np.array(self.items, np.int32),
            "kinds": np.array(self.kinds, np.int16),
            "times": np.array(self.times, np.int64),
            "values": np.array(self.values, np.float32),
        }

    def taken(self) -> tuple[int, dict[str, NDArray[Any]], dict[str, tuple[list[str], NDArray[np.int32]]]]:
        """Return copies of all that is held: the base, the columns by name, values and codes of the context."""
        columns = {name: np.array(getattr(self, attribute)) for name, attribute in HELD.items()}
        return self._base, columns, {name: (one.values, one.codes) for name, one in self.context().items()}

    @classmethod
    def restored(
        cls, base: int, columns: Mapping[str, NDArray[Any]], context: Mapping[str, tuple[list[str], NDArray[np.int32]]]
    ) -> Self:
        """Return what `taken` was taken of.

        Parameters
        ----------
        context : mapping of (values, codes)
        """
        made = cls(base)
        for name, attribute in HELD.items():
            getattr(made, attribute).frombytes(columns[name].tobytes())
        for name, (values, codes) in context.items():
            made._codes[name] = array("i", codes.tobytes())
            made._values_of[name] = {value: place for place, value in enumerate(values)}
        return made

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
