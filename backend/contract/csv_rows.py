"""Rows of CSV from physical lines, of which a broken one is refused alone."""

from __future__ import annotations

import csv
import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_ROW_LINES = 100
"""Lines of a row whose values contain line breaks; a quote that is still open after as many is a stray one."""

MAX_ROW_BYTES = 256 * 1024
"""Bytes of such a row; the longest record, an item, is a third of it."""

MAX_VALUE_CHARACTERS = 128 * 1024
"""Characters of a quoted value, as https://docs.python.org/3/library/csv.html#csv.field_size_limit has it."""

VALUE_TOO_LONG = f"must have values of at most {MAX_VALUE_CHARACTERS} characters"

_QUOTE = '"'
_IN_QUOTES = re.compile(rb'[^"]*(?:""[^"]*)*')
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
    format_ = _Format(columns, delimiter, is_quoted, errors)
    while (first := ahead.popleft() if ahead else next(source, None)) is not None:
        if not first.strip():
            yield CsvRow([first], [])
            continue
        row = format_.parse([first])
        if row.rule == _OPEN:
            row = _close(first, source, ahead, format_) or row
        for _ in row.lines[1:]:
            ahead.popleft()
        yield row


def split_row(text: str, delimiter: str = ",", *, is_quoted: bool = True) -> list[str]:
    """Return the values of a row; raises `csv.Error` where its quotes are not those of a row, or a value is too long.

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
        values = _parse_quoted(text.replace(delimiter, stand_in), stand_in)
        return [value.replace(stand_in, delimiter) for value in values]
    return _parse_quoted(text, delimiter)


def _parse_quoted(text: str, delimiter: str) -> list[str]:
    (values,) = csv.reader([text], delimiter=delimiter, strict=True)
    # The csv module's own limit is one of the process, which other code may change.
    if len(text) > MAX_VALUE_CHARACTERS and any(len(value) > MAX_VALUE_CHARACTERS for value in values):
        raise csv.Error(_TOO_LONG)
    return values


_TOO_LONG = "field larger than field limit"  # as the csv module has it
_OPEN = f"must close the quote that begins a value, within {MAX_ROW_LINES} lines and {MAX_ROW_BYTES} bytes"


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
            return CsvRow(lines, [], _rule_of(str(error)))
        if len(values) != self.columns:
            return CsvRow(lines, [], f"must have {self.columns} values as the header has, not {len(values)}")
        return CsvRow(lines, values)


def _rule_of(error: str) -> str:
    """Return the rule that a row breaks, by the message of the csv module."""
    if "unexpected end of data" in error:
        return _OPEN
    if _TOO_LONG in error:
        return VALUE_TOO_LONG
    return "must have a delimiter after a closing quote"


def _close(first: bytes, source: Iterator[bytes], ahead: deque[bytes], format_: _Format) -> CsvRow | None:
    """Return the row that begins with a line and closes its quote on a later one; `ahead` keeps the lines after it.

    Each line is scanned once, so that the time is linear in the bytes of a row, whatever they are.
    """
    lines = [first]
    size = len(first)
    delimiter = format_.delimiter.encode()
    while len(lines) < MAX_ROW_LINES and size <= MAX_ROW_BYTES:
        if len(lines) > len(ahead):
            following = next(source, None)
            if following is None:
                return None
            ahead.append(following)
        lines.append(ahead[len(lines) - 1])
        size += len(lines[-1]) + 1
        is_open = _is_open_after(lines[-1], delimiter)
        if is_open is None:
            return None
        if not is_open:
            row = format_.parse(lines)
            return row if row.rule in {"", VALUE_TOO_LONG} else None
    return None


def _is_open_after(line: bytes, delimiter: bytes) -> bool | None:
    """Return whether a quoted value that is open before a line is, or another one is, open after it.

    None is returned where a closing quote has no delimiter after it.
    """
    opening = delimiter + b'"'
    position = 0
    while True:
        quoted = _IN_QUOTES.match(line, position)
        assert quoted  # noqa: S101 - it matches no byte, too
        position = quoted.end()
        if position == len(line):
            return True
        position += 1
        if position == len(line):
            return False
        if not line.startswith(delimiter, position):
            return None
        position = line.find(opening, position)
        if position < 0:
            return False
        position += len(opening)
