"""Requests on one connection: pipelined, broken after sound ones, the last one, and those that meet the end."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest

from model.engine.http.messages import CLOSE, Bodies, answer
from model.engine.personalize import limits
from tests.contract.engine.server.http_server import HttpServer
from tests.fakes.waiting import wait_until

LARGE = 8 * 1024 * 1024


class Application:
    """Answers with the path and the body of a request; /slow waits for `released`, /large is large."""

    def __init__(self):
        self.seen = []
        self.headers = []  # of the latest request
        self.released = threading.Event()

    async def __call__(self, scope, receive, send):
        self.seen.append(scope["path"])
        self.headers = scope["headers"]
        body = await Bodies().read(receive) if scope["path"] != "/refused" else b""
        while scope["path"] == "/slow" and not self.released.is_set():
            await asyncio.sleep(0.01)
        if scope["path"] == "/refused":
            await answer(send, 413, b"", extra=[CLOSE])
            return
        if scope["path"] == "/broken":
            raise KeyError(scope["path"])
        text = f"<{scope['path']} {body.decode()}>".encode()
        await answer(send, 200, bytes(LARGE) if scope["path"] == "/large" else text)


@pytest.fixture
def application():
    return Application()


@pytest.fixture
def server(application, monkeypatch):
    monkeypatch.setattr(limits, "ARRIVAL_SECONDS", 0.6)
    monkeypatch.setattr(limits, "WRITE_SECONDS", 0.3)
    started = HttpServer(application)
    yield started
    application.released.set()
    started.stop()


def request(path, body=b"", headers=b"", version=b"1.1"):
    head = b"POST %b HTTP/%b\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n%b\r\n"
    return head % (path, version, len(body), headers) + body


def all_of(connection):
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


def statuses(received):
    return [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]


def test_pipelined_requests_are_answered_one_by_one_in_their_order(server, application):
    sent = b"".join(request(b"/%d" % number, b"x" * number) for number in range(20))
    with server.connect() as connection:
        for piece in (sent[:100], sent[100:101], sent[101:]):
            connection.sendall(piece)
        connection.sendall(request(b"/last", b"", b"Connection: close\r\n"))
        received = all_of(connection)

    assert statuses(received) == [200] * 21
    assert [part.partition(b">")[0] for part in received.split(b"<")[1:]] == [
        *(b"/%d %b" % (number, b"x" * number) for number in range(20)),
        b"/last ",
    ]
    assert application.seen == [*(f"/{number}" for number in range(20)), "/last"]


@pytest.mark.parametrize(
    ("second", "status"),
    [
        (b"this is no HTTP\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nX: " + b"x" * limits.HEAD_BYTES + b"\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTT", 408),
        (request(b"/second", b"0123")[:-2], 408),  # its time begins when its turn has come
    ],
)
def test_the_refusal_of_a_request_follows_the_answers_before_it(server, application, second, status):
    with server.connect() as connection:
        connection.sendall(request(b"/slow") + second)
        time.sleep(0.8)
        application.released.set()
        received = all_of(connection)

    assert statuses(received) == [200, status]
    assert application.seen in (["/slow"], ["/slow", "/second"])


def test_a_head_without_end_is_refused_before_it_fills_the_memory(server, monkeypatch):
    monkeypatch.setattr(limits, "ARRIVAL_SECONDS", 60.0)
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nX: x")
        for _ in range(3):
            time.sleep(0.05)
            connection.sendall(b"x" * (limits.HEAD_BYTES // 2))
        assert statuses(all_of(connection)) == [400]


@pytest.mark.parametrize("headers", [(b"Connection: close\r\n", b"1.1"), (b"Connection: keep-alive\r\n", b"1.0")])
def test_what_follows_the_last_request_of_a_connection_is_ignored(server, application, headers):
    with server.connect() as connection:
        connection.sendall(request(b"/a", b"", *headers) + request(b"/b"))
        received = all_of(connection)

    assert statuses(received) == [200]
    assert b"connection: close\r\n" in received
    assert application.seen == ["/a"]


def test_a_tunnel_is_not_served(server, application):
    with server.connect() as connection:
        head = b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        connection.sendall(head + b"\x00\x01 of another protocol" + request(b"/b"))
        received = all_of(connection)

    assert statuses(received) in ([200], [400])
    assert application.seen == []


def test_the_offer_of_another_protocol_is_ignored(server, application):
    # As Java's HTTP client and `curl --http2` offer HTTP/2 with each request.
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    with server.connect() as connection:
        connection.sendall(request(b"/a", b"0123", offer) + request(b"/b", b"", offer))
        connection.sendall(request(b"/c", b"45", b"Connection: close\r\n"))
        received = all_of(connection)

    assert statuses(received) == [200] * 3
    assert b"</a 0123>" in received
    assert b"</c 45>" in received
    assert received.count(b"connection: close") == 1


@pytest.mark.parametrize("sent", [request(b"/slow"), request(b"/slow") + request(b"/slow")[:-10]])
def test_a_client_that_has_ended_its_half_is_answered(server, application, sent):
    with server.connect() as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        wait_until(lambda: application.seen == ["/slow"])
        time.sleep(0.05)
        application.released.set()
        assert statuses(all_of(connection)) == [200]
    wait_until(lambda: not server.server.server_state.connections)


@pytest.mark.parametrize(
    ("head", "status"),
    [(b"POST / HTTP/1.1\r\nX: " + b"x" * limits.HEAD_BYTES, 400), (b"POST /refused HTTP/1.1\r\nHost: a\r\n", 413)],
)
def test_a_client_that_is_still_sending_reads_the_refusal(server, head, status, monkeypatch):
    monkeypatch.setattr(limits, "LINGER_SECONDS", 10.0)
    body = bytes(8 * 1024 * 1024)
    with server.connect() as connection:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        time.sleep(0.1)  # a reset would discard what has arrived
        assert statuses(all_of(connection)) == [status]
    wait_until(lambda: not server.server.server_state.connections)


def test_a_refused_client_that_stays_is_let_go(server, monkeypatch):
    monkeypatch.setattr(limits, "LINGER_SECONDS", 0.2)
    with server.connect() as connection:
        connection.sendall(b"this is no HTTP\r\n\r\n")
        assert statuses(all_of(connection)) == [400]
        wait_until(lambda: not server.server.server_state.connections)


def test_a_client_that_waits_for_100_continue_may_send(server):
    sent = request(b"/a", b"0123456789", b"Expect: 100-continue\r\n")
    with server.connect() as connection:
        connection.sendall(sent[:-10])
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(sent[-10:])
        assert b"</a 0123456789>" in connection.recv(4096)


def test_a_chunked_body_is_read_and_its_trailers_are_no_headers(server, application):
    head = b"POST /a HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\nX-Amz-Target: a\r\n\r\n")
        assert b"</a abcde>" in connection.recv(4096)
    assert [name for name, _ in application.headers] == [b"host", b"transfer-encoding"]


def test_answers_that_are_not_read_do_not_gather_in_memory(server, application):
    with server.connect() as connection:
        connection.sendall(request(b"/large") * 50)
        wait_until(lambda: not server.server.server_state.connections)

    assert len(application.seen) < 5


def test_an_application_that_fails_is_answered_for(server, application, capsys):
    with server.connect() as connection:
        connection.sendall(request(b"/broken") + request(b"/a"))
        received = all_of(connection)

    assert statuses(received) == [500]
    assert b"InternalFailure" in received
    assert application.seen == ["/broken"]
    assert '"error": "KeyError"' in capsys.readouterr().out


def test_a_stop_answers_what_has_arrived_and_closes_the_rest(server, application):
    with server.connect() as busy, server.connect() as idle, server.connect() as partial:
        busy.sendall(request(b"/slow") + request(b"/a"))
        partial.sendall(b"POST /b HTTP/1.1\r\nHost")
        wait_until(lambda: application.seen == ["/slow"])
        server.begin_stop()

        assert all_of(idle) == all_of(partial) == b""
        application.released.set()
        received = all_of(busy)

    assert statuses(received) == [200, 200]
    assert received.count(b"connection: close") == 1


def test_a_client_that_leaves_ends_its_request(server, application):
    with server.connect() as connection:
        connection.sendall(request(b"/a", b"0123")[:-2])
        wait_until(lambda: application.seen == ["/a"])
    wait_until(lambda: not server.server.server_state.tasks)
