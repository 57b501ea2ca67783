"""An uploaded object as a stream of lines, out of gzip where it is packed, never more than a little of it in memory."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK_BYTES = 256 * 1024

MAX_LINE_BYTES = 256 * 1024
"""Bytes of a line, or of a CSV row over several; the longest record, an item, is a third of it."""

MAX_UNPACKED_BYTES = 4 * 1024 * 1024 * 1024
"""Bytes that an object may unpack to; text packs to a tenth, so more is a bomb or a job for Spark."""

GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS


class UploadRefused(ValueError):  # noqa: N818 - named for what is wrong
    """An object that cannot be worked off at all; the message says why, for the caller to read."""


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, amt: int, /) -> bytes:
        """Return so many bytes, fewer at the end, none after it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line.

    Attributes
    ----------
    data
        Its bytes without its end; its first :data:`MAX_LINE_BYTES` where it is longer.
    end
        Position after it, in bytes of the unpacked object.
    whole
        Whether `data` is all of it.
    """

    data: bytes
    end: int
    whole: bool


def unpack(source: Readable) -> Iterator[bytes]:
    """Yield an object's content in pieces, out of gzip where it begins as gzip does.

    Parameters
    ----------
    source
        The object, from its beginning.

    Yields
    ------
    bytes
        At most :data:`CHUNK_BYTES`.

    Raises
    ------
    UploadRefused
        Where the gzip is damaged or cut, or unpacks to more than is taken.
    """
    first = source.read(CHUNK_BYTES)
    if not first.startswith(GZIP_MAGIC):
        while first:
            yield first
            first = source.read(CHUNK_BYTES)
        return
    total = 0
    for piece in _gunzip(source, first):
        total += len(piece)
        if total > MAX_UNPACKED_BYTES:
            raise UploadRefused(f"the object unpacks to more than {MAX_UNPACKED_BYTES} bytes")
        yield piece


def lines(pieces: Iterator[bytes], position: int = 0) -> Iterator[Line]:
    r"""Yield the lines of a stream, ended by ``\n`` or ``\r\n``.

    Parameters
    ----------
    pieces
        The stream.
    position
        Where in the object it begins, in bytes.

    Yields
    ------
    Line
        Every line, the last also where it has no end.
    """
    pending = b""
    too_long: bytes | None = None  # the beginning of a line that is too long, until its end is found
    for piece in pieces:
        parts = (pending + piece).split(b"\n")
        pending = parts.pop()
        for part in parts:
            position += len(part) + 1
            yield _line(part, position) if too_long is None else Line(too_long, position, whole=False)
            too_long = None
        if len(pending) > MAX_LINE_BYTES:
            position += len(pending)
            too_long = too_long or pending[:MAX_LINE_BYTES]
            pending = b""
    position += len(pending)
    if too_long is not None:
        yield Line(too_long, position, whole=False)
    elif pending:
        yield _line(pending, position)


def skip(pieces: Iterator[bytes], many: int) -> Iterator[bytes]:
    """Yield a stream without so many of its first bytes."""
    for piece in pieces:
        if many < len(piece):
            yield piece[many:]
        many = max(0, many - len(piece))


def _line(data: bytes, end: int) -> Line:
    data = data.removesuffix(b"\r")
    return Line(data[:MAX_LINE_BYTES], end, whole=len(data) <= MAX_LINE_BYTES)


def _gunzip(source: Readable, packed: bytes) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(_GZIP)
    while packed:
        try:
            piece = unpacker.decompress(packed, CHUNK_BYTES)
        except zlib.error:
            raise UploadRefused("the object begins as gzip does, but is damaged") from None
        if piece:
            yield piece
        packed = unpacker.unconsumed_tail
        if unpacker.eof:  # several streams may follow each other
            packed = unpacker.unused_data or source.read(CHUNK_BYTES)
            if packed:
                unpacker = zlib.decompressobj(_GZIP)
        elif not packed:
            packed = source.read(CHUNK_BYTES)
    if not unpacker.eof:
        raise UploadRefused("the object begins as gzip does, but is cut")
