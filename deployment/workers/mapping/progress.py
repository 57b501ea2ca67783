"""How far a shard is done with when its records are finished out of order."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Progress:
    """The records of a shard that were read, and up to which all are done with.

    Lanes finish in any order, but a position can only say "everything up to here": it is the last record before the
    first that is still in work.
    """

    def __init__(self) -> None:
        self._read: deque[str] = deque()
        self._done: set[str] = set()

    def __len__(self) -> int:
        """Count the records between the position and the last that was read."""
        return len(self._read)

    def add(self, sequences: Iterable[str]) -> None:
        """Take up records that were read.

        Parameters
        ----------
        sequences
            Their sequence numbers, in the shard's order.
        """
        self._read.extend(sequences)

    def finish(self, sequences: Iterable[str]) -> str | None:
        """Note that records are done with: processed, discarded or filtered out.

        Parameters
        ----------
        sequences
            Their sequence numbers.

        Returns
        -------
        str or None
            The new position; None when it has not moved.
        """
        self._done.update(sequences)
        position = None
        while self._read and self._read[0] in self._done:
            position = self._read.popleft()
            self._done.discard(position)
        return position
