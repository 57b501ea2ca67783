"""The replay against a real HTTP server that answers as the API does and injects faults."""

import threading
from collections import Counter
from datetime import UTC, datetime
from io import BytesIO

import pytest

from backend.client.delivery import pauses
from backend.contract import may_deny_consent
from backend.contract.accounting.ledger import read_ledger
from data.generator import Settings, generate
from data.replay import ApiAccessError, ApiUnavailableError, load_catalogue, replay
from tests.fakes.client.events_api import KEY, NORMAL, EventsApi, Reply, serving

SETTINGS = Settings(
    items=100, users=60, events=1_500, days=5, until=datetime(2026, 11, 1, tzinfo=UTC), broken=0.05, seed=2
)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(pauses, "FIRST_PAUSE_SECONDS", 0.02)


@pytest.fixture
def api():
    return EventsApi()


def throttle(count):
    return Reply(verdicts=dict.fromkeys(range(count), "retry"))


def test_the_counts_equal_the_streams_expected_outcomes(api):
    stream = generate(SETTINGS)
    progress: list[int] = []
    ledger = BytesIO()

    with serving(api) as url:
        sent = replay(stream, url, KEY, batch_size=50, connections=3, on_progress=progress.append, ledger=ledger)

    expected = stream.expected
    assert (sent.sent, sent.accepted, sent.suppressed) == (expected.sent, expected.accepted, expected.suppressed)
    assert sent.refused == expected.refused
    assert sent.unaccounted == 0
    refused = [event for event in stream.events if event.outcome in expected.refused]
    assert 0 < sent.withheld == sum(may_deny_consent(event.payload) for event in refused) < len(refused)
    assert sum(progress) == sent.sent
    assert len(set(api.ids)) == expected.distinct
    assert len(api.ids) == expected.accepted
    entries = list(read_ledger(ledger.getvalue().splitlines(keepends=True)))
    assert Counter(entry.outcome for entry in entries) == {
        "accepted": sent.accepted,
        "suppressed": sent.suppressed,
        "refused": sent.refused.total(),
    }
    assert Counter(entry.reason for entry in entries if entry.reason) == sent.refused
    assert sorted(str(entry.event_id) for entry in entries if entry.outcome == "accepted") == sorted(api.ids)


def test_a_failed_request_is_retried_and_counted_once(api):
    stream = generate(SETTINGS)
    api.script.extend(
        [NORMAL, Reply(429, b"{}"), Reply(503, b"{}"), NORMAL, Reply(hangs_up="before"), Reply(500, b"{}")]
    )

    with serving(api) as url:
        sent = replay(stream, url, KEY, batch_size=100, connections=1)

    assert sent.retries == 3  # a connection that breaks is opened again within the request
    assert sent.accepted == stream.expected.accepted
    assert len(api.ids) == stream.expected.accepted


def test_only_throttled_events_are_sent_again(api):
    stream = generate(SETTINGS)
    api.script.extend([throttle(100), throttle(30)])

    with serving(api) as url:
        sent = replay(stream, url, KEY, batch_size=100, connections=1)

    assert sent.retries >= 1
    assert sent.unaccounted == 0
    assert len(api.ids) == sent.accepted == stream.expected.accepted


def test_a_stream_that_keeps_throttling_is_named(api):
    ledger = BytesIO()
    api.always = throttle(500)

    with serving(api) as url, pytest.raises(ApiUnavailableError, match="not confirmed"):
        replay(generate(SETTINGS), url, KEY, timeout_seconds=0.2, connections=1, ledger=ledger)

    outcomes = Counter(entry.outcome for entry in read_ledger(ledger.getvalue().splitlines(keepends=True)))
    assert outcomes["unknown"] > 0
    assert outcomes["accepted"] == 0


def test_a_temporarily_missing_path_is_retried(api):
    stream = generate(SETTINGS)
    api.script.extend([NORMAL, NORMAL, NORMAL, Reply(404, b"{}"), Reply(403, b"{}")])

    with serving(api) as url:
        sent = replay(stream, url, KEY, batch_size=100, connections=1)

    assert sent.accepted == stream.expected.accepted


def test_no_event_is_lost_when_the_server_is_killed_and_restarted(api):
    stream = generate(SETTINGS)
    results = []
    half_way = threading.Event()
    settled = 0

    def progress(count: int) -> None:
        nonlocal settled
        settled += count
        if settled > 300:
            half_way.set()

    with serving(api) as url:
        port = int(url.split(":")[2].split("/")[0])
        replaying = threading.Thread(
            target=lambda: results.append(replay(stream, url, KEY, batch_size=20, connections=2, on_progress=progress))
        )
        replaying.start()
        assert half_way.wait(20)
    with serving(api, port):
        replaying.join(30)

    assert results[0].accepted == stream.expected.accepted
    assert set(api.ids) >= {
        event.event_key for event in stream.events if len(event.event_key) == 32 and event.outcome == "accepted"
    }


def test_an_unavailable_api_is_named(api):
    with serving(api) as url:
        pass

    ledger = BytesIO()
    with pytest.raises(ApiUnavailableError, match="is the cloud up"):
        replay(generate(SETTINGS), url, KEY, timeout_seconds=0.2, connections=2, ledger=ledger)

    entries = list(read_ledger(ledger.getvalue().splitlines(keepends=True)))
    assert {entry.outcome for entry in entries} == {"unknown"}
    assert sum(entry.event_id is not None for entry in entries) > 50


def test_a_wrong_key_stops_the_replay_at_once(api):
    with serving(api) as url, pytest.raises(ApiAccessError, match="403"):
        replay(generate(SETTINGS), url, "another", connections=2)


def test_the_catalogue_is_loaded(api):
    stream = generate(SETTINGS)
    progress: list[int] = []

    with serving(api) as url:
        loaded = load_catalogue(stream, url, KEY, on_progress=progress.append)

    assert api.records == loaded.accepted == {"items": 100, "users": 60}
    assert sum(progress) == 160
