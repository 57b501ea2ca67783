"""Rows of CSV from physical lines, of which a broken one is refused alone."""

from __future__ import annotations

import csv
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

MAX_ROW_LINES = 100
"""Lines of a row whose values contain line breaks; a quote that is still open after as many is a stray one."""

MAX_ROW_BYTES = 256 * 1024
"""Bytes of such a row; the longest record, an item, is a third of it."""

_QUOTE = '"'
_PRIVATE_USE = range(0xE000, 0xF900)


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row.

    Attributes
    ----------
    lines
        Its physical lines without their ends: one, or several where a quoted value contains line breaks.
    values
        Its values, none for a blank line.
    rule
        The rule that it breaks; its values are then unknown. Empty for a good row.
    """

    lines: Sequence[bytes]
    values: Sequence[str]
    rule: str = ""


def read_csv(
    lines: Iterable[bytes], columns: int, *, delimiter: str = ",", is_quoted: bool = True, errors: str = "strict"
) -> Iterator[CsvRow]:
    """Yield the rows of physical lines; each line is in exactly one row.

    A quote opens a quoted value at the value's start only, and is an ordinary character elsewhere. A value that is
    quoted may contain line breaks. If the quote is not closed, or the lines together are no row of `columns` values,
    the first line is refused alone and the next one is read by itself.

    Parameters
    ----------
    is_quoted
        False where quotes are ordinary characters everywhere.
    errors
        How to decode what is not UTF-8, as in `bytes.decode`; with `strict` such a line is refused.
    """
    source = iter(lines)
    ahead: deque[bytes] = deque()
    parse = _Format(columns, delimiter, is_quoted, errors).parse
    while (first := ahead.popleft() if ahead else next(source, None)) is not None:
        if not first.strip():
            yield CsvRow([first], [])
            continue
        row = parse([first])
        if row.rule == _OPEN:
            row = _close(first, source, ahead, parse) or row
        for _ in row.lines[1:]:
            ahead.popleft()
        yield row


def split_row(text: str, delimiter: str = ",", *, is_quoted: bool = True) -> list[str]:
    """Return the values of a row; raises `csv.Error` where its quotes are not those of a row.

    Parameters
    ----------
    delimiter
        One or several characters, none of them a quote.
    """
    if not is_quoted or _QUOTE not in text:
        return text.split(delimiter)
    if len(delimiter) > 1:
        # The csv module takes one character: one that the text does not contain stands for the delimiter.
        stand_in = next(character for character in map(chr, _PRIVATE_USE) if character not in text)
        (values,) = csv.reader([text.replace(delimiter, stand_in)], delimiter=stand_in, strict=True)
        return [value.replace(stand_in, delimiter) for value in values]
    (values,) = csv.reader([text], delimiter=delimiter, strict=True)
    return values


_OPEN = "must close the quote that begins a value"


@dataclass(frozen=True, slots=True)
class _Format:
    columns: int
    delimiter: str
    is_quoted: bool
    errors: str

    def parse(self, lines: Sequence[bytes]) -> CsvRow:
        try:
            text = b"\n".join(lines).decode(errors=self.errors)
            values = split_row(text, self.delimiter, is_quoted=self.is_quoted)
        except UnicodeDecodeError:
            return CsvRow(lines, [], "must be in UTF-8")
        except csv.Error as error:
            is_open = "unexpected end of data" in str(error)
            return CsvRow(lines, [], _OPEN if is_open else "must have a delimiter after a closing quote")
        if len(values) != self.columns:
            return CsvRow(lines, [], f"must have {self.columns} values as the header has, not {len(values)}")
        return CsvRow(lines, values)


def _close(
    first: bytes, source: Iterator[bytes], ahead: deque[bytes], parse: Callable[[Sequence[bytes]], CsvRow]
) -> CsvRow | None:
    """Return the row that begins with a line and closes its quote on a later one; `ahead` keeps the lines after it."""
    lines = [first]
    size = len(first)
    while len(lines) < MAX_ROW_LINES and size <= MAX_ROW_BYTES:
        if len(lines) > len(ahead):
            following = next(source, None)
            if following is None:
                return None
            ahead.append(following)
        lines.append(ahead[len(lines) - 1])
        size += len(lines[-1]) + 1
        if b'"' in lines[-1]:
            row = parse(lines)
            if row.rule != _OPEN:
                return None if row.rule else row
    return None
