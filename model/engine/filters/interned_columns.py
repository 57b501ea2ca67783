"""Columns of a table, compared as numbers: each distinct string has a code, numbers are stored as they are."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

NULL = -1  # the code of a missing string
SEPARATOR = "|"  # between the values of one categorical field (developer guide, "Categorical metadata")
FEW_CODES = 8  # up to this number, comparing one by one is faster than a look-up table
EXACT, LARGEST = 2**53, 2**64  # a float64 has any whole number up to the first; no long reaches the second
COMPARISONS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class TextColumn:
    """A column of strings.

    A field with several values, such as "drama|crime", has one code. The codes that contain a single value are found
    in the distinct strings, of which there are far fewer than rows.
    """

    def __init__(self, size: int) -> None:
        self.codes = np.full(size, NULL, np.int32)
        self.strings: list[str] = []
        self._code_of: dict[str, int] = {}
        self._codes_with: dict[str, list[int]] = {}
        self._split = 0  # number of strings that are in `_codes_with`

    def grow(self, size: int) -> None:
        """Grow to a number of rows."""
        self.codes = _grown(self.codes, size, NULL)

    def set(self, row: int, value: str | None) -> None:
        """Set the value of a row."""
        if value is None:
            self.codes[row] = NULL
            return
        code = self._code_of.get(value)
        if code is None:
            code = self._code_of[value] = len(self.strings)
            self.strings.append(value)
        self.codes[row] = code

    def drop_unused(self) -> None:
        """Drop the strings that no row has."""
        used = np.unique(self.codes)
        used = used[used != NULL]
        renumbered = np.full(len(self.strings) + 1, NULL, np.int32)
        renumbered[used] = np.arange(used.size)
        self.codes = renumbered[self.codes]
        self.strings = [self.strings[code] for code in used.tolist()]
        self._code_of = {value: code for code, value in enumerate(self.strings)}
        self._codes_with, self._split = {}, 0

    def value(self, row: int) -> str | None:
        """Return the value of a row."""
        code = int(self.codes[row])
        return None if code == NULL else self.strings[code]

    def codes_of(self, values: Iterable[str], *, several: bool) -> list[int]:
        """Return the codes of the strings that equal one of the values, or contain one where fields hold several."""
        if not several:
            return [self._code_of[value] for value in values if value in self._code_of]
        for code in range(self._split, len(self.strings)):
            for value in set(self.strings[code].split(SEPARATOR)):
                self._codes_with.setdefault(value, []).append(code)
        self._split = len(self.strings)
        return sorted({code for value in values for code in self._codes_with.get(value, ())})

    def matches(self, codes: NDArray[np.int32], wanted: list[int], *, negated: bool) -> NDArray[np.bool_]:
        """Return, as array of shape (n,), which of n codes are wanted or, if negated, present and not wanted."""
        if len(wanted) <= FEW_CODES:
            is_wanted = np.zeros(codes.size, np.bool_)
            for code in wanted:
                is_wanted |= codes == code
            return (codes != NULL) & ~is_wanted if negated else is_wanted
        table = np.full(len(self.strings) + 1, negated, np.bool_)
        table[wanted] = not negated
        table[NULL] = False  # the last entry, which no string has
        looked_up: NDArray[np.bool_] = table[codes]
        return looked_up


class NumberColumn:
    """A column of numbers, floats or longs; NaN for a missing value.

    A long is the sum of the nearest float64 and a rest, of 512 at most. Only columns with a rest have an array of them.
    """

    def __init__(self, size: int) -> None:
        self._numbers = np.full(size, np.nan)
        self._rests: NDArray[np.int16] | None = None

    def grow(self, size: int) -> None:
        """Grow to a number of rows."""
        self._numbers = _grown(self._numbers, size, np.nan)
        if self._rests is not None:
            self._rests = _grown(self._rests, size, 0)

    def set(self, row: int, value: float | None) -> None:
        """Set the value of a row."""
        self._numbers[row] = np.nan if value is None else value
        rest = 0 if value is None else _rest(value)
        if self._rests is not None:
            self._rests[row] = rest
        elif rest:
            self._rests = np.zeros(self._numbers.size, np.int16)
            self._rests[row] = rest

    def value(self, row: int) -> float | None:
        """Return the value of a row."""
        number = float(self._numbers[row])
        if np.isnan(number):
            return None
        rest = 0 if self._rests is None else int(self._rests[row])
        return int(number) + rest if rest else number

    def matches(self, rows: slice | NDArray[np.int64], sign: str, value: float) -> NDArray[np.bool_]:
        """Return, as array of shape (n,), which of n rows have a number for which a comparison with a value is true."""
        compares, numbers = COMPARISONS[sign], self._numbers[rows]
        nearest, rest = float(value), _rest(value)
        met: NDArray[np.bool_] = compares(numbers, nearest)
        if self._rests is not None or rest:
            rests = 0 if self._rests is None else self._rests[rows]
            met = np.where(numbers == nearest, compares(rests, rest), met)
        # A missing number differs from all others, but meets no condition.
        return met & ~np.isnan(numbers) if sign == "!=" else met


def _rest(number: float) -> int:
    """Return what the nearest float64 lacks of a whole number."""
    if isinstance(number, int) and EXACT < abs(number) <= LARGEST:
        return number - int(float(number))
    return 0


def _grown(array: NDArray[Any], size: int, missing: float) -> NDArray[Any]:
    grown = np.full(size, missing, array.dtype)
    grown[: array.size] = array
    return grown
