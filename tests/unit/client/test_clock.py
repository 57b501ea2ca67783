"""Pauses between attempts, and a clock that is wrong, which the server's answers correct."""

from __future__ import annotations

import math
import random
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from backend.client import Client
from backend.client.delivery import pauses as pauses_module
from backend.client.delivery.pauses import Pauses
from backend.client.transports.interface import Answer, Verdict
from tests.factories.records import event_fields
from tests.fakes.client.transport import ACCEPTED, FakeTransport


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
