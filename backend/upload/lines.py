"""An uploaded object as lines, decompressed where it is gzip, with only a small part of it in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from backend.aws.gunzip import DamagedGzipError, TruncatedGzipError, gunzip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK_BYTES = 256 * 1024

MAX_LINE_BYTES = 256 * 1024
"""Bytes of a line, or of a CSV row of several lines; the longest record, an item, is a third of it."""

MAX_UNPACKED_BYTES = 512 * 1024 * 1024
"""Decompressed bytes of a gzip, as of an object that is none.

Each invocation decompresses it from its beginning, at 150 to 200 MB/s, and must have time left to store rows.
"""

MAX_LINES = 50_000_000
"""Lines of an object, blank ones among them."""

MAX_SKIPPED_BYTES = 16 * 1024 * 1024
"""Bytes of a line that is refused alone; an object with a longer one is not made of lines."""

# More than a row of CSV may have, so that blank lines in a value stay.
_BLANK_LINES_APART = 1000

GZIP_MAGIC = b"\x1f\x8b"
PARQUET_MAGIC = b"PAR1"


class InvalidUploadError(ValueError):
    """An object that cannot be processed at all; the message names the reason for the caller."""


class Readable(Protocol):
    """A source of bytes."""

    def read(self, amt: int, /) -> bytes:
        """Return up to `amt` bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line.

    Attributes
    ----------
    data
        Its bytes without the line end; only the first :data:`MAX_LINE_BYTES` of a longer line.
    end
        Position after the line, in bytes of the decompressed object.
    number
        Of the line in its object, from 1.
    """

    data: bytes
    end: int
    number: int
    is_whole: bool


def read_chunks(source: Readable) -> Iterator[bytes]:
    """Yield the bytes of a source in pieces."""
    while chunk := source.read(CHUNK_BYTES):
        yield chunk


def unpack(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the decompressed content of a gzip in pieces.

    Raises
    ------
    InvalidUploadError
        Where the gzip is damaged or truncated, or has more than :data:`MAX_UNPACKED_BYTES` or :data:`MAX_LINES`.
    """
    size = lines = 0
    try:
        for piece in gunzip(chunks):
            size += len(piece)
            lines += piece.count(b"\n")
            if size > MAX_UNPACKED_BYTES:
                raise InvalidUploadError(
                    f"the object unpacks to more than {MAX_UNPACKED_BYTES} bytes; split the data into several objects"
                )
            _check_count(lines)
            yield piece
    except DamagedGzipError:
        raise InvalidUploadError("the object begins like gzip, but is damaged") from None
    except TruncatedGzipError:
        raise InvalidUploadError("the object begins like gzip, but is truncated") from None


def split_lines(chunks: Iterable[bytes], position: int = 0, number: int = 0) -> Iterator[Line]:
    r"""Yield the lines of a stream that begins at a position of its object, in bytes, after a number of lines.

    A line ends with ``\n`` or ``\r\n``; the last one may lack its end. After a thousand blank lines in a row, the
    further ones may be one, which ends where the last of them does.

    Raises
    ------
    InvalidUploadError
        Where there are more than :data:`MAX_LINES`, or one of more than :data:`MAX_SKIPPED_BYTES`.
    """
    pending = b""
    too_long: bytes | None = None  # the beginning of a line that is too long, until its end is found
    begin = position  # of the line that is not complete
    for chunk in chunks:
        parts = (pending + chunk).split(b"\n", -1 if pending.strip() or chunk.strip() else _BLANK_LINES_APART)
        pending = parts.pop()
        for part in parts:
            position += len(part) + 1
            number += 1
            yield (
                _line(part, position, number) if too_long is None else Line(too_long, position, number, is_whole=False)
            )
            too_long = None
        blank = pending[: pending.rfind(b"\n") + 1]
        if blank:
            position, number, pending = position + len(blank), number + blank.count(b"\n"), pending[len(blank) :]
            yield Line(b"", position, number, is_whole=True)
        if parts:
            begin = position
        _check_count(number)
        if len(pending) > MAX_LINE_BYTES:
            position += len(pending)
            too_long = too_long or pending[:MAX_LINE_BYTES]
            pending = b""
            if position - begin > MAX_SKIPPED_BYTES:
                raise InvalidUploadError(
                    f"line {number + 1} has more than {MAX_SKIPPED_BYTES} bytes; each record must be a line of its own"
                )
    position += len(pending)
    if too_long is not None:
        yield Line(too_long, position, number + 1, is_whole=False)
    elif pending:
        yield _line(pending, position, number + 1)


def skip_bytes(chunks: Iterable[bytes], count: int) -> Iterator[bytes]:
    """Yield a stream without its first `count` bytes."""
    for chunk in chunks:
        if count < len(chunk):
            yield chunk[count:]
        count = max(0, count - len(chunk))


def _check_count(lines: int) -> None:
    if lines > MAX_LINES:
        raise InvalidUploadError(f"the object has more than {MAX_LINES} lines; split the data into several objects")


def _line(data: bytes, end: int, number: int) -> Line:
    data = data.removesuffix(b"\r")
    return Line(data[:MAX_LINE_BYTES], end, number, is_whole=len(data) <= MAX_LINE_BYTES)
