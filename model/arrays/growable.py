"""Arrays that grow at the end, for items that are added after training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_ROOM = 16


class GrowableRows:
    """Rows of an array with spare capacity behind them, so that most appends copy nothing.

    `rows` is a view of the rows in use; it is valid until the next `append`.
    """

    def __init__(self, rows: NDArray[Any]) -> None:
        self._room = rows
        self.rows = rows

    def __len__(self) -> int:
        return int(self.rows.shape[0])

    def append(self, row: Any) -> None:
        """Add a row at the end."""
        count = len(self)
        if count == self._room.shape[0]:
            wider = np.empty((max(MIN_ROOM, count * 3 // 2), *self._room.shape[1:]), self._room.dtype)
            wider[:count] = self.rows
            self._room = wider
        self._room[count] = row
        self.rows = self._room[: count + 1]
