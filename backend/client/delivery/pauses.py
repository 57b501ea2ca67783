"""The pauses between attempts."""

from __future__ import annotations

import random

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0

LONGEST_RETRY_AFTER_SECONDS = 300.0
"""A longer `Retry-After` is shortened to this, so that a wrong header does not stop a producer."""

HOLD_SECONDS = 60.0
"""The pause after an answer that only a change of the key, the address or the rights can improve."""

FLUSHED_HOLD_SECONDS = 1.0
"""The same where `flush` or `close` asks for an attempt, so that a loop of such calls is no burst of requests."""


class Pauses:
    """Exponential backoff with full jitter, at least as long as the server asks.

    https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """

    def __init__(self) -> None:
        self._attempts = 0

    def reset(self) -> None:
        """Begin again with the shortest pause."""
        self._attempts = 0

    def next_seconds(self, retry_after: float, *, is_permanent: bool = False) -> float:
        """Return the seconds until the next attempt."""
        if is_permanent:
            return HOLD_SECONDS
        longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(self._attempts, 16))
        self._attempts += 1
        pause = random.uniform(0, longest)  # noqa: S311 - spreads load, keeps no secret
        return max(pause, min(retry_after, LONGEST_RETRY_AFTER_SECONDS))
