"""The replay against a real HTTP server that answers as the front door does, and misbehaves on request."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from backend.contract import BodyRefused, Refusal, event_id_of, read_events
from data.generator import Settings, generate
from data.replay import DoorClosed, NotAdmitted, door, load_catalogue, replay

SETTINGS = Settings(items=100, users=60, events=1_500, days=5, until=datetime(2026, 11, 1, tzinfo=UTC), broken=0.05)
KEY = "a-key"


class FrontDoor:
    """Answers as collect does; `trouble` maps a request's number to a status to answer, or to "hang up"."""

    def __init__(self) -> None:
        self.trouble: dict[int, int | str] = {}
        self.requests = 0
        self.full = 0
        self.ids: list[str] = []
        self.users: dict[str, list[datetime]] = {}
        self.records: Counter[str] = Counter()
        self.lock = threading.Lock()

    def answer(self, path: str, body: bytes) -> tuple[int, dict[str, object]]:
        if path.endswith("/update-data"):
            sent = json.loads(body)
            assert len(body) <= 1024 * 1024
            records = sent["records"]
            self.records[sent["kind"]] += len(records)
            return 200, {"records": [{"status": "accepted"} for _ in records]}
        try:
            events = read_events(body, now=datetime.now(UTC))
        except BodyRefused as refused:
            return 400, {"error": {"code": "bad_request", "field": "body", "rule": refused.rule}}
        verdicts = [self.verdict(event) for event in events]
        return (429 if {"status": "retry"} in verdicts else 202), {"events": verdicts}

    def verdict(self, event) -> dict[str, object]:
        if isinstance(event, Refusal):
            return {"status": "refused", "reason": event.reason}
        if event.consent == "denied":
            return {"status": "suppressed"}
        if self.full > 0:
            self.full -= 1
            return {"status": "retry"}
        self.ids.append(event.event_id or event_id_of(event))
        return {"status": "accepted"}


@contextmanager
def serving(front: FrontDoor, port: int = 0) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with front.lock:
                front.requests += 1
                trouble = front.trouble.get(front.requests)
                answer: dict[str, object] = {}
                if trouble == "hang up":
                    self.close_connection = True
                    return
                if self.headers["x-api-key"] != KEY:
                    status = 403
                elif isinstance(trouble, int):
                    status = trouble
                else:
                    status, answer = front.answer(self.path, body)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            if trouble:
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
    monkeypatch.setattr(door, "FIRST_PAUSE_SECONDS", 0.02)


def test_the_books_agree_with_what_the_stream_expects():
    front, stream = FrontDoor(), generate(SETTINGS)
    progress: list[int] = []

    with serving(front) as url:
        sent = replay(stream, url, KEY, batch_size=50, connections=3, on_progress=progress.append)

    expected = stream.expected
    assert (sent.sent, sent.accepted, sent.suppressed) == (expected.sent, expected.accepted, expected.suppressed)
    assert sent.refused == expected.refused
    assert sent.unaccounted == 0
    assert sum(progress) == sent.sent
    assert len(set(front.ids)) == expected.distinct
    assert len(front.ids) == expected.accepted


def test_what_fails_for_now_is_sent_again_and_counted_once():
    front, stream = FrontDoor(), generate(SETTINGS)
    front.trouble = {2: 429, 3: 503, 5: "hang up", 6: 500, 9: "hang up"}

    with serving(front) as url:
        sent = replay(stream, url, KEY, batch_size=100, connections=2)

    assert sent.retries == 5
    assert sent.accepted == stream.expected.accepted
    assert len(front.ids) == stream.expected.accepted


def test_only_what_the_stream_did_not_take_is_sent_again():
    front, stream = FrontDoor(), generate(SETTINGS)
    front.full = 130

    with serving(front) as url:
        sent = replay(stream, url, KEY, batch_size=100, connections=1)

    assert sent.retries >= 1
    assert sent.unaccounted == 0
    assert len(front.ids) == sent.accepted == stream.expected.accepted


def test_a_stream_that_stays_full_is_named():
    front = FrontDoor()
    front.full = 10**9

    with serving(front) as url, pytest.raises(DoorClosed, match="took none"):
        replay(generate(SETTINGS), url, KEY, patience_seconds=0.2, connections=1)


def test_a_path_that_is_gone_for_a_moment_is_tried_again():
    front, stream = FrontDoor(), generate(SETTINGS)
    front.trouble = {4: 404, 5: 403}

    with serving(front) as url:
        sent = replay(stream, url, KEY, batch_size=100, connections=1)

    assert sent.accepted == stream.expected.accepted


def test_a_server_that_is_killed_and_comes_back_loses_nothing():
    front, stream = FrontDoor(), generate(SETTINGS)
    result = []
    half_way = threading.Event()
    settled = 0

    def progress(count: int) -> None:
        nonlocal settled
        settled += count
        if settled > 300:
            half_way.set()

    with serving(front) as url:
        port = int(url.split(":")[2].split("/")[0])
        running = threading.Thread(
            target=lambda: result.append(replay(stream, url, KEY, batch_size=20, connections=2, on_progress=progress))
        )
        running.start()
        assert half_way.wait(20)
    with serving(front, port):
        running.join(30)

    assert result[0].accepted == stream.expected.accepted
    assert set(front.ids) >= {
        event.event_key for event in stream.events if len(event.event_key) == 32 and event.outcome == "accepted"
    }


def test_a_door_that_stays_closed_is_named():
    with serving(FrontDoor()) as url:
        pass

    with pytest.raises(DoorClosed, match="is the cloud up"):
        replay(generate(SETTINGS), url, KEY, patience_seconds=0.2, connections=2)


def test_a_wrong_key_ends_the_replay_at_once():
    with serving(FrontDoor()) as url, pytest.raises(NotAdmitted, match="403"):
        replay(generate(SETTINGS), url, "another", connections=2)


def test_the_catalogue_is_loaded():
    front, stream = FrontDoor(), generate(SETTINGS)
    progress: list[int] = []

    with serving(front) as url:
        loaded = load_catalogue(stream, url, KEY, on_progress=progress.append)

    assert front.records == loaded.accepted == {"items": 100, "users": 60}
    assert sum(progress) == 160
