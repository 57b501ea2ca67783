"""How many invocations of forward a Kinesis record of 1 MiB takes while the event tracker is slow, in simulated time.

python -m tests.faults.slow_tracker
"""

from __future__ import annotations

import base64
import sys
from typing import Any

import msgspec

from tests.factories.lambda_events import kinesis_record
from tests.factories.records import numbered_event
from tests.fakes.functions.forwarder import Forwarder

INVOCATION_SECONDS = 58.5  # a time-out of 60 s without the reserve for the answer
REDELIVERY_SECONDS = 1.0
MAX_RECORD_BYTES = 1 << 20
LATENCIES = (0.05, 0.15, 0.5)


def records() -> dict[str, dict[str, Any]]:
    """Return the records: one of as many events of a user, and one of as many users, as 1 MiB holds about."""
    hot = [numbered_event(n, session_id=..., properties={"page": "p" * 76}) for n in range(4500)]
    many = [numbered_event(n % 3600, event_id=f"e-{n}", user_id=f"u{n}", session_id=...) for n in range(7000)]
    return {
        "4,500 events of one user": kinesis_record(0, *map(msgspec.json.encode, hot)),
        "an event of each of 7,000 users": kinesis_record(0, *map(msgspec.json.encode, many)),
    }


def count_invocations(record: dict[str, Any], latency: float) -> tuple[int, float, int]:
    """Return the invocations until a record is done, the simulated seconds, and the PutEvents requests."""
    forwarder = Forwarder()
    forwarder.slow_down(latency)
    outcomes = forwarder.forward_until_done(record, pause=REDELIVERY_SECONDS, seconds=INVOCATION_SECONDS)
    received = outcomes[0].received
    assert sum(outcome.forwarded for outcome in outcomes) == len(forwarder.history) == received
    assert len(forwarder.received_ids) == received
    return len(outcomes), forwarder.clock.now, sum(outcome.calls for outcome in outcomes)


def main() -> int:
    """Print the table."""
    print(f"{'a record of':<32} {'KiB':>5} {'ms a call':>10} {'invocations':>12} {'seconds':>8} {'calls':>6}")
    for name, record in records().items():
        size = len(base64.b64decode(record["kinesis"]["data"]))
        assert size <= MAX_RECORD_BYTES
        for latency in LATENCIES:
            invocations, seconds, calls = count_invocations(record, latency)
            print(
                f"{name:<32} {size // 1024:>5} {latency * 1000:>10.0f} {invocations:>12} {seconds:>8.0f} {calls:>6}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
