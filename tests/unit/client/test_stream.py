"""Straight into Kinesis: aggregates of one user each, within the limits, in order, with retries by record."""

from __future__ import annotations

import os
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.client import Client
from backend.client.delivery import pauses as pauses_module
from backend.client.transports import stream
from backend.client.transports.stream import StreamTransport
from backend.contract import Event, deaggregate_records, is_aggregated, read_streamed_events
from tests.factories.records import event_fields
from tests.fakes.faults import Fault, client_error, denied, server_error, throttled, timeout, unreadable
from tests.fakes.kinesis import FakeKinesis

KIBIBYTE = 1024


def events_in(kinesis):
    """Return user and number of each event in the stream, by its own partition key."""
    found = []
    for key, data in kinesis.records:
        payloads = deaggregate_records(data) if is_aggregated(data) else [data]
        assert len(data) <= 50 * KIBIBYTE
        for event in read_streamed_events(payloads, arrived_at=datetime.now(UTC)):
            assert isinstance(event, Event)
            assert (event.user_id or event.session_id) == key
            found.append((key, int(str(event.event_id).removeprefix("e-"))))
    return found


def to_stream(kinesis: Any) -> StreamTransport:
    return StreamTransport("events", kinesis)


def make(kinesis, **options):
    return Client(to_stream(kinesis), background=False, when_full="block", **options)


def send(client, users, **changes):
    for number, user in enumerate(users):
        client.send(event_fields(event_id=f"e-{number}", user_id=user, **changes))


def test_the_events_of_a_user_share_records_and_those_of_several_do_not():
    kinesis = FakeKinesis()
    with make(kinesis) as client:
        send(client, ["ann", "bob", "ann", "ann"])

    assert [(key, is_aggregated(data)) for key, data in kinesis.records] == [("ann", True), ("bob", False)]
    assert events_in(kinesis) == [("ann", 0), ("ann", 2), ("ann", 3), ("bob", 1)]


def test_a_visitor_who_is_not_known_is_the_session():
    kinesis = FakeKinesis()
    with make(kinesis) as client:
        client.send(event_fields(event_id="e-0", user_id=..., session_id="s-1"))

    assert events_in(kinesis) == [("s-1", 0)]


def test_records_and_calls_stay_within_the_limits_of_kinesis():
    kinesis = FakeKinesis()
    large = {"impression": [f"{number}" * 100 for number in range(20)]}
    users = [f"u-{number % 700}" for number in range(1400)] + ["é" * 256] * 200
    with make(kinesis, max_bytes=64 * KIBIBYTE * KIBIBYTE) as client:
        send(client, users, **large)

    assert len(events_in(kinesis)) == len(users)
    assert max(map(len, kinesis.calls)) == 500
    assert all(len(call) == len(set(call)) for call in kinesis.calls)


def test_of_a_call_that_fails_in_part_the_failed_records_alone_are_put_again():
    kinesis = FakeKinesis()
    kinesis.failing = [{1: "ProvisionedThroughputExceededException", 2: "InternalFailure"}]
    with make(kinesis) as client:
        send(client, ["ann", "bob", "cleo"])
        counts = client.flush()

    assert kinesis.calls == [["ann", "bob", "cleo"], ["bob", "cleo"]]
    assert sorted(events_in(kinesis)) == [("ann", 0), ("bob", 1), ("cleo", 2)]
    assert (counts.accepted, counts.retries, counts.unaccounted) == (3, 1, 0)


def test_behind_a_record_that_failed_nothing_of_its_user_is_put():
    kinesis = FakeKinesis()
    kinesis.failing = [{0: "InternalFailure"}]
    with make(kinesis) as client:
        send(client, ["ann"] * 40, impression=["i" * 200] * 20)

    assert events_in(kinesis) == [("ann", number) for number in range(40)]


@settings(max_examples=40, deadline=None)
@given(
    users=st.lists(st.sampled_from(["ann", "bob", "cleo", "dan"]), max_size=60),
    failing=st.lists(st.dictionaries(st.integers(0, 3), st.just("InternalFailure")), max_size=12),
    aggregate=st.integers(200, 2_000),
)
def test_whatever_fails_each_event_arrives_once_and_those_of_a_user_in_order(users, failing, aggregate):
    pauses_module.FIRST_PAUSE_SECONDS = 0.0
    kinesis = FakeKinesis()
    kinesis.failing = list(failing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "MAX_AGGREGATE_BYTES", aggregate)
        with make(kinesis) as client:
            send(client, users)
            counts = client.flush()

    found = defaultdict(list)
    for user, number in events_in(kinesis):
        found[user].append(number)
    assert found == {user: [at for at, other in enumerate(users) if other == user] for user in set(users)}
    assert (counts.accepted, counts.unaccounted) == (len(users), 0)


@pytest.mark.parametrize("error", [throttled(), server_error(), timeout(), unreadable()], ids=str)
def test_a_call_that_may_succeed_later_is_made_again(error):
    kinesis = FakeKinesis()
    kinesis.faults.plan([error])
    with make(kinesis) as client:
        send(client, ["ann", "bob"])
        counts = client.flush()

    assert (counts.accepted, counts.retries) == (2, 1)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (denied(), "AccessDeniedException"),
        (client_error("ResourceNotFoundException", 400), "ResourceNotFoundException"),
        (NoCredentialsError(), "NoCredentialsError"),
    ],
)
def test_a_missing_right_holds_the_events_and_is_named(error, name, caplog):
    kinesis = FakeKinesis()
    kinesis.faults.always(error)
    client = make(kinesis)
    send(client, ["ann", "bob"])

    counts = client.flush(0.05)

    assert (counts.pending, counts.requests) == (2, 1)
    assert counts.problem == f"PutRecords to events failed: {name}"
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    kinesis.faults.always(None)
    assert client.close(0).lost == 2


@pytest.mark.parametrize("answer", [None, {}, {"Records": []}, {"Records": [{}]}, {"Records": ["?"]}], ids=str)
def test_an_answer_of_another_shape_confirms_nothing(answer):
    kinesis = FakeKinesis()
    kinesis.faults.plan([Fault(answer=answer)])
    with make(kinesis) as client:
        send(client, ["ann"])
        assert client.flush().retries == 1

    assert events_in(kinesis) == [("ann", 0), ("ann", 0)]  # one event, by its id


@pytest.mark.parametrize(
    "payload", [b'{"consent":"denied"}', b'{"\\u0063onsent" : "den\\u0069ed"}', b'{"consent":"granted","Consent":1}']
)
def test_what_may_deny_consent_is_not_put_even_unchecked(payload):
    kinesis = FakeKinesis()
    client = Client(to_stream(kinesis), background=False, when_invalid="send")
    client.send(payload)
    client.send(b'{"user_id":"ann","consent":"granted"}')
    client.send(b"no event")
    counts = client.close()

    assert (counts.suppressed, counts.accepted) == (1, 2)
    assert [data for _, data in kinesis.records] == [b'{"user_id":"ann","consent":"granted"}', b"no event"]


def test_a_payload_that_no_record_holds_is_refused():
    kinesis = FakeKinesis()
    client = Client(to_stream(kinesis), background=False, when_invalid="send")
    client.send(b" " * 1_100_000)
    assert client.close().refused == 1


def test_a_forked_child_does_not_use_the_connections_of_its_parent(monkeypatch):
    kinesis = FakeKinesis()
    transport = to_stream(kinesis)
    client = Client(transport, background=False)
    send(client, ["ann"])
    client.flush()
    assert kinesis.closed == 0
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)

    send(client, ["ann"])
    client.close()
    assert kinesis.closed == 1


def test_a_client_of_boto3_is_made_where_none_is_given(monkeypatch):
    made: list[Any] = []
    kinesis = FakeKinesis()

    def client(name, config):
        made.append((name, config.retries, config.connect_timeout, config.read_timeout))
        return kinesis

    monkeypatch.setattr(boto3, "client", client)
    with Client(StreamTransport("events", timeout=(1.0, 2.0)), background=False) as producer:
        send(producer, ["ann", "bob"])

    assert made == [("kinesis", {"total_max_attempts": 1}, 1.0, 2.0)]
    assert kinesis.closed == 1
