"""Reads lines and delimited rows of text files, gzipped or not, without losing a line."""

from __future__ import annotations

import csv
import gzip
import itertools
import string
import zlib
from collections import Counter
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from backend.contract.csv_rows import read_csv, split_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

UTF_8 = "utf-8"
_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_READ_BYTES = 1024 * 1024


class UnknownFormatError(ValueError):
    """No loader supports the format of a file or folder; the message names the content and the accepted formats."""


class Row(NamedTuple):
    """A row of a delimited file with the number of its first line, from 1.

    A line that is no row has no values, but its content and the rule that it breaks.
    """

    line: int
    values: list[str]
    content: bytes = b""
    rule: str = ""


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading; gzip content is decompressed, regardless of the file's name."""
    file = path.open("rb")
    if file.peek(2)[:2] == _GZIP_MAGIC:
        return cast("BinaryIO", gzip.GzipFile(fileobj=file, mode="rb"))
    return file


def check_whole(path: Path) -> None:
    """Raise an `UnknownFormatError` if a file cannot be read to its end, as where a compressed one was cut off."""
    try:
        with path.open("rb") as file:
            if file.peek(2)[:2] == _GZIP_MAGIC:
                with gzip.GzipFile(fileobj=file, mode="rb") as content:
                    while content.read(_READ_BYTES):
                        pass
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise UnknownFormatError(f"{path} is cut off or damaged: its gzip content has no sound end") from None
    except OSError as error:
        raise UnknownFormatError(f"{path} cannot be read: {error.strerror}") from None


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the non-blank lines of a file, without surrounding white space and without a byte order mark."""
    return (text for _, text in number_lines(path))


def number_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of `read_lines`, each with its number in the file, from 1."""
    with open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            text = (line if number > 1 else line.removeprefix(_BOM)).strip()
            if text:
                yield number, text


def read_first_line(path: Path) -> str:
    """Return the first non-blank line, or an empty string."""
    try:
        return next(read_lines(path), b"").decode(errors="replace")
    except (OSError, EOFError, zlib.error) as error:
        raise UnknownFormatError(f"{path} cannot be read: {error}") from None


def read_first_row(path: Path, delimiter: str = ",", *, is_quoted: bool = True, encoding: str = UTF_8) -> list[str]:
    """Return the values of the first row of a delimited file, as `read_rows` splits them.

    White space around the row is no part of it, except a delimiter, before or after which a value is empty.
    """
    blanks = "".join({*string.whitespace} - {*delimiter}).encode()
    with open_bytes(path) as file:
        first = next((line for line in file if line.removeprefix(_BOM).strip()), b"").removeprefix(_BOM)
    line = _decoded(first.strip(blanks), encoding)
    try:
        return split_row(line.decode(errors="replace"), delimiter, is_quoted=is_quoted)
    except csv.Error as error:
        raise UnknownFormatError(
            f"{path} has no readable header ({error}); set quote: none if it has no quotes"
        ) from None


def read_rows(
    path: Path, delimiter: str, columns: int, *, is_quoted: bool = True, encoding: str = UTF_8
) -> Iterator[Row]:
    """Yield the rows of a delimited file of `columns` values.

    A line that is no such row is yielded as well, so that the event made of it is refused and counted; blank lines are
    skipped. Bytes that are not of the encoding become surrogates, so that they are refused rather than altered.
    """
    with open_bytes(path) as file:
        lines = (_decoded(line.rstrip(b"\r\n"), encoding) for line in file)
        number, first = next(((number, line) for number, line in enumerate(lines, 1) if line.strip()), (1, b""))
        rows = read_csv(
            itertools.chain([first.removeprefix(_BOM)], lines),
            columns,
            delimiter=delimiter,
            is_quoted=is_quoted,
            errors="surrogateescape",
        )
        for row in rows:
            if row.rule:
                yield Row(number, [], b"\n".join(row.lines), row.rule)
            elif row.values:
                yield Row(number, list(row.values))
            number += len(row.lines)


def find_file(folder: Path, name: str) -> Path | None:
    """Return the path of a file in a folder, gzipped or not, or None."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def find_repeated(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, each once, in order."""
    return [name for name, count in Counter(names).items() if count > 1]


def _decoded(line: bytes, encoding: str) -> bytes:
    """Return a line in UTF-8; bytes that the encoding lacks stay as they are, so that they are refused."""
    if encoding == UTF_8:
        return line
    return line.decode(encoding, errors="surrogateescape").encode(UTF_8, errors="surrogateescape")
