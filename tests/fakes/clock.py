"""A clock whose time passes only in sleeps."""

from __future__ import annotations

from backend.aws.deadline import Deadline


class FakeClock:
    """Seconds from zero, with the sleeps so far."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def deadline(self, seconds: float) -> Deadline:
        return Deadline(self.now + seconds, self, self.sleep)
