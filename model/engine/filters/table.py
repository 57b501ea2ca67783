"""The rows of an Items, Users or Actions dataset as columns that filters are evaluated on.

A row never changes its number, so callers may keep the numbers of ids. The result of a condition on all rows is
cached; after a change of a row only that row is evaluated again.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from model.datasets.limits import STRING_LENGTH
from model.engine.filters.interned_columns import SEPARATOR, NumberColumn, TextColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Row = Mapping[str, Any]
    # From rows to which of them meet a condition.
    Evaluate = Callable[[slice | NDArray[np.int64]], NDArray[np.bool_]]

ROOM = 1024  # rows that a new table has room for
CACHED_RESULTS, CACHED_BYTES = 512, 32 * 2**20  # results of conditions on all rows
CHANGES = 4096  # changed rows that are tracked before the cache is cleared


class _Columns:
    """The columns of a table; a name has two if its values were strings at first and numbers later."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.texts: dict[str, TextColumn] = {}
        self.numbers: dict[str, NumberColumn] = {}

    def set(self, number: int, row: Row) -> None:
        """Set all values of a row; columns that it does not name become missing."""
        for texts in self.texts.values():
            texts.set(number, None)
        for numbers in self.numbers.values():
            numbers.set(number, None)
        self.add(number, row)

    def add(self, number: int, row: Row) -> None:
        """Set the values of a row that has none."""
        for name, value in row.items():
            # Filters may use neither textual columns, whose strings can be longer, nor booleans.
            if isinstance(value, str) and len(value) <= STRING_LENGTH:
                if name not in self.texts:
                    self.texts[name] = TextColumn(self.room)
                self.texts[name].set(number, value)
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                if name not in self.numbers:
                    self.numbers[name] = NumberColumn(self.room)
                self.numbers[name].set(number, value)

    def drop_unused(self) -> None:
        """Drop the strings that no row has."""
        for texts in self.texts.values():
            texts.drop_unused()

    def grow(self, room: int) -> None:
        """Grow to a number of rows."""
        if room > self.room:
            self.room = room
            for texts in self.texts.values():
                texts.grow(room)
            for numbers in self.numbers.values():
                numbers.grow(room)


class Table:
    """Rows by id, in columns."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._row_of: dict[str, int] = {}
        self._columns = _Columns(ROOM)
        self._replacements: list[Replacement] = []
        self._clear_cache()

    @property
    def size(self) -> int:
        """Number of rows, including those of ids without data."""
        return len(self.ids)

    def row(self, row_id: str) -> int | None:
        """Return the number of an id's row; None if the id has no row."""
        return self._row_of.get(row_id)

    def intern(self, ids: Iterable[str]) -> NDArray[np.int32]:
        """Return the numbers of ids' rows; an id without data gets a row of missing values."""
        numbers = np.fromiter(map(self._number, ids), np.int32)
        if self.size > self._columns.room:
            self._columns.grow(max(self.size, 2 * self._columns.room))
        return numbers

    def upsert(self, row_id: str, row: Row) -> None:
        """Replace one row by values by column, without the id."""
        number = int(self.intern([row_id])[0])
        self._columns.set(number, row)
        self._changes.append(number)
        if len(self._changes) > CHANGES:
            self._clear_cache()
        for replacement in self._replacements:
            replacement.changed[number] = row

    def replace(self, rows: Mapping[str, Row]) -> None:
        """Replace all rows by those of a mapping by id."""
        replacement = self.replacement(rows)
        replacement.build()
        replacement.finish()

    def replacement(self, rows: Mapping[str, Row], known: Sequence[int] = ()) -> Replacement:
        """Start to replace all rows if that takes long: `build` may run in a thread, `finish` makes it effective.

        Parameters
        ----------
        rows : mapping
            By id; must not change until `build` has ended.
        known : sequence of int
            The numbers of the first rows, looked up before, since looking up many ids at once takes long.
        """
        numbers = [*known, *self.intern(islice(rows, len(known), None)).tolist()]
        replacement = Replacement(self, numbers, rows)
        self._replacements.append(replacement)
        return replacement

    def erase(self, ids: Iterable[str]) -> None:
        """Erase rows with their values and ids."""
        for row_id in ids:
            number = self._row_of.pop(row_id, None)
            if number is not None:
                self._columns.set(number, {})
                self.ids[number] = ""
                for replacement in self._replacements:
                    replacement.changed[number] = {}
        self._columns.drop_unused()
        self._clear_cache()

    def texts(self, number: int, name: str, *, several: bool) -> tuple[str, ...]:
        """Return the strings that a row has in a column: none for a missing value, more than one only if `several`."""
        column = self._columns.texts.get(name)
        value = column.value(number) if column else None
        if value is None:
            return ()
        return tuple(value.split(SEPARATOR)) if several else (value,)

    def number(self, number: int, name: str) -> float | None:
        """Return the number that a row has in a column; None for a missing value."""
        column = self._columns.numbers.get(name)
        return column.value(number) if column else None

    def with_texts(self, name: str, values: Sequence[str], *, several: bool, negated: bool) -> NDArray[np.bool_]:
        """Return which rows have one of the values in a column or, if negated, only other values, as a read-only array.

        With `several`, fields of the column can hold several values.
        """
        column = self._columns.texts.get(name)
        if column is None:
            return np.zeros(self.size, np.bool_)

        def evaluate(rows: slice | NDArray[np.int64]) -> NDArray[np.bool_]:
            return column.matches(column.codes[rows], column.codes_of(values, several=several), negated=negated)

        return self._cached((name, tuple(values), several, negated), evaluate)

    def with_number(self, name: str, operator: str, value: float) -> NDArray[np.bool_]:
        """Return, read-only, which rows have a number in a column that meets a comparison (=, !=, <, <=, > or >=)."""
        column = self._columns.numbers.get(name)
        if column is None:
            return np.zeros(self.size, np.bool_)

        def evaluate(rows: slice | NDArray[np.int64]) -> NDArray[np.bool_]:
            return column.matches(rows, operator, value)

        return self._cached((name, operator, value), evaluate)

    def with_ids(self, ids: Iterable[str], *, negated: bool = False) -> NDArray[np.bool_]:
        """Return which rows have one of the ids or, if negated, none of them."""
        matches = np.full(self.size, negated, np.bool_)
        row_of = self._row_of.get
        matches[[number for row_id in ids if (number := row_of(row_id)) is not None]] = not negated
        return matches

    def set_columns(self, columns: _Columns) -> None:
        """Replace all columns; see `replacement`."""
        columns.grow(self._columns.room)
        self._columns = columns
        self._clear_cache()

    def end_replacement(self, replacement: Replacement) -> None:
        """Stop recording changed rows in a replacement."""
        self._replacements.remove(replacement)

    def _number(self, row_id: str) -> int:
        known = self._row_of.get(row_id)
        if known is None:
            known = self._row_of[row_id] = len(self.ids)
            self.ids.append(row_id)
        return known

    def _cached(self, condition: tuple[Any, ...], evaluate: Evaluate) -> NDArray[np.bool_]:
        """Return the result of a condition from the cache, after evaluating the rows that have changed since."""
        cached = self._cache.get(condition)
        if cached is None:
            if len(self._cache) >= min(CACHED_RESULTS, CACHED_BYTES // max(1, self.size)):
                self._clear_cache()
            matches = evaluate(slice(0, self.size))
        else:
            matches, seen = cached
            if matches.size == self.size and seen == len(self._changes):
                return matches
            changed = np.array(self._changes[seen:], np.int64)
            # A new array, since callers may still use the old one. Rows without data meet no condition.
            old, matches = matches, np.zeros(self.size, np.bool_)
            matches[: old.size] = old
            matches[changed] = evaluate(changed)
        self._cache[condition] = matches, len(self._changes)
        return matches

    def _clear_cache(self) -> None:
        self._cache: dict[tuple[Any, ...], tuple[NDArray[np.bool_], int]] = {}
        self._changes: list[int] = []


class Replacement:
    """A replacement of all rows of a table but those that change after its start; see `Table.replacement`."""

    def __init__(self, table: Table, numbers: list[int], rows: Mapping[str, Row]) -> None:
        self.changed: dict[int, Row] = {}
        self._table = table
        self._numbers = numbers
        self._rows = rows
        self._columns = _Columns(max(ROOM, table.size))

    def build(self) -> None:
        """Build the new columns."""
        for number, row in zip(self._numbers, self._rows.values(), strict=True):
            self._columns.add(number, row)

    def finish(self) -> None:
        """Make the new columns those of the table."""
        self._table.end_replacement(self)
        self._table.set_columns(self._columns)
        for number, row in self.changed.items():
            self._columns.set(number, row)
        if not all(self.changed.values()):
            self._columns.drop_unused()  # some rows were erased meanwhile
