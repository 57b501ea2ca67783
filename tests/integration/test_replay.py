"""The replay against a real HTTP server that answers as the API does and injects faults."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest

from backend.contract import BodyRefusedError, Refusal, event_id_of, read_events
from backend.contract.accounting.ledger import read_ledger
from data.generator import Settings, generate
from data.replay import ApiAccessError, ApiUnavailableError, http_client, load_catalogue, replay

SETTINGS = Settings(items=100, users=60, events=1_500, days=5, until=datetime(2026, 11, 1, tzinfo=UTC), broken=0.05)
KEY = "a-key"


class FakeApi:
    """Answers as `backend.collect` does; `faults` maps a request's number to a status, or to "hang up"."""

    def __init__(self) -> None:
        self.faults: dict[int, int | str] = {}
        self.requests = 0
        self.events_to_throttle = 0
        self.ids: list[str] = []
        self.users: dict[str, list[datetime]] = {}
        self.records: Counter[str] = Counter()
        self.lock = threading.Lock()

    def answer(self, path: str, body: bytes) -> tuple[int, dict[str, object]]:
        if path.endswith("/update-data"):
            content = json.loads(body)
            assert len(body) <= 1024 * 1024
            records = content["records"]
            self.records[content["kind"]] += len(records)
            return 200, {"records": [{"status": "accepted"} for _ in records]}
        try:
            events = read_events(body, now=datetime.now(UTC))
        except BodyRefusedError as refused:
            return 400, {"error": {"code": "bad_request", "field": "body", "rule": refused.rule}}
        verdicts = [self.verdict(event) for event in events]
        return (429 if {"status": "retry"} in verdicts else 202), {"events": verdicts}

    def verdict(self, event) -> dict[str, object]:
        if isinstance(event, Refusal):
            return {"status": "refused", "reason": event.reason}
        if event.consent == "denied":
            return {"status": "suppressed"}
        if self.events_to_throttle > 0:
            self.events_to_throttle -= 1
            return {"status": "retry"}
        self.ids.append(event.event_id or event_id_of(event))
        return {"status": "accepted", "event_id": self.ids[-1]}


@contextmanager
def serving(api: FakeApi, port: int = 0) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with api.lock:
                api.requests += 1
                fault = api.faults.get(api.requests)
                answer: dict[str, object] = {}
                if fault == "hang up":
                    self.close_connection = True
                    return
                if self.headers["x-api-key"] != KEY:
                    status = 403
                elif isinstance(fault, int):
                    status = fault
                else:
                    status, answer = api.answer(self.path, body)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            if fault:
                self.send_header("retry-after", "0")
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(http_client, "FIRST_PAUSE_SECONDS", 0.02)


def test_the_counts_equal_the_streams_expected_outcomes():
    api, stream = FakeApi(), generate(SETTINGS)
    progress: list[int] = []
    ledger = BytesIO()

    with serving(api) as url:
        sent = replay(stream, url, KEY, batch_size=50, connections=3, on_progress=progress.append, ledger=ledger)

    expected = stream.expected
    assert (sent.sent, sent.accepted, sent.suppressed) == (expected.sent, expected.accepted, expected.suppressed)
    assert sent.refused == expected.refused
    assert sent.unaccounted == 0
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


def test_a_failed_request_is_retried_and_counted_once():
    api, stream = FakeApi(), generate(SETTINGS)
    api.faults = {2: 429, 3: 503, 5: "hang up", 6: 500, 9: "hang up"}

    with serving(api) as url:
        sent = replay(stream, url, KEY, batch_size=100, connections=2)

    assert sent.retries == 5
    assert sent.accepted == stream.expected.accepted
    assert len(api.ids) == stream.expected.accepted


def test_only_throttled_events_are_sent_again():
    api, stream = FakeApi(), generate(SETTINGS)
    api.events_to_throttle = 130

    with serving(api) as url:
        sent = replay(stream, url, KEY, batch_size=100, connections=1)

    assert sent.retries >= 1
    assert sent.unaccounted == 0
    assert len(api.ids) == sent.accepted == stream.expected.accepted


def test_a_stream_that_keeps_throttling_is_named():
    api, ledger = FakeApi(), BytesIO()
    api.events_to_throttle = 10**9

    with serving(api) as url, pytest.raises(ApiUnavailableError, match="accepted none"):
        replay(generate(SETTINGS), url, KEY, timeout_seconds=0.2, connections=1, ledger=ledger)

    outcomes = Counter(entry.outcome for entry in read_ledger(ledger.getvalue().splitlines(keepends=True)))
    assert outcomes["unknown"] > 0
    assert outcomes["accepted"] == 0


def test_a_temporarily_missing_path_is_retried():
    api, stream = FakeApi(), generate(SETTINGS)
    api.faults = {4: 404, 5: 403}

    with serving(api) as url:
        sent = replay(stream, url, KEY, batch_size=100, connections=1)

    assert sent.accepted == stream.expected.accepted


def test_no_event_is_lost_when_the_server_is_killed_and_restarted():
    api, stream = FakeApi(), generate(SETTINGS)
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


def test_an_unavailable_api_is_named():
    with serving(FakeApi()) as url:
        pass

    ledger = BytesIO()
    with pytest.raises(ApiUnavailableError, match="is the cloud up"):
        replay(generate(SETTINGS), url, KEY, timeout_seconds=0.2, connections=2, ledger=ledger)

    entries = list(read_ledger(ledger.getvalue().splitlines(keepends=True)))
    assert {entry.outcome for entry in entries} == {"unknown"}
    assert sum(entry.event_id is not None for entry in entries) > 50


def test_a_wrong_key_stops_the_replay_at_once():
    with serving(FakeApi()) as url, pytest.raises(ApiAccessError, match="403"):
        replay(generate(SETTINGS), url, "another", connections=2)


def test_the_catalogue_is_loaded():
    api, stream = FakeApi(), generate(SETTINGS)
    progress: list[int] = []

    with serving(api) as url:
        loaded = load_catalogue(stream, url, KEY, on_progress=progress.append)

    assert api.records == loaded.accepted == {"items": 100, "users": 60}
    assert sum(progress) == 160
