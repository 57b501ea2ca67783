"""Structured logs: one JSON object a line on standard output, never with ids of people or payloads."""

from __future__ import annotations

import json
import sys
import time


def log(event: str, **fields: str | float | None) -> None:
    """Write one line.

    Parameters
    ----------
    event : str
        What happened, such as "ready".
    **fields
        Names of resources and numbers; nothing that a client sent about a person.
    """
    line = {"time": round(time.time(), 3), "event": event, **fields}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
