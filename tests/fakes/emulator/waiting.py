"""Waiting for what happens in another process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_until(condition: Callable[[], Any], seconds: float, poll: float = 0.1) -> Any:
    """Wait for a condition and return what made it true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s"
        time.sleep(poll)
    return found
