"""Every event has exactly one counted outcome, in order, whatever the transport answers."""

from __future__ import annotations

import logging
import math
import random
import threading
from collections import deque
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.client import Client, ClientClosedError
from backend.client.delivery import pauses as pauses_module
from backend.client.delivery.pauses import Pauses
from backend.client.transports.interface import RETRY, Answer, Problem, Verdict
from tests.factories.records import event_fields, numbered_event
from tests.fakes.client.transport import ACCEPTED, THROTTLED, FakeTransport, accept_all, retry_all

REFUSED = Verdict("refused", reason="too_old")


def numbers(payloads):
    return [int(msgspec.json.decode(payload)["event_id"].removeprefix("e-")) for payload in payloads]


def mixed(*verdicts):
    def answer(batch):
        given = [verdicts[at % len(verdicts)] for at in range(len(batch))]
        return Answer(given, THROTTLED if RETRY in given else None)

    return answer


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


def test_a_refusal_is_logged_once_for_its_reason_where_the_application_does_not_take_it(caplog):
    with Client(FakeTransport(mixed(REFUSED)), background=False) as client:
        for number in range(3):
            client.send(numbered_event(number))
        client.flush()

    assert caplog.messages == ["an event was refused: too_old; others for this reason are counted only"]


def test_a_callback_that_fails_stops_nothing_and_its_text_is_not_logged(caplog):
    def fail(_):
        raise KeyError("ann bought a mug")

    transport = FakeTransport(mixed(REFUSED))
    with Client(transport, on_refused=fail, background=False) as client:
        client.send(event_fields())
        assert client.flush().refused == 1

    assert "on_refused raised KeyError" in caplog.text
    assert "mug" not in caplog.text


def test_a_callback_may_use_the_client():
    transport = FakeTransport(mixed(REFUSED))

    def send_another(_):
        client.send(numbered_event(1))
        client.flush(1)

    client = Client(transport, linger=0.0, on_refused=send_another)
    client.send(numbered_event(0))
    client.flush()

    assert client.close().accepted == 1


def test_flush_returns_after_the_callbacks_for_its_events(monkeypatch):
    entered, waiting = threading.Event(), threading.Event()

    def wait_for_flush(_):
        entered.set()
        assert waiting.wait(20)

    client = Client(FakeTransport(mixed(REFUSED)), linger=0.0, on_refused=wait_for_flush)
    progress = client._outbox._progress
    wait = progress.wait

    def note_and_wait(timeout=None):
        waiting.set()
        return wait(timeout)

    monkeypatch.setattr(progress, "wait", note_and_wait)
    client.send(event_fields())
    assert entered.wait(20)
    counts = client.flush()
    waiting.set()

    assert (counts.refused, counts.pending) == (1, 0)
    client.close()


@pytest.mark.parametrize("background", [False, True])
def test_a_callback_that_sends_while_the_queue_is_full_and_blocks_does_not_wait_for_itself(background):
    transport = FakeTransport(mixed(REFUSED), batch_events=2)

    def send_another(event):
        client.send(numbered_event(10 + int(event.event_id.removeprefix("e-"))))

    client = Client(
        transport, max_events=2, when_full="block", linger=0.0, background=background, on_refused=send_another
    )
    for number in range(4):
        client.send(numbered_event(number))
    counts = client.close()

    assert counts.refused > 0
    assert counts.sent == 4 + counts.refused
    assert (counts.accepted, counts.lost, counts.unaccounted) == (4, 0, 0)


def test_a_handler_of_the_log_may_send_events(caplog):
    transport = FakeTransport(retry_all)
    client = Client(transport, background=False)

    class Handler(logging.Handler):
        def emit(self, record):
            if record.levelno >= logging.WARNING:
                other = threading.Thread(target=client.send, args=(numbered_event(1),))
                other.start()
                other.join(20)
                assert not other.is_alive()

    handler = Handler()
    logging.getLogger("backend.client").addHandler(handler)
    try:
        client.send(numbered_event(0))
        client.flush()
        assert client.close().accepted == 2
    finally:
        logging.getLogger("backend.client").removeHandler(handler)


def test_an_exception_of_a_signal_handler_loses_nothing():
    def interrupted(_):
        raise KeyboardInterrupt

    transport = FakeTransport(interrupted)
    client = Client(transport, background=False)
    client.send(event_fields())

    with pytest.raises(KeyboardInterrupt):
        client.flush()

    assert client.close().accepted == 1


def test_pauses_grow_with_jitter_and_are_never_shorter_than_the_server_asks(monkeypatch):
    monkeypatch.setattr(pauses_module, "FIRST_PAUSE_SECONDS", 0.5)
    monkeypatch.setattr(pauses_module, "LONGEST_PAUSE_SECONDS", 30.0)
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    pauses = Pauses()

    assert [pauses.next_seconds(0) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    pauses.reset()
    assert pauses.next_seconds(7.0) == 7.0
    assert pauses.next_seconds(10**9) == 300.0
    assert pauses.next_seconds(0, is_permanent=True) == 60.0


def test_a_clock_that_is_ahead_is_corrected_and_the_refused_events_are_sent_again(caplog):
    ahead = -timedelta(days=1).total_seconds()
    transport = FakeTransport(
        lambda batch: Answer([Verdict("refused", reason="in_future")] * len(batch), clock_offset=ahead)
    )
    refused: list[Any] = []
    with Client(transport, background=False, on_refused=refused.append) as client:
        event_id = client.send(event_fields(event_id=..., timestamp=...))
        client.send(event_fields(event_id="e-2"))  # the caller's own time is not changed
        counts = client.flush()

    (arrived,) = [msgspec.json.decode(payload) for payload in transport.accepted]
    assert arrived["event_id"] == event_id
    now = datetime.now(UTC)
    assert timedelta(hours=23) < now - datetime.fromisoformat(arrived["timestamp"]) < timedelta(hours=25)
    assert [event.event_id for event in refused] == ["e-2"]
    assert (counts.sent, counts.accepted, counts.refused, counts.unaccounted) == (2, 1, 1, 0)
    assert "this machine's clock differs by 86400 s from the server's" in caplog.text


def test_a_clock_that_is_behind_is_corrected_until_it_is_right_again():
    offsets = deque([timedelta(days=1).total_seconds(), 0.0, 0.0])
    transport = FakeTransport()
    transport.always = lambda batch: Answer([ACCEPTED] * len(batch), clock_offset=offsets.popleft())
    with Client(transport, background=False) as client:
        for number in range(3):
            client.send(event_fields(event_id=f"e-{number}", timestamp=...))
            client.flush()

    times = [datetime.fromisoformat(msgspec.json.decode(payload)["timestamp"]) for payload in transport.accepted]
    assert [round((time - datetime.now(UTC)) / timedelta(days=1)) for time in times] == [0, 1, 0]


@pytest.mark.parametrize("years", [7973, -2025, 1, math.inf, math.nan])
def test_a_wrong_clock_of_the_server_is_ignored(years, caplog):
    transport = FakeTransport()
    transport.always = lambda batch: Answer([ACCEPTED] * len(batch), clock_offset=years * 365 * 86_400.0)
    with Client(transport, background=False) as client:
        for number in range(3):
            client.send(event_fields(event_id=f"e-{number}", timestamp=...))
            client.flush()

    times = [datetime.fromisoformat(msgspec.json.decode(payload)["timestamp"]) for payload in transport.accepted]
    assert [round((time - datetime.now(UTC)) / timedelta(days=1)) for time in times] == [0, 0, 0]
    assert caplog.text.count("is ignored") == 1


@pytest.mark.parametrize("background", [False, True])
def test_a_callback_that_exits_leaves_every_event_with_an_outcome(background):
    def leave(_):
        raise SystemExit(3)

    transport = FakeTransport(mixed(REFUSED))
    client = Client(transport, linger=3600.0, on_refused=leave, background=background)
    client.send(numbered_event(0))
    with nullcontext() if background else pytest.raises(SystemExit):
        client.flush()
    client.send(numbered_event(1))
    counts = client.close()

    assert (counts.refused, counts.accepted, counts.pending, counts.unaccounted) == (1, 1, 0, 0)
