"""Settings of the generated shop."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from backend.contract.limits import EARLIEST_EVENT

DEFAULT_SEED = 20260

# Above this share a stream no longer resembles a real one.
MAXIMUM_SHARE = 0.5

_DAY_SECONDS = 24 * 60 * 60


def midnight_today() -> datetime:
    """Return the last midnight, UTC."""
    return datetime.combine(datetime.now(UTC).date(), time(), tzinfo=UTC)


@dataclass(frozen=True)
class Settings:
    """The size of a generated stream, and the shares of its defects.

    Parameters
    ----------
    items, users, events
        Numbers of each; repeats and invalid events are among `events`.
    days
        Length of the period that ends at `until`.
    seed
        The same settings with the same seed give the same bytes.
    until
        End of the period; by default the last midnight UTC, so that the stream is recent.
    late, repeated, broken
        Shares of the events that arrive long after their timestamp, arrive twice, or are invalid.
    denied
        Share of the sessions with denied consent.
    bots
        Share of the events that bots send, in bursts.
    """

    items: int = 1_000
    users: int = 2_000
    events: int = 50_000
    days: int = 30
    seed: int = DEFAULT_SEED
    until: datetime = field(default_factory=midnight_today)
    late: float = 0.02
    repeated: float = 0.02
    broken: float = 0.02
    denied: float = 0.01
    bots: float = 0.01

    def __post_init__(self) -> None:
        for name in ("items", "users", "events", "days"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("late", "repeated", "broken", "denied", "bots"):
            if not 0 <= getattr(self, name) <= MAXIMUM_SHARE:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be between 0 and {MAXIMUM_SHARE}")
        if self.until.tzinfo is None:
            raise ValueError(f"until is {self.until.isoformat()} without an offset; write {self.until}Z, for example")
        if (self.until - EARLIEST_EVENT).total_seconds() < self.days * _DAY_SECONDS:
            raise ValueError(
                f"until is {self.until.isoformat()}; its {self.days} days must begin in {EARLIEST_EVENT.year} or later"
            )

    @property
    def since(self) -> datetime:
        """Start of the period."""
        return self.until - timedelta(days=self.days)

    @property
    def since_ms(self) -> int:
        """Start of the period, milliseconds since 1970 UTC."""
        return int(self.since.timestamp() * 1000)

    @property
    def until_ms(self) -> int:
        """End of the period, milliseconds since 1970 UTC."""
        return int(self.until.timestamp() * 1000)

    def rng(self, purpose: str) -> random.Random:
        """Return a random generator for one purpose, independent of those for other purposes."""
        return random.Random(f"{self.seed}/{purpose}")  # noqa: S311 - random data, not secrets
