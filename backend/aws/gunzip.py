"""Gzip as a stream, so that a small input cannot fill the memory."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK_BYTES = 256 * 1024
"""Most bytes of one piece of the output."""

_GZIP = 16 + zlib.MAX_WBITS

# The decompressor copies the input that it leaves unread, so it is given little of it while its streams are short.
_FIRST_WINDOW_BYTES = 4 * 1024


class DamagedGzipError(ValueError):
    """The bytes are not gzip."""


class TruncatedGzipError(ValueError):
    """The gzip stream ends too early."""


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the decompressed content of one gzip stream or of several in a row, in pieces of up to 256 KiB.

    Zero bytes after a stream are padding, as for gzip(1).

    Parameters
    ----------
    chunks
        The compressed bytes; none of the chunks is empty.

    Raises
    ------
    DamagedGzipError, TruncatedGzipError
        Where the input is not whole gzip; raised after the pieces before the fault.
    """
    decompressor = zlib.decompressobj(_GZIP)
    is_empty, window = True, _FIRST_WINDOW_BYTES
    for chunk in chunks:
        packed, position = memoryview(chunk), 0
        while position < len(packed):
            given = packed[position : position + window]
            if decompressor.eof:
                if given[0] == 0:
                    position += len(given) - len(bytes(given).lstrip(b"\0"))
                    continue
                decompressor, window = zlib.decompressobj(_GZIP), _FIRST_WINDOW_BYTES
                given = given[:window]
            try:
                piece = decompressor.decompress(given, CHUNK_BYTES)
            except zlib.error:
                raise DamagedGzipError("the bytes are not gzip") from None
            if piece:
                yield piece
            unread = decompressor.unused_data if decompressor.eof else decompressor.unconsumed_tail
            position += len(given) - len(unread)
            is_empty, window = False, min(2 * window, CHUNK_BYTES)
    if not is_empty and not decompressor.eof:
        raise TruncatedGzipError("the gzip stream ends too early")
