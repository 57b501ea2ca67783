"""The positions of all readers in all shards, on disk, so that a kill loses no record."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SHARD_END = "SHARD_END"
"""The position of a closed shard that is finished: its children may be read."""


class Checkpoints:
    """Positions by reader and shard in one SQLite file.

    A position is the sequence number of the last finished record, or `SHARD_END`. A reader's anchor is the time from
    which it reads a shard that has no position yet. In write-ahead mode a commit survives the end of the process,
    which suffices here: the operating system has the written pages.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS position (reader TEXT, shard TEXT, sequence TEXT, PRIMARY KEY (reader, shard))"
        )
        self._database.execute("CREATE TABLE IF NOT EXISTS anchor (reader TEXT PRIMARY KEY, moment REAL)")

    def positions(self, reader: str) -> dict[str, str]:
        """Return a reader's positions by shard."""
        with self._lock:
            rows = self._database.execute("SELECT shard, sequence FROM position WHERE reader = ?", (reader,)).fetchall()
        return dict(rows)

    def move(self, reader: str, shard: str, sequence: str) -> None:
        """Store a reader's position in a shard: the last finished record's sequence number, or `SHARD_END`."""
        with self._lock:
            self._database.execute("INSERT OR REPLACE INTO position VALUES (?, ?, ?)", (reader, shard, sequence))

    def anchor(self, reader: str, moment: float) -> float:
        """Store the time (epoch seconds) from which a reader reads, unless one is stored, and return the stored one.

        The reader is the name of a mapping or delivery stream.
        """
        with self._lock:
            self._database.execute("INSERT OR IGNORE INTO anchor VALUES (?, ?)", (reader, moment))
            row = self._database.execute("SELECT moment FROM anchor WHERE reader = ?", (reader,)).fetchone()
        return float(row[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()
