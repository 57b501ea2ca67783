"""What an application may do in a callback, and what follows when it ends or drops its client."""

from __future__ import annotations

import gc
import logging
import threading
from contextlib import nullcontext

import pytest

from backend.client import Client
from backend.client.delivery import lifetime
from tests.factories.records import event_fields, numbered_event
from tests.fakes.client.transport import REFUSED, FakeTransport, mixed, numbers, retry_all


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


@pytest.mark.parametrize("when", ["idle", "waiting", "retrying"])
def test_a_client_that_is_dropped_delivers_what_waits_and_leaves_no_thread(when):
    transport = FakeTransport(*[retry_all] * 3 if when == "retrying" else [])
    client = Client(transport, linger=0.0 if when != "waiting" else 0.05)
    client.send(numbered_event(0))
    thread, outbox = client._outbox._thread, client._outbox
    assert thread is not None
    if when == "idle":
        client.flush()

    del client
    gc.collect()
    thread.join(20)
    assert not thread.is_alive()

    assert numbers(transport.accepted) == [0]
    assert transport.closed
    assert outbox not in lifetime._resources.values()
    assert (outbox.counts().accepted, outbox.counts().unaccounted) == (1, 0)


@pytest.mark.parametrize("sent", [0, 1])
def test_a_client_without_a_thread_that_is_dropped_keeps_only_what_waits_for_the_exit(sent):
    transport = FakeTransport()
    client = Client(transport, background=False)
    for number in range(sent):
        client.send(numbered_event(number))
    outbox = client._outbox

    del client
    gc.collect()

    assert (outbox in lifetime._resources.values()) == bool(sent)
    outbox.close(5)  # as at the exit
    assert numbers(transport.accepted) == list(range(sent))
    assert outbox not in lifetime._resources.values()
