"""The client against a server that fails in every way that servers do: nothing is lost that was promised."""

from __future__ import annotations

import http.client
import json
import logging
import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from backend.client import Client
from backend.client.delivery import pauses
from tests.factories.records import event_fields, numbered_event
from tests.fakes.client.events_api import KEY, NORMAL, EventsApi, Reply, raw_server, serving

SECRET_ITEM = "the-secret-item"
FAST: dict[str, Any] = {"linger": 0.0, "when_full": "block"}


@pytest.fixture(autouse=True)
def nothing_secret_is_logged(caplog):
    caplog.set_level(logging.DEBUG)
    yield
    text = "\n".join(record.getMessage() for record in caplog.get_records("call"))
    assert KEY not in text
    assert SECRET_ITEM not in text


def send(client, count=6, **changes):
    for number in range(count):
        client.send(numbered_event(number, item_id=SECRET_ITEM, **changes))


def expected(count=6):
    return [f"e-{number}" for number in range(count)]


def test_events_arrive_in_order_and_compressed(api, url):
    with Client(url, KEY, **FAST) as client:
        send(client, 200)
        counts = client.flush()

    assert api.ids == expected(200)
    assert (counts.sent, counts.accepted, counts.unaccounted, counts.problem) == (200, 200, 0, None)
    assert set(api.paths) == {"/v1/events"}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(429, b"{}", {"retry-after": "0"}),
        Reply(503, b"<html>unavailable</html>"),
        Reply(500, b""),
        Reply(502, b"{}"),
        Reply(408, b"{}"),
        Reply(hangs_up="before"),
        Reply(200, b"<html>log in to the hotel's network</html>", {"content-type": "text/html; charset=utf-8"}),
        Reply(200, b'{"events": "none"}'),
        Reply(202, b'{"events": []}'),
        Reply(400, b"<html>blocked</html>"),
        Reply(202, b"{}", cut=1),
        Reply(202, b"\xff\x00"),
        Reply(301, b"", {"location": "http://127.0.0.1:9/elsewhere"}),
        Reply(404, b"{}"),
        Reply(verdicts=dict.fromkeys(range(1, 500, 2), "retry")),
        Reply(verdicts={0: "unheard_of"}),
        Reply(only=2),
    ],
)
def test_events_are_sent_again_until_they_have_a_verdict(api, url, reply):
    api.script.extend([reply, reply])
    with Client(url, KEY, **FAST) as client:
        send(client)
        # After an answer such as 404 it returns at once.
        counts = [client.flush() for _ in range(3)][-1]

    assert sorted(api.ids) == expected()
    assert (counts.accepted, counts.pending, counts.unaccounted, counts.problem) == (6, 0, 0, None)
    assert counts.retries >= 1


def test_events_that_were_stored_without_an_answer_have_the_same_id_when_they_are_sent_again(api, url):
    api.script.append(Reply(hangs_up="after"))
    with Client(url, KEY, **FAST, background=False) as client:
        client.send(event_fields(event_id=...))

    assert len(api.ids) == 2
    assert len(set(api.ids)) == 1


def test_retry_after_is_a_minimum(api, url, monkeypatch):
    asked: list[Any] = []
    monkeypatch.setattr(pauses, "LONGEST_RETRY_AFTER_SECONDS", 0.0)
    original = pauses.Pauses.next_seconds

    def next_seconds(self, retry_after, **more):
        asked.append(retry_after)
        return original(self, retry_after, **more)

    monkeypatch.setattr(pauses.Pauses, "next_seconds", next_seconds)
    api.script.extend(
        [
            Reply(429, b"{}", {"retry-after": "7"}),
            Reply(503, b"{}", {"retry-after": "Fri, 31 Dec 2100 23:59:59 GMT"}),
            Reply(503, b"{}", {"retry-after": "soon"}),
        ]
    )
    with Client(url, KEY, **FAST) as client:
        send(client, 1)

    assert asked[0] == 7.0
    assert asked[1] > 10**9
    assert asked[2] == 0.0


def test_a_server_that_is_down_and_is_started_again_gets_everything(caplog):
    api = EventsApi()
    with serving(api) as url:
        port = int(url.split(":")[2].split("/")[0])
    client = Client(url, KEY, **FAST)
    send(client)
    assert "Connection refused" in str(client.flush(0.1).problem)

    with serving(api, port):
        counts = client.close()

    assert api.ids == expected()
    assert counts.unaccounted == 0
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert warnings[0].startswith(f"POST {url}/events failed: ")


def test_a_slow_server_does_not_make_send_or_flush_wait_longer_than_asked(api, url):
    release = threading.Event()
    api.always = Reply(wait=lambda: release.wait(20))
    client = Client(url, KEY, linger=0.0)
    send(client, 2)

    assert client.flush(0.05).pending == 2

    release.set()
    assert client.close().accepted == 2


def test_an_answer_that_never_ends_is_a_timeout(api, url):
    release = threading.Event()
    api.script.append(Reply(wait=lambda: release.wait(20)))
    with Client(url, KEY, timeout=(1.0, 0.05), **FAST) as client:
        send(client, 2)
        counts = client.flush()
        release.set()

    assert counts.accepted == 2
    assert counts.retries >= 1


def test_an_event_that_the_api_refuses_is_reported_with_field_and_rule_and_not_sent_again(api, url):
    refused: list[Any] = []
    api.clock_offset = timedelta(days=-3650)  # the event's own time is in that server's future
    with Client(url, KEY, **FAST, on_refused=refused.append) as client:
        client.send(event_fields(event_id="e-bad", item_id=SECRET_ITEM))
        counts = client.flush()

    assert (counts.accepted, counts.refused, counts.unaccounted) == (0, 1, 0)
    (event,) = refused
    assert (event.event_id, event.reason, event.errors[0].field) == ("e-bad", "in_future", "timestamp")
    assert len(api.bodies) == 1


@pytest.mark.parametrize("was_valid", [False, True], ids=["wrong", "revoked"])
def test_a_key_that_is_not_valid_holds_the_events_until_it_is(api, url, was_valid, caplog):
    client = Client(url, KEY, **FAST)
    if was_valid:
        send(client, 1)
        client.flush()
    api.keys.clear()
    client.send(numbered_event(1, item_id=SECRET_ITEM))
    api.wait_for(lambda: len(api.bodies) > 3)

    counts = client.flush(0.05)
    assert counts.pending == 1
    assert "answered 403: the API key is not valid, was revoked or may not write events" in str(counts.problem)
    errors = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1

    api.keys.add(KEY)
    client.flush()
    assert client.close().accepted == 1 + was_valid


@pytest.mark.parametrize("background", [False, True])
def test_a_key_that_stays_invalid_loses_nothing_silently_and_ends_waiting(api, url, background, monkeypatch):
    monkeypatch.setattr(pauses, "HOLD_SECONDS", 60.0)
    api.keys.clear()
    lost: list[Any] = []
    client = Client(url, KEY, linger=0.0, on_lost=lost.append, background=background)
    send(client, 3)
    began = time.monotonic()

    assert client.flush().pending == 3
    attempts = len(api.bodies)
    assert client.flush().pending == 3
    assert len(api.bodies) == attempts + 1
    counts = client.close()

    assert time.monotonic() - began < 20
    assert (counts.sent, counts.lost, counts.unaccounted) == (3, 3, 0)
    assert "the API key is not valid" in str(counts.problem)
    assert [json.loads(payload)["event_id"] for payload in lost] == expected(3)


def test_a_body_one_byte_too_large_is_halved(api, url):
    with Client(url, KEY, linger=3600.0, when_full="block") as client:
        send(client, 8)
        client.flush()
        api.most_bytes = len(api.bodies[0]) - 1
        send(client, 8)
        counts = client.flush()

    assert api.ids == expected(8) * 2
    assert (counts.accepted, counts.refused) == (16, 0)
    assert [json.loads(body)[0]["event_id"] for body in api.bodies] == ["e-0", "e-0", "e-0", "e-4"]


def test_an_event_too_large_for_the_server_is_refused_alone(api, url):
    refused: list[Any] = []
    with Client(url, KEY, linger=3600.0, on_refused=refused.append) as client:
        send(client, 4)
        client.send(numbered_event(4, item_id=SECRET_ITEM, impression=["i" * 200] * 20))
        api.most_bytes = 2000
        counts = client.flush()

    assert (counts.accepted, counts.refused) == (4, 1)
    assert [event.reason for event in refused] == ["too_large"]


@pytest.mark.parametrize("days", [-1, 1])
def test_a_machine_whose_clock_is_a_day_off(api, url, days, caplog):
    # The server's clock differs, as this machine's would.
    api.clock_offset = timedelta(days=days)
    with Client(url, KEY, **FAST) as client:
        for number in range(2):
            client.send(event_fields(event_id=f"e-{number}", timestamp=..., item_id=SECRET_ITEM))
            client.flush()
        counts = client.stats()

    assert (counts.accepted, counts.refused, counts.unaccounted) == (2, 0, 0)
    assert "this machine's clock differs by" in caplog.text
    late = api.stored[1]["timestamp"]
    assert timedelta(0) <= late - api.stored[0]["timestamp"] < timedelta(days=1, minutes=5)


def test_an_idle_connection_that_the_server_closed_is_opened_again_without_a_problem(api, url):
    client = Client(url, KEY, background=False)
    send(client, 1)
    client.flush()
    api.script.append(Reply(hangs_up="before"))
    client.send(numbered_event(1))
    counts = client.close()

    assert (counts.accepted, counts.retries) == (2, 0)


def test_a_request_that_a_signal_interrupts_is_made_again_on_another_connection(api, url, monkeypatch):
    def interrupted(_):
        monkeypatch.undo()
        raise KeyboardInterrupt

    client = Client(url, KEY, background=False)
    send(client, 1)
    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.flush()

    counts = client.close()
    assert (counts.accepted, counts.requests, counts.retries) == (1, 1, 0)


def test_a_client_without_a_thread_sends_in_flush(api, url):
    client = Client(url, KEY, background=False)
    send(client, 3)
    assert api.bodies == []
    assert client.flush().accepted == 3
    client.close()


def test_the_answer_of_one_request_is_never_read_as_that_of_another(api, url):
    release = threading.Event()
    api.script.append(Reply(wait=lambda: release.wait(20), verdicts={0: "refused"}))
    with Client(url, KEY, timeout=(1.0, 0.05), **FAST) as client:
        send(client, 1)
        api.wait_for(lambda: len(api.bodies) == 2)
        release.set()
        counts = client.flush()

    assert (counts.accepted, counts.refused) == (1, 0)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, b"{}"),
        Reply(400, b'{"message": "no such route"}'),
        Reply(400, b'{"error": {"code": "InvalidRequest", "message": "unknown"}}'),
        Reply(413, b"<html>too large</html>"),
        Reply(413, b'{"message": "too large"}'),
    ],
    ids=str,
)
def test_the_refusal_of_another_service_loses_no_event(api, url, reply):
    api.always = reply
    client = Client(url, KEY, **FAST)
    send(client)
    api.wait_for(lambda: len(api.bodies) > 3)

    counts = client.flush(0.05)
    assert (counts.refused, counts.pending) == (0, 6)
    assert f"answered {reply.status} without a verdict per event: is it the API?" in str(counts.problem)

    api.always = NORMAL
    client.flush()
    assert client.close().accepted == 6
    assert api.ids == expected()


def test_a_proxy_that_takes_smaller_bodies_gets_halves(api, url):
    api.script.extend([Reply(413, b"<html>too large</html>")] * 2)
    with Client(url, KEY, linger=3600.0) as client:
        send(client, 4)
        counts = client.flush()

    assert [len(json.loads(body)) for body in api.bodies] == [4, 2, 1, 1, 2]
    assert (counts.accepted, counts.refused) == (4, 0)
    assert api.ids == expected(4)


@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize(
    "sent",
    [b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"],
    ids=["header", "body", "continue"],
)
def test_a_server_that_sends_a_byte_now_and_then_is_a_timeout(sent, background):
    drip = sent if b"100" in sent else b"x"
    with raw_server(sent, lambda _: drip) as (url, closed):
        client = Client(url, KEY, linger=0.0, timeout=(1.0, 0.2), background=background)
        send(client, 1)
        flushing = threading.Thread(target=client.flush, args=(0.3,), daemon=True)
        flushing.start()
        assert closed.wait(20)
        flushing.join(20)

        assert not flushing.is_alive()
        counts = client.close(0)
    assert counts.lost == 1
    assert "TimeoutError" in str(counts.problem)


def test_what_a_server_repeats_of_the_request_is_not_logged(caplog):
    with raw_server(b"", lambda request: request.replace(b"\r\n", b" ")[:2000] + b"\r\n") as (url, closed):
        client = Client(url, KEY, **FAST)
        send(client, 1)
        assert closed.wait(20)
        problem = str(client.flush(0.05).problem)
        client.close(0)

    assert problem.endswith("BadStatusLine: the answer is not HTTP, or not whole")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"", {"content-type": KEY}),
        Reply(202, json.dumps({"events": [{"status": "refused", "reason": SECRET_ITEM}]}).encode()),
        Reply(400, json.dumps({"error": {"code": SECRET_ITEM, "field": "body", "rule": "-"}}).encode()),
    ],
    ids=["content type", "reason", "code"],
)
def test_what_an_answer_repeats_of_the_request_is_not_logged(api, url, reply):
    api.script.append(reply)
    with Client(url, KEY, **FAST) as client:
        send(client, 1)
        assert client.flush().pending == 0
