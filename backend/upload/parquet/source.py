"""An object whose bytes another process sends on request."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

from backend.upload.parquet.limits import RANGE_BYTES


class RangedSource(io.RawIOBase):
    """An object whose bytes the parent process sends."""

    def __init__(self, size: int, requests: BinaryIO, answers: BinaryIO) -> None:
        self._size = size
        self._position = 0
        self._requests = requests
        self._answers = answers

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move the position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        """Read up to the size of a buffer, in one request of at most :data:`RANGE_BYTES`."""
        length = max(0, min(len(buffer), self._size - self._position, RANGE_BYTES))
        if length:
            buffer[:length] = self._request(length)
            self._position += length
        return length

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as many bytes as there are up to a size, in as many requests as it takes."""
        wanted = self._size - self._position if size is None or size < 0 else size
        data = bytearray(max(0, min(wanted, self._size - self._position)))
        view, done = memoryview(data), 0
        while done < len(data):
            done += self.readinto(view[done:])
        return bytes(data)

    def _request(self, length: int) -> bytes:
        self._requests.write(b"R %d %d\n" % (self._position, length))
        self._requests.flush()
        data = self._answers.read(length)
        if len(data) < length:
            raise SystemExit(1)  # the parent has stopped
        return data
