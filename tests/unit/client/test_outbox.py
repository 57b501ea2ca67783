"""Every event has exactly one counted outcome, in order, whatever the transport answers."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.client import Client, ClientClosedError
from backend.client.delivery import pauses as pauses_module
from backend.client.transports.interface import RETRY, Answer, Problem, Verdict
from tests.factories.records import event_fields, numbered_event
from tests.fakes.client.transport import (
    ACCEPTED,
    REFUSED,
    THROTTLED,
    FakeTransport,
    accept_all,
    mixed,
    numbers,
    retry_all,
)

answers = st.sampled_from(
    [
        accept_all,
        retry_all,
        mixed(ACCEPTED, RETRY),
        mixed(RETRY, ACCEPTED, REFUSED),
        mixed(Verdict("suppressed")),
        lambda batch: Answer([REFUSED] * len(batch), is_refused_as_a_whole=True),
        lambda _: Answer([ACCEPTED]),
        lambda _: 1 / 0,
    ]
)


@settings(max_examples=60, deadline=None)
@given(
    script=st.lists(answers, max_size=12),
    events=st.integers(0, 40),
    room=st.integers(1, 30),
    when_full=st.sampled_from(["drop", "block"]),
    batch=st.integers(1, 9),
    background=st.booleans(),
)
def test_what_is_sent_equals_the_sum_of_the_outcomes(script, events, room, when_full, batch, background):
    pauses_module.FIRST_PAUSE_SECONDS = 0.0
    transport = FakeTransport(*script, batch_events=batch)
    refused: list[Any] = []
    lost: list[Any] = []
    client = Client(
        transport,
        max_events=room,
        when_full=when_full,
        linger=0.0,
        background=background,
        on_refused=refused.append,
        on_lost=lost.append,
    )
    for number in range(events):
        client.send(numbered_event(number))
        assert client.stats().unaccounted == 0
    counts = client.close()

    assert counts.sent == events
    assert counts.unaccounted == counts.pending == 0
    assert counts.accepted == len(transport.accepted) == len(set(transport.accepted))
    assert (len(refused), len(lost)) == (counts.refused, counts.lost)
    if when_full == "block":
        assert counts.dropped == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([accept_all, retry_all, mixed(RETRY)]), max_size=8), st.integers(1, 7))
def test_events_arrive_in_the_order_in_which_they_were_sent(script, batch):
    pauses_module.FIRST_PAUSE_SECONDS = 0.0
    transport = FakeTransport(*script, batch_events=batch)
    with Client(transport, background=False) as client:
        for number in range(20):
            client.send(numbered_event(number))

    assert numbers(transport.accepted) == list(range(20))


def test_those_to_send_again_go_before_newer_ones():
    transport = FakeTransport(mixed(ACCEPTED, RETRY), batch_events=4)
    with Client(transport, background=False) as client:
        for number in range(6):
            client.send(numbered_event(number))

    assert [numbers(batch) for batch in transport.batches] == [[0, 1, 2, 3], [1, 3, 4, 5]]


def test_the_event_that_makes_a_body_refused_is_found_by_halves():
    def refuse_five(batch):
        is_bad = any(entry.event_id == "e-5" for entry in batch)
        return Answer([REFUSED if is_bad else ACCEPTED] * len(batch), is_refused_as_a_whole=is_bad)

    transport = FakeTransport()
    transport.always = refuse_five
    refused: list[Any] = []
    with Client(transport, background=False, on_refused=refused.append) as client:
        for number in range(16):
            client.send(numbered_event(number))
        counts = client.flush()

    assert (counts.accepted, counts.refused) == (15, 1)
    assert [event.event_id for event in refused] == ["e-5"]
    assert numbers(transport.accepted) == [number for number in range(16) if number != 5]


def test_a_full_queue_drops_and_counts(caplog):
    transport = FakeTransport()
    transport.gate.clear()
    client = Client(transport, max_events=2, linger=0.0)

    ids = [client.send(numbered_event(number)) for number in range(5)]
    transport.gate.set()
    counts = client.close()

    assert ids == ["e-0", "e-1", None, None, None]
    assert (counts.sent, counts.accepted, counts.dropped, counts.unaccounted) == (5, 2, 3, 0)
    assert [record.message for record in caplog.records if "dropped" in record.message] == [
        "the queue is full (2 events): events are dropped"
    ]


def test_the_bytes_that_wait_are_bounded():
    large = event_fields(impression=["i" * 250] * 20)
    transport = FakeTransport()
    with Client(transport, max_bytes=12_000, background=False) as client:
        for number in range(4):
            client.send({**large, "event_id": f"e-{number}"})
        assert client.stats().dropped == 2


def test_a_full_queue_blocks_until_there_is_room():
    transport = FakeTransport()
    transport.gate.clear()
    client = Client(transport, max_events=2, when_full="block", linger=0.0)
    sending = threading.Thread(target=lambda: [client.send(numbered_event(number)) for number in range(9)])
    sending.start()
    assert transport.entered.wait(20)
    assert client.stats().sent <= 3

    transport.gate.set()
    sending.join(20)
    counts = client.close()

    assert (counts.sent, counts.accepted, counts.lost) == (9, 9, 0)
    assert numbers(transport.accepted) == list(range(9))


def test_without_a_thread_a_full_queue_that_blocks_is_delivered_by_the_caller():
    transport = FakeTransport()
    with Client(transport, max_events=3, when_full="block", background=False) as client:
        for number in range(10):
            client.send(numbered_event(number))
        assert client.stats().accepted > 0
        assert threading.active_count() == len(threading.enumerate())

    assert numbers(transport.accepted) == list(range(10))


def test_a_full_batch_is_sent_without_waiting_for_others():
    transport = FakeTransport(batch_events=3)
    client = Client(transport, linger=3600.0)
    transport.gate.clear()
    for number in range(3):
        client.send(numbered_event(number))

    assert transport.entered.wait(20)
    transport.gate.set()
    assert client.close().accepted == 3


def test_flush_waits_for_what_was_sent_before_and_no_more():
    transport = FakeTransport(batch_events=2)
    client = Client(transport, linger=3600.0)
    client.send(numbered_event(0))

    assert client.flush().accepted == 1
    client.send(numbered_event(1))
    assert client.stats().pending == 1
    assert client.close().accepted == 2


def test_flush_returns_after_its_timeout_with_the_problem():
    transport = FakeTransport()
    transport.always = lambda batch: Answer([RETRY] * len(batch), Problem("the API is away"), retry_after=3600.0)
    client = Client(transport)
    client.send(event_fields())

    counts = client.flush(0.05)

    assert (counts.pending, counts.problem) == (1, "the API is away")
    assert client.close(0).lost == 1


def test_what_is_not_confirmed_within_the_deadline_is_lost_and_reported():
    transport, done = FakeTransport(), threading.Event()
    lost: list[Any] = []
    transport.always = lambda batch: Answer([RETRY] * len(batch), THROTTLED, retry_after=3600.0)

    def note(payload):
        lost.append(payload)
        done.set()

    client = Client(transport, deadline=0.05, linger=0.0, on_lost=note)
    client.send(numbered_event(7))

    assert done.wait(20)
    counts = client.flush()
    assert numbers(lost) == [7]
    assert (counts.lost, counts.pending, counts.unaccounted) == (1, 0, 0)
    client.close()


def test_a_blocked_sender_is_woken_by_close():
    transport = FakeTransport()
    errors: list[Any] = []
    transport.always = lambda batch: Answer([RETRY] * len(batch), THROTTLED, retry_after=3600.0)
    client = Client(transport, max_events=1, when_full="block", linger=0.0)

    def send():
        try:
            for number in range(3):
                client.send(numbered_event(number))
        except ClientClosedError as error:
            errors.append(error)

    sending = threading.Thread(target=send)
    sending.start()
    assert transport.entered.wait(20)
    counts = client.close(0)
    sending.join(20)

    assert errors
    assert client.stats().unaccounted == 0
    assert counts.accepted == 0
    with pytest.raises(ClientClosedError):
        client.send(event_fields())


def test_events_in_flight_at_the_end_of_close_are_lost_once_even_if_their_answer_comes_later():
    transport = FakeTransport()
    transport.gate.clear()
    client = Client(transport, linger=0.0)
    client.send(event_fields())
    assert transport.entered.wait(20)

    counts = client.close(0)
    transport.gate.set()
    worker = client._outbox._thread
    assert worker is not None
    worker.join(20)

    assert (counts.lost, counts.pending) == (1, 0)
    assert client.stats() == counts
    assert transport.closed


def test_many_threads_share_a_client():
    transport = FakeTransport(mixed(ACCEPTED, RETRY), retry_all, batch_events=50)
    client = Client(transport, linger=0.0, when_full="block", max_events=100)

    def send(thread):
        for number in range(200):
            client.send(event_fields(event_id=f"e-{thread * 1000 + number}"))

    threads = [threading.Thread(target=send, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    counts = client.close()

    assert (counts.sent, counts.accepted, counts.unaccounted) == (800, 800, 0)
    arrived = numbers(transport.accepted)
    # A thread sends one after another, and but for the first answer's retries all arrive so.
    for sender in range(4):
        own = [number for number in arrived[100:] if number // 1000 == sender]
        assert own == sorted(own)
