"""An append-only file of JSON entries that survives the process that writes it.

Every entry is a frame: length and CRC-32 of the payload, then the payload. ``append`` returns after the kernel has the
entry, so it survives the end of the process, however it ends. It is not forced to the disk, because the journal guards
against a killed emulator and not against a machine that loses power. A tail that a kill truncated is dropped when the
file is read: its write was never acknowledged.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_HEADER = struct.Struct("<II")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class Journal:
    """A journal open for appending, by one process."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.size = os.fstat(self._descriptor).st_size

    def append(self, entry: Any) -> None:
        """Append what JSON can hold, whole or not at all: after an OSError the file is as it was."""
        frame = _frame(entry)
        try:
            written = os.write(self._descriptor, frame)
            while written < len(frame):
                # A full disk shows first as a short write, then as an error.
                written += os.write(self._descriptor, frame[written:])
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(frame)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def read(path: Path) -> Iterator[Any]:
    """Yield the entries of a journal in order, and truncate a tail that was half written."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    position = 0
    while position < len(content):
        entry_end = _whole_frame(content, position)
        if entry_end is None:
            os.truncate(path, position)
            return
        yield json.loads(content[position + _HEADER.size : entry_end])
        position = entry_end


def rewrite(path: Path, entries: Iterable[Any]) -> None:
    """Replace a journal atomically by one with these entries."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    journal = Journal(fresh)
    try:
        for entry in entries:
            journal.append(entry)
    finally:
        journal.close()
    fresh.replace(path)


def _frame(entry: Any) -> bytes:
    payload = _encode(entry).encode("utf-8", "surrogatepass")
    return _HEADER.pack(len(payload), zlib.crc32(payload)) + payload


def _whole_frame(content: bytes, position: int) -> int | None:
    """Return the end of the frame that begins here, or None when it is torn or damaged."""
    start = position + _HEADER.size
    if start > len(content):
        return None
    length, checksum = _HEADER.unpack_from(content, position)
    end: int = start + length
    if end > len(content) or zlib.crc32(memoryview(content)[start:end]) != checksum:
        return None
    return end
