"""The ids of all events that are on disk, in 16 bytes each."""

from __future__ import annotations

from bisect import bisect_left
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

HALF = 8  # bytes of each half of a digest


def digest(event_id: str) -> bytes:
    """Return the 16 bytes by which an id is known."""
    return blake2b(event_id.encode(), digest_size=2 * HALF).digest()


class EventIds:
    """A set of digests that only grows: the older ones packed and sorted, those since the last packing apart.

    Two ids are the same where 128 bits of their digests are: among 5 million, that happens by chance once in 10**25.

    Parameters
    ----------
    packed : uint64 array of shape (2, n), optional
        The two halves of the digests, sorted by the first half; see `packing`.
    """

    def __init__(self, packed: NDArray[np.uint64] | None = None) -> None:
        self._recent: set[bytes] = set()
        self._on_the_way: set[bytes] = set()  # being packed
        self.use(np.empty((2, 0), np.uint64) if packed is None else packed)

    def __len__(self) -> int:
        return int(self._packed.shape[1]) + len(self._recent) + len(self._on_the_way)

    def __contains__(self, known_by: bytes) -> bool:
        if known_by in self._recent or known_by in self._on_the_way:
            return True
        first, second = int.from_bytes(known_by[:HALF]), int.from_bytes(known_by[HALF:])
        place = bisect_left(self._first, first)
        while place < len(self._first) and self._first[place] == first:
            if self._second[place] == second:
                return True
            place += 1
        return False

    def add(self, known_by: bytes) -> None:
        """Add a digest that is not in it."""
        self._recent.add(known_by)

    def packing(self) -> Callable[[], NDArray[np.uint64]]:
        """Begin to pack the ids that are there now.

        Returns
        -------
        callable
            Makes the packed array; may run in a thread. `use` puts it in effect.
        """
        self._on_the_way |= self._recent
        self._recent = set()
        packed, recent = self._packed, list(self._on_the_way)

        def pack() -> NDArray[np.uint64]:
            new = np.frombuffer(b"".join(recent), ">u8").reshape(-1, 2).T.astype(np.uint64)
            both = np.concatenate([packed, new], axis=1)
            return both[:, np.argsort(both[0], kind="stable")]

        return pack

    def use(self, packed: NDArray[np.uint64]) -> None:
        """Put a packed array in effect.

        Parameters
        ----------
        packed : uint64 array of shape (2, n)
            Of the last packing that was begun; one that came to nothing is made up for by the next.
        """
        self._packed = np.ascontiguousarray(packed)
        # Views give Python's own numbers, many times faster than numpy's one by one.
        self._first, self._second = memoryview(self._packed[0]), memoryview(self._packed[1])
        self._on_the_way = set()
