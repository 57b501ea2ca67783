"""Reads lines and delimited rows of text files, gzipped or not, without losing a line."""

from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GZIP_MAGIC = b"\x1f\x8b"
# The contract refuses events above 10 KB; a longer line is broken, and is read up to this bound so that it is counted.
_LONGEST_CSV_FIELD = 1_000_000


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


def read_rows(path: Path, delimiter: str) -> Iterator[list[str]]:
    """Yield the non-blank rows of a delimited file.

    Bytes that are not UTF-8 become surrogates, so that the event made of them is refused rather than altered.
    """
    csv.field_size_limit(_LONGEST_CSV_FIELD)
    with open_bytes(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
        yield from (row for row in csv.reader(text, delimiter=delimiter) if row)
