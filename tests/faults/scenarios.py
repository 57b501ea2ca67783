"""Faults of the whole pipeline, each with the account of where every event is in the end.

python -m tests.faults.scenarios [NAME …]
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from backend.contract import aggregate_records
from deployment.audit.comparison import ACCEPTED
from tests.factories.lambda_events import ARRIVED_AT
from tests.factories.records import numbered_event
from tests.fakes.faults import Fault, Planned, client_error, denied, server_error, throttled, timeout, unreadable
from tests.faults.accounting import Account, Ledger, account
from tests.faults.consumers import Delivery, Forwarding, settle
from tests.faults.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Event = dict[str, Any]

THROTTLE = "ProvisionedThroughputExceededException"
HOUR = 3600.0
_ANSWERS: tuple[dict[str, Any], ...] = ({}, {"Records": []}, {"Records": [None]}, {"Records": "no"})
WRONG_ANSWERS: list[Planned] = [Fault(answer=answer) for answer in _ANSWERS]
EVERY_KIND: list[Planned] = [throttled(), server_error(), denied(), timeout(), unreadable(), Fault(after=timeout())]
EVERY_KIND += WRONG_ANSWERS


@dataclass
class Run:
    """A world with its consumers, and what was sent into it."""

    world: World
    forwarding: Forwarding
    delivery: Delivery
    ledger: Ledger

    @classmethod
    def start(cls, world: World | None = None) -> Run:
        world = world or World()
        return cls(world, Forwarding(world), Delivery(world), Ledger())

    def post(self, events: Iterable[Event], size: int = 20) -> None:
        """Post good events in requests of a size."""
        for part in _parts(list(events), size):
            self.ledger.good |= {event["event_id"] for event in part}
            self.world.post(*part)

    def put_aggregate(self, events: Iterable[Event]) -> None:
        """Write good events into the stream as one aggregate, as a producer with the Kinesis Producer Library does."""
        events = list(events)
        self.ledger.good |= {event["event_id"] for event in events}
        self.world.answered += [(event["event_id"], ACCEPTED) for event in events]
        records = [(event["user_id"], json.dumps(event, separators=(",", ":")).encode()) for event in events]
        self.world.stream.append(events[0]["user_id"], aggregate_records(records))

    def settle(self) -> None:
        settle(self.world, self.forwarding, self.delivery)

    def account(self) -> Account:
        return account(self.world, self.ledger, self.forwarding)


def events(count: int = 60, users: int = 7, first: int = 0, **changes: Any) -> list[Event]:
    """Return distinct events of some users."""
    return [
        numbered_event(n, event_id=f"e-{n}", user_id=f"u-{n % users}", item_id=f"i-{n % 5}", **changes)
        for n in range(first, first + count)
    ]


def _parts(items: list[Event], size: int) -> list[list[Event]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def nothing(run: Run) -> None:
    run.post(events())


def partial_puts(run: Run) -> None:
    """Let every set of positions of a call with four records fail once, by throttling and by a server error."""
    patterns = [frozenset(each) for size in range(1, 5) for each in itertools.combinations(range(4), size)]
    for number, (pattern, code) in enumerate(itertools.product(patterns, (THROTTLE, "InternalFailure"))):
        run.world.stream.faults.plan([Fault(failing=pattern, code=code)])
        run.post(events(8, users=4, first=100 * number))


def wrong_answers_of_the_stream(run: Run) -> None:
    run.world.stream.faults.plan([fault for fault in (*EVERY_KIND, KeyError("Records")) for _ in range(2)])
    run.post(events())


def minutes_of_throttling(run: Run) -> None:
    world = run.world
    world.stream.faults.during(lambda: world.clock.now < 300, client_error(THROTTLE, 400))
    world.tracker.faults.during(lambda: world.clock.now < 900, throttled())
    world.dynamodb.faults["batch_write_item"].during(lambda: world.clock.now < 1200, throttled())
    run.post(events())


def tracker_down_for_an_hour(run: Run) -> None:
    world = run.world
    run.post(events())
    world.tracker.faults.during(lambda: world.clock.now < HOUR, server_error())
    run.settle()
    assert world.clock.now >= HOUR
    assert not world.s3.keys("bad-rows")


def tracker_silent_for_an_hour(run: Run) -> None:
    world = run.world
    world.tracker.faults.during(lambda: world.clock.now < HOUR, Fault(before=timeout(), effect=lambda: _pass(world, 5)))
    run.post(events())


def history_and_bad_rows_refused(run: Run) -> None:
    world = run.world
    run.post(events())
    refused(run)
    world.dynamodb.faults["batch_write_item"].during(lambda: world.clock.now < 600, denied())
    world.dynamodb.faults["batch_get_item"].during(lambda: world.clock.now < 900, server_error())
    world.s3.faults["put_object"].during(lambda: world.clock.now < 1200, client_error("SlowDown", 503))


def history_partly_written(run: Run) -> None:
    run.world.dynamodb.faults["batch_write_item"].plan(
        [Fault(failing=frozenset(range(n, 25))) for n in range(25)]
        + [Fault(answer={}), Fault(after=timeout()), Fault(answer={"UnprocessedItems": None})]
    )
    run.post(events(100))


def refused(run: Run) -> None:
    """Post refused, denied and unreadable records among good ones, in every place of a request."""
    bad = [numbered_event(n, event_id=f"bad-{n}", user_id="u-1", event_value="no") for n in range(3)]
    without = [numbered_event(n, event_id=f"no-{n}", user_id="u-1", consent="denied") for n in range(3)]
    for number, order in enumerate(itertools.permutations([events(1, first=900), bad[:1], without[:1]])):
        request = [event for part in order for event in part]
        fresh = [{**event, "event_id": f"{event['event_id']}-{number}"} for event in request]
        run.ledger.good.add(f"e-900-{number}")
        run.ledger.refused.add(f"bad-0-{number}")
        run.ledger.denied.add(f"no-0-{number}")
        run.world.post(*fresh)
    for body in (b"no json", b"[1, 2]", b"[" + b",".join([b'{"event_id":"many"}'] * 501) + b"]"):
        run.world.post_body(body)
    run.ledger.bodies.add(b"no json")


def denied_in_every_spelling(run: Run) -> None:
    plain = json.dumps(numbered_event(0, event_id="no"))[:-1]
    for tail in (',"consent":"Denied"}', ',"consent":false}', ',"consent":"denied","x":1}', ',"consent":"denied"'):
        run.world.post_body(f"[{plain}{tail}]".encode())
    run.world.post_body(f'[{plain},"consent":"denied","consent":"granted"}}]'.encode())
    run.ledger.denied.add("no")
    run.post(events(10))


def bad_rows_by_the_queue(run: Run) -> None:
    world = run.world
    world.s3.faults["put_object"].during(lambda: world.clock.now < 600, server_error())
    world.queue.faults.plan([None, Fault(after=timeout())])
    refused(run)


def poison(run: Run) -> None:
    """Let the tracker refuse the first, a middle, the last, and all events of users, by every kind of refusal."""
    codes = [("InvalidInputException", 400), ("SerializationException", 400), ("ValidationException", 400)]
    codes += [("RequestEntityTooLargeException", 413), ("InternalFailure", 500)]
    run.post(events(10, users=2, first=500))
    for number, (code, status) in enumerate(codes):
        sent = events(60, users=3, first=600 * (number + 1))
        bad = {sent[0]["event_id"], sent[31]["event_id"], sent[59]["event_id"]}
        bad |= {event["event_id"] for event in sent if event["user_id"] == "u-2"}
        run.world.tracker.errors |= dict.fromkeys(bad, client_error(code, status))
        run.ledger.poison |= bad
        run.post([event for event in sent if event["event_id"] not in bad])
        run.world.post(*[event for event in sent if event["event_id"] in bad])


def everything_is_refused_for_a_while(run: Run) -> None:
    world = run.world
    refusal = client_error("InvalidInputException", 400, message="could not be processed")
    world.tracker.faults.during(lambda: world.clock.now < 600, refusal)
    run.post(events())
    run.settle()
    assert not world.s3.keys("bad-rows")


def poison_in_the_stream(run: Run) -> None:
    """Write records past the front door that are unreadable at their first, a middle, the last and at every place."""
    good = [json.dumps(event).encode() for event in events(12, users=3, first=300)]
    run.ledger.good |= {f"e-{n}" for n in range(300, 312)}
    damaged = aggregate_records([("k", good[0]), ("k", good[1])])[:-1] + b"x"
    for data in (b"}", *good[:6], damaged, b"\xf3\x89\x9a\xc2", *good[6:], b""):
        run.world.stream.append("k", data)
    run.world.stream.append("k", aggregate_records([("k", b"}"), ("k", good[0]), ("k", b"nul\x00"), ("k", good[2])]))
    run.world.stream.append("k", aggregate_records([("k", b"}}"), ("k", b"}}}")]))
    run.ledger.bodies |= {b"}", damaged, b"nul\x00", b"}}", b"}}}"}


def redelivered_whole(run: Run) -> None:
    run.forwarding.repeats = 1
    run.post(events())


def redelivered_in_parts(run: Run) -> None:
    run.forwarding.repeats = 0.5
    run.post(events())


def two_producers_with_one_batch(run: Run) -> None:
    run.world.stream.faults.plan([Fault(after=timeout()), None, Fault(failing=frozenset({0}))])
    run.post(events())
    run.post(events())


def shard_split(run: Run) -> None:
    for number in range(3):
        run.post(events(40, users=20, first=100 * number))
        run.world.stream.split()
    run.post(events(40, users=20, first=900))


def late_and_early(run: Run) -> None:
    """Post events of yesterday, of the last permitted minute ahead, and of too far ahead."""
    yesterday = (ARRIVED_AT - timedelta(days=1)).isoformat()
    ahead = (ARRIVED_AT + timedelta(minutes=15)).isoformat()
    run.post(events(10, first=0, timestamp=yesterday))
    run.post(events(10, first=100, timestamp=ahead))
    far = events(5, first=200, timestamp=(ARRIVED_AT + timedelta(minutes=16)).isoformat())
    run.ledger.refused |= {event["event_id"] for event in far}
    run.world.post(*far)
    run.world.clock.now += 24 * HOUR  # the consumers run a day later


def hot_key(run: Run) -> None:
    run.world.tracker.before_each = lambda: _pass(run.world, 0.15)
    run.post(events(2000, users=1), size=500)
    run.post(events(50, first=3000))


def records_of_a_mebibyte(run: Run) -> None:
    """Write aggregates as large as a record may be: of one user, and of thousands, to a slow tracker."""
    run.world.tracker.before_each = lambda: _pass(run.world, 0.5)
    large: dict[str, Any] = {"session_id": ..., "properties": {"page": "p" * 900}}
    run.put_aggregate(events(980, users=1, **large))
    run.put_aggregate(events(980, users=800, first=2000, **large))
    assert max(len(record.data) for record in run.world.stream.roots[0].records) > 1_000_000


def parameter_lost_for_a_while(run: Run) -> None:
    world = run.world
    world.parameters.faults.during(lambda: world.clock.now < 300, Fault(answer={}))
    run.post(events())


def tracker_replaced(run: Run) -> None:
    world = run.world

    def replace_tracker() -> None:
        world.tracker.tracking_id = world.parameters.value = "tracker-2"

    run.post(events())
    world.tracker.faults.plan([None, Fault(effect=replace_tracker)])


def everything_at_random(run: Run, seed: int = 1) -> None:
    """Play every kind of fault at a fifth of all calls, by seed."""
    draw = random.Random(seed)
    world = run.world
    for fake in (world.stream, world.tracker, world.parameters):
        fake.faults.by_seed(draw, 0.2, EVERY_KIND)
    for named, names in ((world.dynamodb, ("batch_write_item", "batch_get_item")), (world.s3, ("put_object",))):
        for name in names:
            named.faults[name].by_seed(draw, 0.2, [kind for kind in EVERY_KIND if kind not in WRONG_ANSWERS])
    world.queue.faults.by_seed(draw, 0.0, [server_error()])
    run.post(events(200))
    refused(run)


def _pass(world: World, seconds: float) -> None:
    world.clock.now += seconds


SCENARIOS: dict[str, Callable[[Run], None]] = {
    scenario.__name__: scenario
    for scenario in (
        nothing,
        partial_puts,
        wrong_answers_of_the_stream,
        minutes_of_throttling,
        tracker_down_for_an_hour,
        tracker_silent_for_an_hour,
        history_and_bad_rows_refused,
        history_partly_written,
        refused,
        denied_in_every_spelling,
        bad_rows_by_the_queue,
        poison,
        everything_is_refused_for_a_while,
        poison_in_the_stream,
        redelivered_whole,
        redelivered_in_parts,
        two_producers_with_one_batch,
        shard_split,
        late_and_early,
        hot_key,
        records_of_a_mebibyte,
        parameter_lost_for_a_while,
        tracker_replaced,
        everything_at_random,
    )
}


def play(name: str) -> tuple[Run, Account]:
    """Play a scenario to its end."""
    run = Run.start()
    SCENARIOS[name](run)
    run.settle()
    return run, run.account()


def main() -> int:
    """Print a row for each scenario."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.scenarios", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*SCENARIOS, []], help="(default: all)")
    names = parser.parse_args().names or list(SCENARIOS)
    print(f"{'scenario':<36} {'events':>7} {'lost':>5} {'doubled':>8} {'stuck':>6} {'unaccounted':>12}  simulated")
    is_clean = True
    for name in names:
        run, result = play(name)
        sent = sum(map(len, vars(run.ledger).values()))
        lost, doubled, stuck, unaccounted = result.figures
        time = timedelta(seconds=round(run.world.clock.now))
        print(f"{name:<36} {sent:>7} {lost:>5} {doubled:>8} {stuck:>6} {unaccounted:>12}  {time}", flush=True)
        is_clean &= not any(result.figures)
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
