"""Waits for events in another process or thread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_until(
    condition: Callable[[], Any], seconds: float = 10, poll: float = 0.05, describe: Callable[[], str] = str
) -> Any:
    """Wait until a condition returns a true value, and return the value; on timeout fail with a description."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s: {describe()}"
        time.sleep(poll)
    return value
