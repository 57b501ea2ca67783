"""The load of a shop: the schedule, the search for the limit, and what is counted; the requests cover the API."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from backend.contract import Refusal, read_event
from backend.contract.accounting.ledger import read_ledger
from tests.load.engine.http_load import drive, get
from tests.load.shop import ramp
from tests.load.shop.measuring import Measured, measure
from tests.load.shop.requests import Request, RequestBuilder
from tests.load.shop.routes import rounds
from tests.load.shop.users import make_shop
from tests.load.shop.visits import Visits

OPENAPI = Path(__file__).parents[3] / "backend" / "contract" / "generated" / "openapi.json"
BUILD = RequestBuilder("http://127.0.0.1:4566/v1", "key")
# POST /e is POST /events for pages; POST /train and GET /update-data/{id} belong to jobs of minutes, and GET
# /executions/{id} to executions, which wait for seconds and write visitors into the recommender.
NOT_IN_THE_TABLE = {"POST /e", "POST /train", "GET /update-data/{id}", "GET /executions/{id}"}
STALL = 0.3


@pytest.fixture
def serve():
    """Serve one connection: each request gets the next answer, the first one after a stall."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve_answers(*answers: bytes) -> int:
        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                for number, body in enumerate(answers):
                    connection.recv(1 << 16)
                    time.sleep(0 if number else STALL)
                    connection.sendall(b"HTTP/1.1 202 -\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                connection.recv(1 << 16)

        threading.Thread(target=run, daemon=True).start()
        return int(listener.getsockname()[1])

    yield serve_answers
    listener.close()


def test_requests_that_wait_for_a_stalled_server_count_their_wait(serve):
    latencies = []
    drive(
        serve(*[b"{}"] * 5),
        [get("/")] * 5,
        connections=1,
        per_second=50,
        on_answer=lambda *answer: latencies.append(answer[2]),
    )

    waits = [STALL * 1000 - 20 * number for number in range(5)]
    assert all(latency >= wait for latency, wait in zip(latencies, waits, strict=True))


def test_no_request_is_sent_that_has_waited_too_long(serve):
    outcome = drive(serve(b"{}"), [get("/")] * 20, connections=1, per_second=100, latest_seconds=0.1)

    assert outcome.latencies.size == 1


def test_wrong_answers_and_missing_ones_are_errors_and_their_events_are_in_the_ledger(serve, monkeypatch):
    monkeypatch.setattr("tests.load.shop.measuring.CONNECTIONS", 1)
    monkeypatch.setattr("tests.load.shop.measuring.LATEST_SECONDS", 1.0)
    views = [
        BUILD.post_events([{"event_id": str(number), "event_type": "View", "item_id": "i"}]) for number in range(3)
    ]
    requests = [*views[:2], Request("GET /health", get("/health"), 200), *[views[2]] * 8]
    bodies = [b'{"events":[{"index":0,"status":"%s"}]}' % status for status in (b"accepted", b"retry")]
    ledger = BytesIO()

    measured = measure(serve(*bodies, b"{}"), requests, 5, ledger, lambda *_: None)

    assert measured.wrong == {"POST /events: an event was not accepted": 1, "GET /health: 202": 1}
    assert (measured.events, measured.errors, measured.holds) == (1, 10, False)
    assert "closed" in measured.problem
    entries = list(read_ledger(ledger.getvalue().splitlines(keepends=True)))
    assert Counter((entry.event_id, entry.outcome) for entry in entries) == {
        ("0", "accepted"): 1,
        ("1", "unknown"): 1,
        ("2", "unknown"): 8,
    }


@pytest.mark.parametrize("limit", [3, 10, 40, 47, 200])
def test_the_limit_is_found(limit):
    def measured(rate):
        result = Measured(rate, 1)
        result.note(Request("", b"", 200 if rate <= limit else 500), b"HTTP/1.1 200 OK\r\n\r\n{}", 1.0)
        return result

    steps = ramp.climb(measured, lambda: True)

    assert limit / 1.15 <= ramp.limit(steps) <= limit
    assert len(steps) < 15


def test_every_route_of_the_api_has_a_row():
    paths = json.loads(OPENAPI.read_text(encoding="utf-8"))["paths"]
    documented = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    shop = make_shop(100)

    asked = {request.route.partition(",")[0] for request in rounds(shop, BUILD, "training", 1)}

    assert asked == documented - NOT_IN_THE_TABLE
    assert {request.route.partition(",")[0] for request in Visits(shop, BUILD).next(2000)} <= documented


def test_the_contract_accepts_every_event_and_each_is_sent_once():
    shop = make_shop(100)
    requests = [*rounds(shop, BUILD, "training", 1), *Visits(shop, BUILD).next(2000)]
    posted = [event for request in requests if request.events for event in _body(request)]
    payloads = [event.payload for event in shop.stream.events] + [json.dumps(event).encode() for event in posted]

    events = [read_event(payload, now=datetime.now(UTC)) for payload in payloads]

    ids = [event.event_id for event in events if not isinstance(event, Refusal)]
    assert len(set(ids)) == len(events)
    assert {json.loads(event.payload)["user_id"] for event in shop.stream.events} == {
        user.user_id for user in shop.users
    }


def _body(request: Request) -> list[dict[str, object]]:
    events: list[dict[str, object]] = json.loads(request.content.partition(b"\r\n\r\n")[2])
    return events
