"""Gzip as a stream, so that a small input cannot fill the memory."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK_BYTES = 256 * 1024
"""Most bytes of one piece of the output."""

_GZIP = 16 + zlib.MAX_WBITS


class DamagedGzipError(ValueError):
    """The bytes are not gzip."""


class TruncatedGzipError(ValueError):
    """The gzip stream ends too early."""


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the decompressed content of one gzip stream or of several in a row, in pieces of up to 256 KiB.

    Parameters
    ----------
    chunks
        The compressed bytes; none of the chunks is empty.

    Raises
    ------
    DamagedGzipError, TruncatedGzipError
        Where the input is not whole gzip; raised after the pieces before the fault.
    """
    decompressor = None
    for chunk in chunks:
        packed = chunk
        while packed:
            if decompressor is None or decompressor.eof:
                decompressor = zlib.decompressobj(_GZIP)
            try:
                piece = decompressor.decompress(packed, CHUNK_BYTES)
            except zlib.error:
                raise DamagedGzipError("the bytes are not gzip") from None
            if piece:
                yield piece
            packed = decompressor.unused_data if decompressor.eof else decompressor.unconsumed_tail
    if decompressor is not None and not decompressor.eof:
        raise TruncatedGzipError("the gzip stream ends too early")
