"""How far every reader of every shard has come, on disk, so that a kill loses nothing."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SHARD_END = "SHARD_END"
"""The position of a closed shard that is read to its end: its children may be read."""


class Checkpoints:
    """Positions by reader and shard in one SQLite file.

    A position is the sequence number of the last record that is done with, or `SHARD_END`; a reader's anchor is the
    moment from which it reads a shard that has no position yet. In write-ahead mode a commit survives the death of the
    process, which is all that is asked for here: the operating system holds what was written.

    Parameters
    ----------
    path
        The file; made when it does not exist.
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
        """Look up how far a reader has come.

        Parameters
        ----------
        reader
            The mapping or delivery stream that reads.

        Returns
        -------
        dict
            Sequence number of the last finished record, or `SHARD_END`, by shard.
        """
        with self._lock:
            rows = self._database.execute("SELECT shard, sequence FROM position WHERE reader = ?", (reader,)).fetchall()
        return dict(rows)

    def move(self, reader: str, shard: str, sequence: str) -> None:
        """Record that everything up to a sequence number is done with.

        Parameters
        ----------
        reader
            The mapping or delivery stream that reads.
        shard
            The shard's id.
        sequence
            The last finished record's sequence number, or `SHARD_END`.
        """
        with self._lock:
            self._database.execute("INSERT OR REPLACE INTO position VALUES (?, ?, ?)", (reader, shard, sequence))

    def anchor(self, reader: str, moment: float) -> float:
        """Fix the moment from which a reader reads, once and for all.

        Parameters
        ----------
        reader
            The mapping or delivery stream that reads.
        moment
            Epoch seconds, taken when nothing is fixed yet.

        Returns
        -------
        float
            Epoch seconds that were fixed first.
        """
        with self._lock:
            self._database.execute("INSERT OR IGNORE INTO anchor VALUES (?, ?)", (reader, moment))
            row = self._database.execute("SELECT moment FROM anchor WHERE reader = ?", (reader,)).fetchone()
        return float(row[0])

    def close(self) -> None:
        """Close the file; what was recorded stays."""
        with self._lock:
            self._database.close()
