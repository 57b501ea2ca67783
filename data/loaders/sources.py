"""Files as they lie there: text lines and rows, gzipped or not, without a line lost."""

from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GZIP_MAGIC = b"\x1f\x8b"
# The contract refuses events beyond 10 KB; a line may be larger only because it is broken, so read it but bound it.
_LONGEST_CSV_FIELD = 1_000_000


class UnknownSource(ValueError):  # noqa: N818 - named for what is wrong
    """A file or folder in no form the loaders know; the message says what was found and what is accepted."""


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading, unpacking it when its content is gzip, whatever its name."""
    file = path.open("rb")
    if file.peek(2)[:2] == _GZIP_MAGIC:
        return cast("BinaryIO", gzip.GzipFile(fileobj=file, mode="rb"))
    return file


def lines(path: Path) -> Iterator[bytes]:
    """Yield a file's lines without their ends, but for blank ones."""
    with open_bytes(path) as file:
        for line in file:
            text = line.strip()
            if text:
                yield text


def first_line(path: Path) -> str:
    """Return the first line that is not blank, or an empty text."""
    try:
        return next(lines(path), b"").decode("utf-8-sig", errors="replace")
    except (OSError, EOFError) as error:
        raise UnknownSource(f"{path} cannot be read: {error}") from None


def rows(path: Path, delimiter: str) -> Iterator[list[str]]:
    """Yield a delimited file's rows, but for blank ones.

    Bytes that are no UTF-8 survive as surrogates, so that the event made of them is refused rather than altered.
    """
    csv.field_size_limit(_LONGEST_CSV_FIELD)
    with open_bytes(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
        yield from (row for row in csv.reader(text, delimiter=delimiter) if row)
