"""Whatever fails, in whatever order: nothing is lost, nothing is doubled, nobody's events overtake each other."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.faults import denied, server_error, throttled, timeout
from tests.unit.forward.world import World, event, record

USERS = ("ann", "bob", "cleo")


@st.composite
def batches(draw: st.DrawFn) -> list[list[Any]]:
    """Kinesis records of one or several events of few users, some bad, refused, repeated or without consent."""
    records = []
    for _ in range(draw(st.integers(1, 12))):
        said: list[Any] = []
        for _ in range(draw(st.integers(1, 6))):
            kind = draw(st.sampled_from(["good"] * 8 + ["bad", "denied"]))
            if kind == "bad":
                said.append(b"{" * draw(st.integers(1, 1000)))
                continue
            number = draw(st.integers(0, 30))
            user = draw(st.sampled_from(USERS))
            said.append(
                event(
                    number,
                    event_id=f"{user}-{number}",
                    user_id=user,
                    session_id=draw(st.sampled_from(["s-1", "s-1", "s-1", "s-2"])),
                    consent="denied" if kind == "denied" else "granted",
                )
            )
        records.append(said)
    return records


faults = st.lists(st.sampled_from([None, None, throttled(), server_error(), timeout(), denied()]), max_size=60)


@settings(max_examples=150, deadline=None)
@given(
    said=batches(),
    refused=st.sets(st.tuples(st.sampled_from(USERS), st.integers(0, 30)), max_size=5),
    at_tracker=faults,
    at_history=faults,
    at_bad_rows=faults,
    unprocessed=st.lists(st.integers(0, 5), max_size=5),
)
def test_under_any_schedule_of_faults(said, refused, at_tracker, at_history, at_bad_rows, unprocessed):
    world = World()
    world.tracker.refused = {f"{user}-{number}" for user, number in refused}
    world.tracker.faults.plan(at_tracker)
    world.dynamodb.faults["batch_write_item"].plan(at_history)
    world.dynamodb.unprocessed = [min(count, 1) for count in unprocessed]
    world.s3.faults.plan(at_bad_rows)

    outcomes = world.forward_until_done(*(record(number, *one) for number, one in enumerate(said)))

    events = [one for each in said for one in each]
    granted = {one["event_id"] for one in events if isinstance(one, dict) and one["consent"] == "granted"}
    wanted = granted - world.tracker.refused
    assert set(world.received_ids) == wanted
    assert {moment.partition("#")[2] for _, moment in world.history} == wanted
    assert {row.get("event_id") for row in world.s3.rows} - {None} == granted & world.tracker.refused
    assert sum(outcome.bad for outcome in outcomes) == len(world.s3.rows)
    if outcomes[0].first_failed is None:
        assert outcomes[0].received == len(events)
    times: defaultdict[str | None, list[Any]] = defaultdict(list)
    for user_id, _, sent in world.tracker.calls:
        times[user_id] += [one["sentAt"] for one in sent]
    if len(outcomes) == 1:
        assert all(user == sorted(user) for user in times.values())


@settings(max_examples=50, deadline=None)
@given(said=batches(), at_tracker=faults)
def test_nobodys_events_overtake_each_other_even_when_some_come_again(said, at_tracker):
    world = World()
    world.tracker.faults.plan(at_tracker)
    world.forward_until_done(*(record(number, *one) for number, one in enumerate(said)))
    by_user: defaultdict[str, list[Any]] = defaultdict(list)
    for one in world.tracker.received:
        by_user[one["eventId"].partition("-")[0]].append(one["sentAt"])
    assert all(times == sorted(times) for times in by_user.values())


@settings(max_examples=50, deadline=None)
@given(said=batches())
def test_a_batch_that_comes_again_changes_nothing(said):
    world = World()
    records = [record(number, *one) for number, one in enumerate(said)]
    world.forward(*records)
    received, history, rows = world.received_ids, dict(world.history), dict(world.s3.objects)
    world.forward(*records)
    assert (world.received_ids, world.history, world.s3.objects) == (received, history, rows)
