"""The time by which a request or an invocation must be done."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point in time, in seconds of a monotonic clock, and a way to wait before it."""

    at: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def seconds_left(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self.at - self.clock()

    def share(self, part: float) -> Deadline:
        """Return the deadline after a part, from 0 to 1, of the time that is left."""
        return replace(self, at=self.clock() + part * self.seconds_left)

    def from_now(self, seconds: float) -> Deadline:
        """Return the deadline that many seconds from now, by the same clock."""
        return replace(self, at=self.clock() + seconds)

    def earlier(self, seconds: float) -> Deadline:
        """Return a deadline that many seconds before this one."""
        return replace(self, at=self.at - seconds)

    def wait(self, seconds: float) -> bool:
        """Sleep for `seconds` and return True; return False at once where the deadline comes first."""
        if self.seconds_left <= seconds:
            return False
        self.sleep(seconds)
        return True
