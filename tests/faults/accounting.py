"""Where each event that a producer sent is in the end: lost, doubled, stuck and unaccounted events of a whole world."""

from __future__ import annotations

import base64
import json
import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from backend.contract import Refusal, event_id_of, read_streamed_event
from backend.forward.history import CONTROL_PREFIX, REFUSED_PREFIX
from deployment.audit.comparison import (
    FAILED,
    HISTORY,
    LAKE,
    LEDGER,
    STAGES,
    STREAM,
    TRACKER,
    Comparison,
    compare,
)
from deployment.audit.partitions import Sighting
from tests.faults.consumers import parts_of

if TYPE_CHECKING:
    from tests.faults.consumers import Forwarding
    from tests.faults.world import World


@dataclass
class Ledger:
    """The ids of the events that were sent, by what is to become of them.

    Attributes
    ----------
    good
        In the tracker, the history and the lake.
    poison
        Refused by the tracker alone: with the bad rows, and in the lake.
    refused
        Refused by the contract: with the bad rows, or under errors/ in the lake, and nowhere else.
    denied
        Without consent: nowhere.
    bodies
        Refused bytes that have no id.
    """

    good: set[str] = field(default_factory=set)
    poison: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    bodies: set[bytes] = field(default_factory=set)


@dataclass(frozen=True)
class Account:
    """What went wrong; all zero where nothing did."""

    lost: int
    doubled: int
    stuck: int
    unaccounted: int

    @property
    def figures(self) -> tuple[int, int, int, int]:
        return self.lost, self.doubled, self.stuck, self.unaccounted


def account(world: World, ledger: Ledger, forwarding: Forwarding) -> Account:
    """Compare a ledger with every store.

    A store that keeps one of several events with an id, or one of several equal rows, counts by that; so doubled is an
    event that has two outcomes: two users or times, forwarded and refused, or stored without consent.
    """
    tracked = Counter(_tracked(world))
    history = Counter(_history(world))
    lake = {row["event_id"] for row in _rows(world, "lake", "raw/events/")}
    rows = world.s3.json_lines("bad-rows")
    bad = {row["event_id"] for row in rows if "event_id" in row}
    payloads = {base64.b64decode(row["payload"]) for row in rows}
    failed = b"".join(body for (_, key), body in world.s3.objects.items() if key.startswith("errors/"))

    lost = len(ledger.good - tracked.keys()) + len(ledger.good - history.keys())
    lost += len((ledger.good | ledger.poison) - lake) + len(ledger.poison - bad)
    lost += sum(each not in bad and each.encode() not in failed for each in ledger.refused)
    lost += sum(body not in payloads and body not in failed for body in ledger.bodies)
    doubled = sum(count - 1 for counts in (tracked, history) for count in counts.values())
    doubled += len((tracked.keys() | history.keys()) & bad) + len((tracked.keys() | history.keys()) - ledger.good)
    doubled += len(lake & (ledger.refused | ledger.denied)) + len(bad & ledger.denied)
    stuck = len(forwarding.discarded) + forwarding.waiting + len(world.queue.messages)
    unaccounted = sum(abs(counts["unaccounted"]) for counts in world.counts.values())
    unaccounted += world.counts["collect"]["bad_rows_lost"]
    return Account(lost, doubled, stuck, unaccounted)


def audit(world: World) -> Comparison:
    """Compare the producers' answers with every stage, as `python -m deployment.audit` does for an environment."""
    sightings = [Sighting(event_id, status) for event_id, status in world.answered if status in LEDGER]
    sightings += [Sighting(event_id, HISTORY, None, moment) for event_id, moment in _history_items(world)]
    sightings += [Sighting(event_id, TRACKER, None, f"{user}{at}") for user, at, event_id in _accepted(world)]
    for row in _rows(world, "lake", "raw/events/"):
        sightings.append(Sighting(row["event_id"], LAKE, None, row["timestamp"]))
    for row in world.s3.json_lines("bad-rows"):
        if row["source"] == "forward" and "event_id" in row:
            sightings.append(Sighting(row["event_id"], FAILED[TRACKER]))
    for record in (record for shard in world.stream.shards for record in shard.records):
        arrived_at = datetime.fromtimestamp(record.arrived, UTC)
        for data in parts_of(record.data):
            event = read_streamed_event(data, arrived_at=arrived_at)
            if not isinstance(event, Refusal):
                sightings.append(Sighting(event_id_of(event), STREAM, None, str(event.timestamp)))
    return compare([sightings], STAGES, math.inf)


def _tracked(world: World) -> list[str]:
    """Return an id for each user and time under which the tracker has an event."""
    return [event_id for _, _, event_id in _accepted(world)]


def _accepted(world: World) -> set[tuple[str, object, str]]:
    return {
        (user or session, _instant(event["sentAt"]), event["eventId"])
        for user, session, events in world.tracker.calls
        for event in events
    }


def _instant(sent_at: object) -> object:
    # The control event is stored as JSON.
    return datetime.fromisoformat(sent_at) if isinstance(sent_at, str) else sent_at


def _history(world: World) -> list[str]:
    return [event_id for event_id, _ in _history_items(world)]


def _history_items(world: World) -> list[tuple[str, str]]:
    keys = world.dynamodb.items["history"]
    items = [key for key in keys if not key[0].startswith((REFUSED_PREFIX, CONTROL_PREFIX))]
    return [(moment.partition("#")[2], user + moment.partition("#")[0]) for user, moment in items]


def _rows(world: World, bucket: str, prefix: str) -> list[dict[str, str]]:
    return [
        json.loads(line) for key in world.s3.keys(bucket, prefix) for line in world.s3.objects[bucket, key].splitlines()
    ]
