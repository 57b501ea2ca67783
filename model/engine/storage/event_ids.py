"""The ids of all logged events, as digests of 16 bytes each."""

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
    """Return the 16-byte digest of an event id."""
    return blake2b(event_id.encode(), digest_size=2 * HALF).digest()


class EventIds:
    """A growing set of digests: older ones in one sorted array, newer ones in a set until they are packed as well.

    Two ids count as equal if their 128-bit digests are: among 5 million ids, the probability of that is 10**-25.

    Parameters
    ----------
    packed : uint64 array of shape (2, n), optional
        The two halves of the digests, sorted by the first half; see `start_packing`.
    """

    def __init__(self, packed: NDArray[np.uint64] | None = None) -> None:
        self._recent: set[bytes] = set()
        self._packing: set[bytes] = set()  # those that `start_packing` took
        self.use(np.empty((2, 0), np.uint64) if packed is None else packed)

    def __len__(self) -> int:
        return int(self._packed.shape[1]) + len(self._recent) + len(self._packing)

    def __contains__(self, id_digest: bytes) -> bool:
        if id_digest in self._recent or id_digest in self._packing:
            return True
        first, second = int.from_bytes(id_digest[:HALF]), int.from_bytes(id_digest[HALF:])
        place = bisect_left(self._first, first)
        while place < len(self._first) and self._first[place] == first:
            if self._second[place] == second:
                return True
            place += 1
        return False

    def add(self, id_digest: bytes) -> None:
        """Add a digest that the set does not contain."""
        self._recent.add(id_digest)

    def start_packing(self) -> Callable[[], NDArray[np.uint64]]:
        """Start packing the present digests; the returned function packs them and may run in a thread, see `use`."""
        self._packing |= self._recent
        self._recent = set()
        packed, recent = self._packed, list(self._packing)

        def pack() -> NDArray[np.uint64]:
            new = np.frombuffer(b"".join(recent), ">u8").reshape(-1, 2).T.astype(np.uint64)
            both = np.concatenate([packed, new], axis=1)
            return both[:, np.argsort(both[0], kind="stable")]

        return pack

    def use(self, packed: NDArray[np.uint64]) -> None:
        """Replace the packed array.

        Parameters
        ----------
        packed : uint64 array of shape (2, n)
            From the latest `start_packing`, which includes the digests of earlier ones that failed.
        """
        self._packed = np.ascontiguousarray(packed)
        # Memory views return Python integers, many times faster than indexing the array.
        self._first, self._second = memoryview(self._packed[0]), memoryview(self._packed[1])
        self._packing = set()
