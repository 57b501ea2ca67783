"""Waits for events in another process or thread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_until(
    condition: Callable[[], Any], seconds: float = 60, describe: Callable[[], str] = str, most_pause: float = 0.04
) -> Any:
    """Wait until a condition returns a true value, and return the value; on timeout fail with a description.

    Pauses grow from 5 to 40 ms, so that long waits leave the processor to what they wait for.
    """
    deadline = time.monotonic() + seconds
    pause = 0.005
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s: {describe()}"
        time.sleep(pause)
        pause = min(1.2 * pause, most_pause)
    return value
