"""Stores the records of shards: in memory for reading, in segment files to survive the process.

A stream's folder has a random name, so that a new stream under an old name does not find the old one's records. A
shard's records lie in segments that are closed at a size, and deleted whole when the last record in them is past the
stream's retention, so nothing is ever rewritten.
"""

from __future__ import annotations

import shutil
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

from deployment.emulator.persistence import journal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    Stream = dict[str, Any]
    Record = dict[str, Any]

SEGMENT_BYTES: Final = 16 * 1024 * 1024
STORAGE: Final = "rivulet_storage"
"""The member of MiniStack's stream that names its folder."""

_FIELDS = ("SequenceNumber", "ApproximateArrivalTimestamp", "PartitionKey", "Data")


class SequenceNumbers:
    """Sequence numbers that increase, also when the clock is set back and across restarts of the emulator.

    A number is milliseconds and a counter after a leading digit, so that it sorts as text and as a number alike.
    """

    _FLOOR: Final = 4 * 10**29

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = self._FLOOR

    def issue(self) -> str:
        """Return the next number."""
        with self._lock:
            self._last = max(self._last + 1, self._FLOOR + int(time.time() * 1000) * 10**10)
            return str(self._last)

    @property
    def latest(self) -> int:
        """The last number that was issued."""
        return self._last

    def advance_past(self, number: str) -> None:
        """Issue only numbers above this one from now on."""
        with self._lock:
            self._last = max(self._last, int(number))


class ShardFiles:
    """The segments of one shard."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: journal.Journal | None = None
        self._latest_arrivals: dict[Path, float] = {}

    def append(self, records: Iterable[Record]) -> None:
        """Write records, whole or, with an OSError, not at all."""
        rows = [[record[field] for field in _FIELDS] for record in records]
        segment = self._segment(rows[0][0])
        segment.append(rows)
        self._latest_arrivals[segment.path] = rows[-1][1]

    def load(self, oldest: float) -> list[Record]:
        """Read the records that arrived at or after a moment, in seconds since 1970."""
        records: list[Record] = []
        for path in sorted(self._folder.glob("*.segment")):
            rows = [row for entry in journal.read(path) for row in entry]
            self._latest_arrivals[path] = rows[-1][1] if rows else 0.0
            records += [dict(zip(_FIELDS, row, strict=True)) for row in rows if row[1] >= oldest]
        return records

    def expire(self, oldest: float) -> None:
        """Remove the segments whose records all arrived before a moment."""
        for path in [path for path, latest in self._latest_arrivals.items() if latest < oldest]:
            if self._open is not None and self._open.path == path:
                self._open.close()
                self._open = None
            del self._latest_arrivals[path]
            path.unlink(missing_ok=True)

    def _segment(self, first: str) -> journal.Journal:
        if self._open is not None and self._open.size >= SEGMENT_BYTES:
            self._open.close()
            self._open = None
        if self._open is None:
            self._open = journal.Journal(self._folder / f"{first}.segment")
        return self._open


class Storage:
    """The folders of all streams."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._shards: dict[tuple[str, str], ShardFiles] = {}
        self.numbers = SequenceNumbers()

    def assign_folder(self, stream: Stream) -> None:
        """Assign a folder to a new stream."""
        stream[STORAGE] = uuid.uuid4().hex

    def append(self, stream: Stream, shard_id: str, records: list[Record]) -> None:
        """Store records that are about to be acknowledged; after an OSError the shard is as it was."""
        self._files(stream, shard_id).append(records)
        stream["shards"][shard_id]["records"].extend(records)

    def load(self, stream: Stream) -> None:
        """Load the records of a stream's shards from their files."""
        for shard_id, shard in stream["shards"].items():
            shard["records"] = self._files(stream, shard_id).load(retention_start(stream))
            self.numbers.advance_past(shard["starting_sequence_number"])
            if shard["records"]:
                self.numbers.advance_past(shard["records"][-1]["SequenceNumber"])

    def expire(self, stream: Stream) -> None:
        """Delete the records that are past the stream's retention."""
        oldest = retention_start(stream)
        for shard_id, shard in stream["shards"].items():
            records = shard["records"]
            # Records are in order of arrival, so this reads one record unless some have expired.
            if records and records[0]["ApproximateArrivalTimestamp"] < oldest:
                expired = next(
                    (at for at, record in enumerate(records) if record["ApproximateArrivalTimestamp"] >= oldest),
                    len(records),
                )
                del records[:expired]
                self._files(stream, shard_id).expire(oldest)

    def remove(self, stream: Stream) -> None:
        """Remove a deleted stream's folder."""
        for shard_id in stream["shards"]:
            self._shards.pop((stream[STORAGE], shard_id), None)
        shutil.rmtree(self._root / stream[STORAGE], ignore_errors=True)

    def remove_all_but(self, streams: Iterable[Stream]) -> None:
        """Remove the folders of streams that no longer exist, which a kill during a deletion leaves."""
        known = {stream[STORAGE] for stream in streams}
        for folder in self._root.glob("*"):
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)

    def _files(self, stream: Stream, shard_id: str) -> ShardFiles:
        key = (stream[STORAGE], shard_id)
        if key not in self._shards:
            self._shards[key] = ShardFiles(self._root / stream[STORAGE] / shard_id)
        return self._shards[key]


def retention_start(stream: Stream) -> float:
    """Return the earliest arrival, in seconds since 1970, that is within the stream's retention."""
    return time.time() - float(stream["RetentionPeriodHours"]) * 3600
