"""Whatever fails, in whatever order: nothing is lost, nothing is doubled, and the events of a user stay in order."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.lambda_events import kinesis_record
from tests.factories.records import numbered_event
from tests.fakes.faults import denied, server_error, throttled, timeout
from tests.fakes.functions.forwarder import Forwarder

USERS = ("ann", "bob", "cleo")


@st.composite
def batches(draw: st.DrawFn) -> list[list[Any]]:
    """Kinesis records of one or several events of few users, some bad, refused, repeated or without consent."""
    records = []
    for _ in range(draw(st.integers(1, 12))):
        contents: list[Any] = []
        for _ in range(draw(st.integers(1, 6))):
            kind = draw(st.sampled_from(["good"] * 8 + ["bad", "denied"]))
            if kind == "bad":
                contents.append(b"}" * draw(st.integers(1, 1000)))
                continue
            number = draw(st.integers(0, 30))
            user = draw(st.sampled_from(USERS))
            contents.append(
                numbered_event(
                    number,
                    event_id=f"{user}-{number}",
                    user_id=user,
                    session_id=draw(st.sampled_from(["s-1", "s-1", "s-1", "s-2"])),
                    consent="denied" if kind == "denied" else "granted",
                )
            )
        records.append(contents)
    return records


faults = st.lists(st.sampled_from([None, None, throttled(), server_error(), timeout(), denied()]), max_size=60)


@settings(max_examples=150)
@given(
    batch=batches(),
    refused=st.sets(st.tuples(st.sampled_from(USERS), st.integers(0, 30)), max_size=5),
    at_tracker=faults,
    at_history=faults,
    at_bad_rows=faults,
    unprocessed=st.lists(st.integers(0, 5), max_size=5),
    pause=st.sampled_from([0, 5]),
)
def test_nothing_is_lost_or_doubled_under_any_schedule_of_faults(
    batch, refused, at_tracker, at_history, at_bad_rows, unprocessed, pause
):
    forwarder = Forwarder()
    forwarder.forward_control()
    forwarder.tracker.refused = {f"{user}-{number}" for user, number in refused}
    forwarder.tracker.faults.plan(at_tracker)
    forwarder.dynamodb.faults["batch_write_item"].plan(at_history)
    forwarder.dynamodb.unprocessed = [min(count, 1) for count in unprocessed]
    forwarder.s3.faults["put_object"].plan(at_bad_rows)

    outcomes = forwarder.forward_until_done(
        *(kinesis_record(number, *contents) for number, contents in enumerate(batch)), pause=pause
    )

    events = [content for contents in batch for content in contents]
    granted = {event["event_id"] for event in events if isinstance(event, dict) and event["consent"] == "granted"}
    wanted = granted - forwarder.tracker.refused
    assert set(forwarder.received_ids) == wanted
    assert {moment.partition("#")[2] for _, moment in forwarder.history} == wanted
    assert {row.get("event_id") for row in forwarder.bad_rows} - {None} == granted & forwarder.tracker.refused
    # An event that the tracker refuses may be stored twice, where the note that it is stored was not written.
    bad = Counter(row["reason"] for row in forwarder.bad_rows)
    bad["refused_by_tracker"] = len(granted & forwarder.tracker.refused)
    # The same event in a later record, which is redelivered when the first is done, is refused again.
    copies = [event["event_id"] for event in events if isinstance(event, dict) and event["consent"] == "granted"]
    again = sum(event_id in forwarder.tracker.refused for event_id in copies) - bad["refused_by_tracker"]
    assert bad.total() <= sum(outcome.bad for outcome in outcomes) <= bad.total() + again
    if outcomes[0].first_failed is None:
        assert outcomes[0].received == len(events)
    times: defaultdict[str | None, list[Any]] = defaultdict(list)
    for user_id, _, sent in forwarder.tracker.calls:
        times[user_id] += [event["sentAt"] for event in sent]
    if len(outcomes) == 1:
        assert all(user == sorted(user) for user in times.values())


@settings(max_examples=50)
@given(batch=batches(), at_tracker=faults)
def test_no_users_events_overtake_each_other_even_when_some_are_redelivered(batch, at_tracker):
    forwarder = Forwarder()
    forwarder.forward_control()
    forwarder.tracker.faults.plan(at_tracker)
    forwarder.forward_until_done(*(kinesis_record(number, *contents) for number, contents in enumerate(batch)))
    by_user: defaultdict[str, list[Any]] = defaultdict(list)
    for event in forwarder.tracker.received:
        by_user[event["eventId"].partition("-")[0]].append(event["sentAt"])
    assert all(times == sorted(times) for times in by_user.values())


@settings(max_examples=50)
@given(batch=batches())
def test_a_redelivered_batch_changes_nothing(batch):
    forwarder = Forwarder()
    records = [kinesis_record(number, *contents) for number, contents in enumerate(batch)]
    forwarder.forward(*records)
    received, history, rows = forwarder.received_ids, dict(forwarder.history), dict(forwarder.s3.objects)
    forwarder.forward(*records)
    assert (forwarder.received_ids, forwarder.history, forwarder.s3.objects) == (received, history, rows)
