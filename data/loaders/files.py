"""Reads lines and delimited rows of text files, gzipped or not, without losing a line."""

from __future__ import annotations

import csv
import gzip
import itertools
from typing import TYPE_CHECKING, BinaryIO, cast

from backend.contract.csv_rows import read_csv, split_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


class UnknownFormatError(ValueError):
    """No loader supports the format of a file or folder; the message names the content and the accepted formats."""


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading; gzip content is decompressed, regardless of the file's name."""
    file = path.open("rb")
    if file.peek(2)[:2] == _GZIP_MAGIC:
        return cast("BinaryIO", gzip.GzipFile(fileobj=file, mode="rb"))
    return file


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the non-blank lines of a file, without surrounding white space."""
    with open_bytes(path) as file:
        for line in file:
            text = line.strip()
            if text:
                yield text


def read_first_line(path: Path) -> str:
    """Return the first non-blank line, or an empty string."""
    try:
        return next(read_lines(path), b"").decode("utf-8-sig", errors="replace")
    except (OSError, EOFError) as error:
        raise UnknownFormatError(f"{path} cannot be read: {error}") from None


def read_rows(path: Path, delimiter: str, columns: int = 0, *, is_quoted: bool = True) -> Iterator[list[str] | bytes]:
    """Yield the rows of a delimited file of `columns` values; without `columns`, of as many as its first row has.

    A line that is no such row is yielded as its bytes, so that the event made of it is refused and counted; blank lines
    are skipped. Bytes that are not UTF-8 become surrogates, so that they are refused rather than altered.
    """
    with open_bytes(path) as file:
        lines = (line.rstrip(b"\r\n") for line in file)
        first = next((line for line in lines if line.strip()), b"").removeprefix(_BOM)
        columns = columns or len(_split_header(path, first, delimiter, is_quoted=is_quoted))
        rows = read_csv(
            itertools.chain([first], lines), columns, delimiter=delimiter, is_quoted=is_quoted, errors="surrogateescape"
        )
        for row in rows:
            if row.rule:
                yield b"\n".join(row.lines)
            elif row.values:
                yield list(row.values)


def _split_header(path: Path, line: bytes, delimiter: str, *, is_quoted: bool) -> list[str]:
    try:
        return split_row(line.decode(errors="replace"), delimiter, is_quoted=is_quoted)
    except csv.Error as error:
        raise UnknownFormatError(
            f"{path} has no readable header ({error}); set quote: none if it has no quotes"
        ) from None
