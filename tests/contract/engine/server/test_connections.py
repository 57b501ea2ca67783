"""Clients that are slow, large or too many: a connection holds none of the engine's means for ever."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from contextlib import ExitStack, suppress

import pytest

from model.engine.__main__ import _server
from model.engine.http.messages import Bodies, answer
from model.engine.personalize import limits
from tests.fakes.waiting import wait_until

LARGE = 32 * 1024 * 1024


class Running:
    """A server with the connections of the engine, in a thread of its own."""

    def __init__(self):
        self.seen = []
        self.server = _server(self.application)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=asyncio.run, args=(self.server.serve(sockets=[self.listener]),))
        self.thread.start()
        wait_until(lambda: self.server.started)

    async def application(self, scope, receive, send):
        bodies = Bodies()
        try:
            body = await bodies.read(receive)
        except Exception as error:
            self.seen.append(type(error).__name__)
            raise
        self.seen.append(len(body))
        await answer(send, 200, bytes(LARGE) if scope["path"] == "/large" else b"{}")

    def stop(self):
        self.server.should_exit = True
        self.thread.join()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)


@pytest.fixture
def running(monkeypatch):
    monkeypatch.setattr(limits, "ARRIVAL_SECONDS", 0.6)
    monkeypatch.setattr(limits, "WRITE_SECONDS", 0.3)
    monkeypatch.setattr(limits, "CONNECTIONS", 3)
    started = Running()
    yield started
    started.stop()


def everything(connection):
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


def taken(connection):
    """Return whether the answer, read to its end, has the status 200."""
    received = b""
    while not received.endswith(b"{}"):
        part = connection.recv(4096)
        assert part, "the connection was closed before the end of the answer"
        received += part
    return received.startswith(b"HTTP/1.1 200")


def error_in(received):
    return received.split(b" ", 2)[1], json.loads(received.partition(b"\r\n\r\n")[2])["__type"]


HEAD = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n"


def test_a_request_in_pieces_is_answered_when_it_is_quick_enough(running):
    with running.connect() as connection:
        for piece in (HEAD[:20], HEAD[20:], b"\r\n01234", b"56789"):
            connection.sendall(piece)
            time.sleep(0.02)
        assert taken(connection)
        # The next request through the same connection has its own time.
        time.sleep(0.9)
        connection.sendall(HEAD + b"\r\n0123456789")
        assert taken(connection)
    assert running.seen == [10, 10]


def test_a_connection_that_says_nothing_is_closed(running):
    with running.connect() as connection:
        assert everything(connection) == b""


@pytest.mark.parametrize("sent", [HEAD[:20], HEAD, HEAD + b"\r\n0123"])
def test_a_request_that_does_not_arrive_times_out(running, sent):
    with running.connect() as connection:
        connection.sendall(sent)
        assert error_in(everything(connection)) == (b"408", "RequestTimeoutException")
    assert not any(isinstance(piece, int) for piece in running.seen)


@pytest.mark.parametrize("sent", [HEAD[:20], HEAD + b"\r\n0123"])
def test_a_second_request_that_does_not_arrive_times_out_as_well(running, sent):
    with running.connect() as connection:
        connection.sendall(HEAD + b"\r\n0123456789")
        assert taken(connection)
        connection.sendall(sent)
        assert error_in(everything(connection)) == (b"408", "RequestTimeoutException")


def test_a_client_that_sends_a_byte_now_and_then_gains_no_time(running):
    with running.connect() as connection:
        connection.settimeout(0.05)
        received = None
        for byte in range(len(HEAD)):
            connection.sendall(HEAD[byte : byte + 1])
            try:
                received = connection.recv(4096)
                break
            except TimeoutError:
                continue
    assert error_in(received) == (b"408", "RequestTimeoutException")


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nX: " + b"x" * limits.HEAD_BYTES + b"\r\n\r\n",
        b"POST /" + b"x" * limits.HEAD_BYTES + b" HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + b"X: x\r\n" * (limits.HEADERS + 1) + b"\r\n",
        b"this is no HTTP\r\n\r\n",
    ],
)
def test_what_is_no_request_or_too_much_of_one_is_refused(running, head):
    with running.connect() as connection:
        connection.sendall(head)
        assert error_in(everything(connection)) == (b"400", "InvalidInputException")
    assert running.seen == []


def test_so_many_connections_and_no_more(running):
    held = [running.connect() for _ in range(3)]
    for busy in held:
        busy.sendall(HEAD[:20])
    time.sleep(0.05)
    with running.connect() as connection:
        assert error_in(everything(connection)) == (b"503", "ServiceUnavailable")
    held.pop().close()
    time.sleep(0.05)
    with running.connect() as connection:
        connection.sendall(HEAD + b"\r\n0123456789")
        assert taken(connection)
    for held_socket in held:
        held_socket.close()


def test_idle_connections_make_room_for_new_ones(running):
    with ExitStack() as opened:
        answered, silent, busy = (opened.enter_context(running.connect()) for _ in range(3))
        answered.sendall(HEAD + b"\r\n0123456789")
        assert taken(answered)
        busy.sendall(HEAD)
        time.sleep(0.05)
        for closed in (silent, answered):  # the one that has sent nothing has least time left
            new = opened.enter_context(running.connect())
            new.sendall(HEAD + b"\r\n0123456789")
            assert taken(new)
            assert closed.recv(1) == b""
        busy.sendall(b"\r\n0123456789")
        assert taken(busy)


def test_empty_lines_keep_no_connection_open(running):
    running.server.config.timeout_keep_alive = 0.2
    with running.connect() as connection, suppress(OSError):
        connection.sendall(HEAD + b"\r\n0123456789")
        assert taken(connection)
        for _ in range(30):
            connection.sendall(b"\r\n")
            time.sleep(0.02)
    assert running.server.server_state.connections == set()


def test_a_client_that_does_not_read_its_answer_is_let_go(running):
    with running.connect() as connection:
        connection.sendall(b"POST /large HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n")
        time.sleep(1.0)
        assert running.server.server_state.connections == set()
        assert len(everything(connection)) < LARGE
