"""Structured logs: one JSON object a line on standard output, without ids of users and payloads.

Where standard output takes none, as on a full disk or when its reader has ended, lines are lost, and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time

LEVELS = {"failure": "error", "refused": "warning", "refused-more": "warning", "torn": "warning", "late": "warning"}
REFUSALS_A_SECOND = 50  # so that refused clients cannot fill the disk; all are counted in /metrics


def log(event: str, **fields: str | float | None) -> None:
    """Write one line; its fields are names of resources and numbers, never what a client sent about a user."""
    line = {"time": round(time.time(), 3), "level": LEVELS.get(event, "info"), "event": event, **fields}
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def end_log() -> None:
    """Drop what standard output does not take, which would change the exit code of the process."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Refusals:
    """Logs refused requests, so many a second; of the others, how many there were."""

    def __init__(self) -> None:
        self._second = 0
        self._count = 0

    def log(self, now: float, **fields: str | float | None) -> None:
        """Write a line for a refused request, or count it; `now` is in seconds of any clock."""
        if int(now) != self._second:
            if self._count > REFUSALS_A_SECOND:
                log("refused-more", count=self._count - REFUSALS_A_SECOND)
            self._second, self._count = int(now), 0
        self._count += 1
        if self._count <= REFUSALS_A_SECOND:
            log("refused", **fields)
