"""The rows of an Items, Users or Actions dataset as columns that filters are evaluated over.

A row keeps its number for ever, so who has looked up the numbers of some ids need not do so again. What was found
out about all rows is remembered; a changed row costs one more look at that row, not at all of them.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from model.datasets.limits import STRING_LENGTH
from model.engine.filters.interned_columns import SEPARATOR, NumberColumn, TextColumn, compare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Row = Mapping[str, Any]
    # A column and, of the rows asked for, those that meet the condition.
    Look = Callable[[slice | NDArray[np.int64]], NDArray[np.bool_]]

ROOM = 1024  # rows that a new table has room for
REMEMBERED, REMEMBERED_BYTES = 512, 32 * 2**20  # answers about all rows
CHANGES = 4096  # so many changed rows are kept in mind before all is looked at again


class _Columns:
    """The columns of a table; a name has two where its values were strings once and numbers later."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.texts: dict[str, TextColumn] = {}
        self.numbers: dict[str, NumberColumn] = {}

    def set(self, number: int, row: Row) -> None:
        """Give a row its values; what it does not name is missing."""
        for texts in self.texts.values():
            texts.set(number, None)
        for numbers in self.numbers.values():
            numbers.set(number, None)
        self.add(number, row)

    def add(self, number: int, row: Row) -> None:
        """Give a row that has no values its values."""
        for name, value in row.items():
            # Longer strings are texts and booleans are flags: neither may be filtered by.
            if isinstance(value, str) and len(value) <= STRING_LENGTH:
                if name not in self.texts:
                    self.texts[name] = TextColumn(self.room)
                self.texts[name].set(number, value)
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                if name not in self.numbers:
                    self.numbers[name] = NumberColumn(self.room)
                self.numbers[name].set(number, value)

    def drop_unused(self) -> None:
        """Forget the strings that no row has any more."""
        for texts in self.texts.values():
            texts.drop_unused()

    def grow(self, room: int) -> None:
        """Make room for so many rows."""
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
        self._forget_findings()

    @property
    def size(self) -> int:
        """How many rows there are; those of ids without data are counted."""
        return len(self.ids)

    def row(self, row_id: str) -> int | None:
        """Return the number of an id's row; None where it has none."""
        return self._row_of.get(row_id)

    def intern(self, ids: Iterable[str]) -> NDArray[np.int32]:
        """Return the numbers of ids' rows; an id without data gets a row of missing values.

        Returns
        -------
        int32 array of shape (ids,)
        """
        numbers = np.fromiter((self._number(one) for one in ids), np.int32)
        if self.size > self._columns.room:
            self._columns.grow(max(self.size, 2 * self._columns.room))
        return numbers

    def upsert(self, row_id: str, row: Row) -> None:
        """Replace one row.

        Parameters
        ----------
        row : mapping
            Values by column, without the id.
        """
        number = int(self.intern([row_id])[0])
        self._columns.set(number, row)
        self._changes.append(number)
        if len(self._changes) > CHANGES:
            self._forget_findings()
        for replacement in self._replacements:
            replacement.late[number] = row

    def replace(self, rows: Mapping[str, Row]) -> None:
        """Let these be all rows.

        Parameters
        ----------
        rows : mapping
            By id.
        """
        replacement = self.replacement(rows)
        replacement.build()
        replacement.finish()

    def replacement(self, rows: Mapping[str, Row], known: Sequence[int] = ()) -> Replacement:
        """Begin to replace all rows where that takes long: `build` may run in a thread, `finish` puts it in effect.

        Parameters
        ----------
        rows : mapping
            By id; not to be changed until `build` has ended.
        known : sequence of int
            The numbers of the first rows, where they were looked up before: many at once take long.

        Returns
        -------
        Replacement
            Rows that change meanwhile are not lost by it.
        """
        numbers = [*known, *self.intern(islice(rows, len(known), None)).tolist()]
        begun = Replacement(self, numbers, rows)
        self._replacements.append(begun)
        return begun

    def erase(self, ids: Iterable[str]) -> None:
        """Forget rows, what they held, and that there ever were any with these ids."""
        for row_id in ids:
            number = self._row_of.pop(row_id, None)
            if number is not None:
                self._columns.set(number, {})
                self.ids[number] = ""
                for replacement in self._replacements:
                    replacement.late[number] = {}
        self._columns.drop_unused()
        self._forget_findings()

    def texts(self, number: int, name: str, *, several: bool) -> tuple[str, ...]:
        """Return the strings that a row has in a column; none where it is missing.

        Parameters
        ----------
        several : bool
            Whether the column's fields may hold several values.
        """
        column = self._columns.texts.get(name)
        value = column.value(number) if column else None
        if value is None:
            return ()
        return tuple(value.split(SEPARATOR)) if several else (value,)

    def number(self, number: int, name: str) -> float | None:
        """Return the number that a row has in a column; None where it is missing."""
        column = self._columns.numbers.get(name)
        if column is None or np.isnan(column.numbers[number]):
            return None
        return float(column.numbers[number])

    def with_texts(self, name: str, values: Sequence[str], *, several: bool, negated: bool) -> NDArray[np.bool_]:
        """Tell which rows have one of the values in a column, or have others only.

        Parameters
        ----------
        several : bool
            Whether the column's fields may hold several values.
        negated : bool
            True asks for rows that have a value but none of these.

        Returns
        -------
        bool array of shape (size,)
            Not to be changed.
        """
        column = self._columns.texts.get(name)
        if column is None:
            return np.zeros(self.size, np.bool_)

        def look(rows: slice | NDArray[np.int64]) -> NDArray[np.bool_]:
            return column.matches(column.codes[rows], column.codes_of(values, several=several), negated=negated)

        return self._found((name, tuple(values), several, negated), look)

    def with_number(self, name: str, operator: str, value: float) -> NDArray[np.bool_]:
        """Tell which rows have a number in a column that compares so with a value.

        Parameters
        ----------
        operator : str
            =, !=, <, <=, > or >=.

        Returns
        -------
        bool array of shape (size,)
            Not to be changed.
        """
        column = self._columns.numbers.get(name)
        if column is None:
            return np.zeros(self.size, np.bool_)

        def look(rows: slice | NDArray[np.int64]) -> NDArray[np.bool_]:
            return compare(column.numbers[rows], operator, value)

        return self._found((name, operator, value), look)

    def with_ids(self, ids: Iterable[str], *, negated: bool = False) -> NDArray[np.bool_]:
        """Tell which rows have one of the ids, or none of them.

        Returns
        -------
        bool array of shape (size,)
        """
        found = np.full(self.size, negated, np.bool_)
        known = self._row_of.get
        found[[number for one in ids if (number := known(one)) is not None]] = not negated
        return found

    def use(self, columns: _Columns) -> None:
        """Let these columns be the table's; see `replacement`."""
        columns.grow(self._columns.room)
        self._columns = columns
        self._forget_findings()

    def end(self, replacement: Replacement) -> None:
        """Tell a replacement of changed rows no more."""
        self._replacements.remove(replacement)

    def _number(self, row_id: str) -> int:
        known = self._row_of.get(row_id)
        if known is None:
            known = self._row_of[row_id] = len(self.ids)
            self.ids.append(row_id)
        return known

    def _found(self, question: tuple[Any, ...], look: Look) -> NDArray[np.bool_]:
        """Return what was found out about a question before, after a look at rows that have changed since."""
        known = self._findings.get(question)
        if known is None:
            if len(self._findings) >= min(REMEMBERED, REMEMBERED_BYTES // max(1, self.size)):
                self._forget_findings()
            found = look(slice(0, self.size))
        else:
            found, seen = known
            if found.size == self.size and seen == len(self._changes):
                return found
            changed = np.array(self._changes[seen:], np.int64)
            # A new array: whoever was given the old one may still hold it. Rows without data meet no condition.
            old, found = found, np.zeros(self.size, np.bool_)
            found[: old.size] = old
            found[changed] = look(changed)
        self._findings[question] = found, len(self._changes)
        return found

    def _forget_findings(self) -> None:
        self._findings: dict[tuple[Any, ...], tuple[NDArray[np.bool_], int]] = {}
        self._changes: list[int] = []


class Replacement:
    """All rows of a table anew; see `Table.replacement`.

    Attributes
    ----------
    late : dict
        Rows that changed after it was begun, by number.
    """

    def __init__(self, table: Table, numbers: list[int], rows: Mapping[str, Row]) -> None:
        self.late: dict[int, Row] = {}
        self._table = table
        self._numbers = numbers
        self._rows = rows
        self._columns = _Columns(max(ROOM, table.size))

    def build(self) -> None:
        """Make the new columns."""
        for number, row in zip(self._numbers, self._rows.values(), strict=True):
            self._columns.add(number, row)

    def finish(self) -> None:
        """Put them in effect."""
        self._table.end(self)
        self._table.use(self._columns)
        for number, row in self.late.items():
            self._columns.set(number, row)
        if not all(self.late.values()):
            self._columns.drop_unused()  # some were forgotten meanwhile
