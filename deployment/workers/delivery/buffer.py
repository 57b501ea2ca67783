"""What a delivery stream holds of one shard until the next object is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployment.workers.delivery.failures import Failure
    from deployment.workers.delivery.settings import Delivery
    from deployment.workers.delivery.source import Row


@dataclass
class Buffer:
    """Records between a first and a last sequence number: to be transformed, ready to be written, or failed.

    Parameters
    ----------
    delivery
        The delivery stream, with its buffering hints.
    """

    delivery: Delivery
    raw: list[Row] = field(default_factory=list)
    ready: list[Row] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    first_sequence: str | None = None
    last_sequence: str | None = None
    raw_bytes: int = 0
    ready_bytes: int = 0
    since: float = 0.0
    raw_since: float = 0.0

    def take(self, rows: Iterable[Row], last_sequence: str, now: float) -> None:
        """Add records that were read.

        Parameters
        ----------
        rows
            The records.
        last_sequence
            Up to where the shard was read for them.
        now
            Seconds on any clock that only goes forward.
        """
        for row in rows:
            if self.first_sequence is None:
                self.first_sequence, self.since = row.sequence, now
            if self.delivery.transform is None:
                self.ready.append(row)
                self.ready_bytes += len(row.data)
            else:
                if not self.raw:
                    self.raw_since = now
                self.raw.append(row)
                self.raw_bytes += len(row.data)
        self.last_sequence = last_sequence

    def transformed(self, delivered: list[Row], failures: list[Failure]) -> None:
        """Note what became of the records that were to be transformed.

        Parameters
        ----------
        delivered, failures
            What is to be delivered, and what failed.
        """
        self.ready += delivered
        self.ready_bytes += sum(len(row.data) for row in delivered)
        self.failures += failures
        self.raw, self.raw_bytes = [], 0

    def transform_due(self, now: float) -> bool:
        """Tell whether the function's own buffer is full or its interval over.

        Parameters
        ----------
        now
            Seconds on the clock of `take`.

        Returns
        -------
        bool
            Whether to transform what waits for it.
        """
        how = self.delivery.transform
        if how is None or not self.raw:
            return False
        return self.raw_bytes >= how.buffer_bytes or now - self.raw_since >= how.buffer_seconds

    def flush_due(self, now: float) -> bool:
        """Tell whether an object is to be written.

        Parameters
        ----------
        now
            Seconds on the clock of `take`.

        Returns
        -------
        bool
            Whether the size or the interval of the buffering hints is reached, whichever comes first.
        """
        if self.first_sequence is None:
            return False
        full = self.ready_bytes + self.raw_bytes >= self.delivery.buffer_bytes
        return full or now - self.since >= self.delivery.buffer_seconds
