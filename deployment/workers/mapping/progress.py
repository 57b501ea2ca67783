"""The position of a shard while its records finish out of order."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Progress:
    """Tracks the unfinished records of a shard and derives the position.

    Lanes finish records in any order, but a position covers all records up to it: it is the last record before the
    first unfinished one.
    """

    def __init__(self) -> None:
        self._read: deque[str] = deque()
        self._done: set[str] = set()

    def __len__(self) -> int:
        """Return the number of records between the position and the last one read."""
        return len(self._read)

    def add(self, sequences: Iterable[str]) -> None:
        """Add the sequence numbers of records that were read, in the shard's order."""
        self._read.extend(sequences)

    def finish(self, sequences: Iterable[str]) -> str | None:
        """Mark records as processed, discarded or filtered out; return the new position, None where it is unchanged."""
        self._done.update(sequences)
        position = None
        while self._read and self._read[0] in self._done:
            position = self._read.popleft()
            self._done.discard(position)
        return position
