"""The buffered records of one shard of a delivery stream."""

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
    """Records between a first and a last sequence number: to be transformed, ready to be written, or failed."""

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

    def add(self, rows: Iterable[Row], last_sequence: str, now: float) -> None:
        """Add records.

        Parameters
        ----------
        last_sequence
            The sequence number up to which the shard was read for them.
        now
            Seconds on a monotonic clock.
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

    def add_transformed(self, delivered: list[Row], failures: list[Failure]) -> None:
        """Replace the records that were waiting for the transform by its results."""
        self.ready += delivered
        self.ready_bytes += sum(len(row.data) for row in delivered)
        self.failures += failures
        self.raw, self.raw_bytes = [], 0

    def is_transform_due(self, now: float) -> bool:
        """Return whether the function's own buffer is full or its interval is over."""
        settings = self.delivery.transform
        if settings is None or not self.raw:
            return False
        return self.raw_bytes >= settings.buffer_bytes or now - self.raw_since >= settings.buffer_seconds

    def is_flush_due(self, now: float) -> bool:
        """Return whether the size or the interval of the buffering hints is reached, whichever is first."""
        if self.first_sequence is None:
            return False
        full = self.ready_bytes + self.raw_bytes >= self.delivery.buffer_bytes
        return full or now - self.since >= self.delivery.buffer_seconds
