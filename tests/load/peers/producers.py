"""Sends events with one producer: `python tests/load/peers/producers.py rivulet|rudder|posthog URL EVENTS`.

Prints JSON: the seconds until all were delivered and until `send` had returned for all, and the resident memory before
and at most. Each producer has its defaults, but room for all events, so that none drops any. The events are alike.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def rivulet(url: str, events: int) -> tuple[Callable[..., object], Callable[[], object]]:
    """Return how our producer sends an event, and how it delivers all."""
    from backend.client import Client  # noqa: PLC0415 - each runs in an environment that lacks the others

    client = Client(url, "key", max_events=events, max_bytes=1024 * events)

    def send(user: str, item: str, session: str, properties: dict[str, Any]) -> object:
        return client.send(
            {
                "event_type": "View",
                "user_id": user,
                "session_id": session,
                "item_id": item,
                "properties": properties,
            }
        )

    return send, lambda: client.close(600)


def rudder(url: str, events: int) -> tuple[Callable[..., object], Callable[[], object]]:
    """Return the same of rudder-sdk-python."""
    from rudderstack.analytics.client import Client  # noqa: PLC0415

    client = Client("key", host=url, max_queue_size=events)

    def send(user: str, item: str, session: str, properties: dict[str, Any]) -> object:
        return client.track(user, "View", {"item_id": item, "session_id": session, **properties})

    return send, client.flush


def posthog(url: str, events: int) -> tuple[Callable[..., object], Callable[[], object]]:
    """Return the same of posthog."""
    from posthog import Posthog  # noqa: PLC0415

    client = Posthog("key", host=url, max_queue_size=events)

    def send(user: str, item: str, session: str, properties: dict[str, Any]) -> object:
        return client.capture(
            "View", distinct_id=user, properties={"item_id": item, "session_id": session, **properties}
        )

    return send, client.shutdown


def main(name: str, url: str, events: int) -> dict[str, float]:
    """Send the events, and return the figures."""
    send, deliver = {"rivulet": rivulet, "rudder": rudder, "posthog": posthog}[name](url, events)
    before = _peak_bytes()
    began = time.perf_counter()
    for number in range(events):
        send(
            f"user-{number % 5000:06d}",
            f"item-{number % 997:05d}",
            f"session-{number // 7:08d}",
            {"device": "phone", "page": number, "campaign": "autumn"},
        )
    sent = time.perf_counter()
    deliver()
    done = time.perf_counter()
    return {"seconds": done - began, "send_seconds": sent - began, "before": before, "peak": _peak_bytes()}


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
