"""Gzip of many streams in a row takes time in proportion to its length."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import pytest

from backend.aws.gunzip import CHUNK_BYTES, DamagedGzipError, TruncatedGzipError, gunzip


@pytest.mark.parametrize("chunk_bytes", [1, 7, 4096, 1 << 20])
def test_several_streams_in_a_row_are_one_content(chunk_bytes):
    parts = [b"", b"a" * 100_000, bytes(range(256)) * 300, b"x"]
    packed = b"".join(gzip.compress(part) for part in parts)
    chunks = [packed[start : start + chunk_bytes] for start in range(0, len(packed), chunk_bytes)]
    pieces = list(gunzip(chunks))
    assert b"".join(pieces) == b"".join(parts)
    assert max(map(len, pieces)) <= CHUNK_BYTES
    with pytest.raises(TruncatedGzipError):
        list(gunzip([packed[:-1]]))


def test_the_input_left_by_short_streams_is_not_copied(monkeypatch):
    copied = 0
    make = zlib.decompressobj

    class Decompressor:
        def __init__(self, bits: int) -> None:
            self._inner = make(bits)

        def decompress(self, data: bytes, most: int) -> bytes:
            nonlocal copied
            piece = self._inner.decompress(data, most)
            copied += len(self._inner.unused_data) + len(self._inner.unconsumed_tail)
            return piece

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

    monkeypatch.setattr("backend.aws.gunzip.zlib.decompressobj", Decompressor)
    streams = 5000
    packed = gzip.compress(b"") * streams
    assert list(gunzip([packed])) == []
    assert copied <= streams * 4096


@pytest.mark.parametrize("chunk_bytes", [1, 4096, 1 << 20])
def test_zeros_after_a_stream_are_padding(chunk_bytes):
    packed = gzip.compress(b"a") + bytes(10_000) + gzip.compress(b"b") + bytes(5)
    assert (
        b"".join(gunzip(packed[start : start + chunk_bytes] for start in range(0, len(packed), chunk_bytes))) == b"ab"
    )
    with pytest.raises(DamagedGzipError):
        list(gunzip([gzip.compress(b"a") + b"\0xyz"]))
