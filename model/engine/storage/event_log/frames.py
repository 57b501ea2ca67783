"""The format of a segment: a magic number, then frames, each with a length, a checksum and records.

Frame: 4 bytes length of the body, 4 bytes CRC-32 of the body, body. Body: records, each 4 bytes length and bytes.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

MAGIC = b"RVLTLOG1"
HEADER = struct.Struct("<II")
RECORD = struct.Struct("<I")


def encode_frame(records: list[bytes]) -> bytes:
    """Return records as one frame."""
    body = b"".join([RECORD.pack(len(record)) + record for record in records])
    return HEADER.pack(len(body), zlib.crc32(body)) + body


def read_records(content: bytes, start: int = 0) -> Generator[bytes, None, int]:
    """Yield the records from a frame that begins at `start`, and return the byte at which the sound part ends."""
    if not content.startswith(MAGIC):
        return 0
    place = max(start, len(MAGIC))
    while (end := _frame_end(content, place)) > place:
        inside = place + HEADER.size
        while inside < end:
            length: int = RECORD.unpack_from(content, inside)[0]
            yield content[inside + RECORD.size : inside + RECORD.size + length]
            inside += RECORD.size + length
        place = end
    return place


def is_damaged(content: bytes, place: int) -> bool:
    """Return whether the broken frame at `place` cannot be a torn write.

    It cannot where a sound frame follows, or where the segment has another magic number.
    """
    if place == 0:
        return len(content) >= len(MAGIC)
    if place + HEADER.size > len(content):
        return False
    (length,) = HEADER.unpack_from(content, place)[:1]
    following: int = place + HEADER.size + length
    return _frame_end(content, following) > following


def _frame_end(content: bytes, place: int) -> int:
    """Return the byte at which the frame at `place` ends, or `place` if the frame is not sound."""
    if place + HEADER.size > len(content):
        return place
    length, checksum = HEADER.unpack_from(content, place)
    begin = place + HEADER.size
    end: int = begin + length
    if length == 0 or end > len(content) or zlib.crc32(content[begin:end]) != checksum:
        return place
    return end
