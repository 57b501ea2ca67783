"""An uploaded object as lines, decompressed where it is gzip, with only a small part of it in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from backend.aws.gunzip import DamagedGzipError, TruncatedGzipError, gunzip

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK_BYTES = 256 * 1024

MAX_LINE_BYTES = 256 * 1024
"""Bytes of a line, or of a CSV row of several lines; the longest record, an item, is a third of it."""

MAX_UNPACKED_BYTES = 4 * 1024 * 1024 * 1024
"""Decompressed bytes of an object; text compresses to a tenth, so a larger one is a bomb or a job for Spark."""

GZIP_MAGIC = b"\x1f\x8b"


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
    """Yield an object's content in pieces, decompressed where it begins like gzip.

    Raises
    ------
    InvalidUploadError
        Where the gzip is damaged or truncated, or decompresses to more than :data:`MAX_UNPACKED_BYTES`.
    """
    first = source.read(CHUNK_BYTES)
    chunks = _read_from(first, source)
    if not first.startswith(GZIP_MAGIC):
        yield from chunks
        return
    total = 0
    try:
        for piece in gunzip(chunks):
            total += len(piece)
            if total > MAX_UNPACKED_BYTES:
                raise InvalidUploadError(f"the object unpacks to more than {MAX_UNPACKED_BYTES} bytes")
            yield piece
    except DamagedGzipError:
        raise InvalidUploadError("the object begins like gzip, but is damaged") from None
    except TruncatedGzipError:
        raise InvalidUploadError("the object begins like gzip, but is truncated") from None


def split_lines(chunks: Iterator[bytes], position: int = 0, number: int = 0) -> Iterator[Line]:
    r"""Yield the lines of a stream that begins at a position of its object, in bytes, after a number of lines.

    A line ends with ``\n`` or ``\r\n``; the last one may lack its end.
    """
    pending = b""
    too_long: bytes | None = None  # the beginning of a line that is too long, until its end is found
    for chunk in chunks:
        parts = (pending + chunk).split(b"\n")
        pending = parts.pop()
        for part in parts:
            position += len(part) + 1
            number += 1
            yield (
                _line(part, position, number) if too_long is None else Line(too_long, position, number, is_whole=False)
            )
            too_long = None
        if len(pending) > MAX_LINE_BYTES:
            position += len(pending)
            too_long = too_long or pending[:MAX_LINE_BYTES]
            pending = b""
    position += len(pending)
    if too_long is not None:
        yield Line(too_long, position, number + 1, is_whole=False)
    elif pending:
        yield _line(pending, position, number + 1)


def skip_bytes(chunks: Iterator[bytes], count: int) -> Iterator[bytes]:
    """Yield a stream without its first `count` bytes."""
    for chunk in chunks:
        if count < len(chunk):
            yield chunk[count:]
        count = max(0, count - len(chunk))


def _read_from(chunk: bytes, source: Readable) -> Iterator[bytes]:
    while chunk:
        yield chunk
        chunk = source.read(CHUNK_BYTES)


def _line(data: bytes, end: int, number: int) -> Line:
    data = data.removesuffix(b"\r")
    return Line(data[:MAX_LINE_BYTES], end, number, is_whole=len(data) <= MAX_LINE_BYTES)
