"""The format of a segment: a magic number, then frames; every frame holds the records of one group commit.

Frame: a marker, its sequence number in the segment, the length of the body, the CRC-32 of the body, and the CRC-32 of
these and of the segment's number, 4 bytes each; then the body: records, each 4 bytes length and bytes. Frame 0 holds no
records but, in 4 bytes, how many frames of records the previous segment has. So a frame that is missing, repeated or in
another segment is noticed as well as one that has changed.

Format 1, of earlier versions, is read but no longer written. Its frames are 4 bytes length of the body, 4 bytes CRC-32
of the body, and the body; it has no frame 0.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAGIC, MAGIC_1 = b"RVLTLOG2", b"RVLTLOG1"
MARKER = b"\xffRVF"  # in no record, which are UTF-8, and in no length
HEADER, CHECKSUM = struct.Struct("<4sIII"), struct.Struct("<I")
HEADER_1 = struct.Struct("<II")
COUNT = RECORD = struct.Struct("<I")
HEADER_BYTES = HEADER.size + CHECKSUM.size
HIGHEST_BYTE = re.compile(rb"[\x00-\x04]")  # of a length in format 1; segments are smaller than 80 MiB


class Frame(NamedTuple):
    """A sound frame: its sequence number, and where its header begins, and its body begins and ends."""

    sequence: int
    start: int
    begin: int
    end: int


def encode_frame(segment: int, sequence: int, records: Iterable[bytes]) -> bytes:
    """Return records as a frame of a segment."""
    return _encode(segment, sequence, b"".join([RECORD.pack(len(record)) + record for record in records]))


def encode_start(segment: int, frames_before: int) -> bytes:
    """Return the beginning of a segment: its number, and how many frames of records the previous one has."""
    return MAGIC + _encode(segment, 0, COUNT.pack(frames_before))


def decode_count(content: bytes, frame: Frame) -> int | None:
    """Return the number in frame 0 of a segment; None if it holds none."""
    return COUNT.unpack_from(content, frame.begin)[0] if frame.end - frame.begin == COUNT.size else None


def decode_records(content: bytes, frame: Frame) -> Iterator[bytes]:
    """Yield the records of a frame."""
    place = frame.begin
    while place < frame.end:
        length: int = RECORD.unpack_from(content, place)[0]
        place += RECORD.size
        yield content[place : place + length]
        place += length


def frame_at(content: bytes, place: int, segment: int) -> Frame | None:
    """Return the frame at a byte of a segment; None if there is none, or it is not sound."""
    begin = place + HEADER_BYTES
    if begin > len(content):
        return None
    marker, sequence, length, checksum = HEADER.unpack_from(content, place)
    header = content[place : place + HEADER.size]
    if marker != MARKER or CHECKSUM.unpack_from(content, begin - CHECKSUM.size)[0] != zlib.crc32(header, segment):
        return None
    end: int = begin + length
    if end > len(content) or zlib.crc32(content[begin:end]) != checksum:
        return None
    return Frame(sequence, place, begin, end)


def frame_1_at(content: bytes, place: int, sequence: int) -> Frame | None:
    """Return the frame at a byte of a segment in format 1, with the number to give it; None if it is not sound."""
    begin = place + HEADER_1.size
    if begin > len(content):
        return None
    length, checksum = HEADER_1.unpack_from(content, place)
    end: int = begin + length
    if not (length and end <= len(content) and _holds_records(content, begin, end)):
        return None
    return Frame(sequence, place, begin, end) if zlib.crc32(content[begin:end]) == checksum else None


def find_frame(content: bytes, place: int, segment: int) -> Frame | None:
    """Return the first sound frame of a segment that begins at a byte or later; None if there is none."""
    # In both formats, since the magic number may be what is damaged.
    start = content.find(MARKER, place)
    while start >= 0:
        if frame := frame_at(content, start, segment):
            return frame
        start = content.find(MARKER, start + 1)
    for byte in HIGHEST_BYTE.finditer(content, place):
        start = byte.start() - RECORD.size + 1
        if start >= place and (frame := frame_1_at(content, start, 1)):
            return frame
    return None


def _encode(segment: int, sequence: int, body: bytes) -> bytes:
    header = HEADER.pack(MARKER, sequence, len(body), zlib.crc32(body))
    return header + CHECKSUM.pack(zlib.crc32(header, segment)) + body


def _holds_records(content: bytes, begin: int, end: int) -> bool:
    """Return whether records fill a body exactly: chance rarely makes it so, which saves most checksums of a search."""
    while begin < end and begin + RECORD.size <= end:
        begin += RECORD.size + RECORD.unpack_from(content, begin)[0]
    return begin == end
