"""The listener sends requests on with the name of the distribution, and their answers back as they are."""

from __future__ import annotations

import http.client
import socket
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from deployment.local.listener import Distribution, find_distribution, make_server

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "d1.cloudfront.net"


class FakeEmulator(BaseHTTPRequestHandler):
    """Answers with what it got, as CloudFront where it knows the name."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.got.append((self.command, self.path, dict(self.headers.items()), body))  # type: ignore[attr-defined]
        content = b"" if self.command == "HEAD" else b"answer"
        self.send_response(418 if self.path == "/refused" else 200)
        self.send_header("Content-Length", "6")
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Retry-After", "5")
        if self.headers["Host"] == self.server.known:  # type: ignore[attr-defined]
            self.send_header("X-Amz-Cf-Id", "id")
        self.end_headers()
        self.wfile.write(content)

    do_HEAD = do_POST = do_GET  # noqa: N815 - as http.server names them

    def log_message(self, *_: Any) -> None:
        pass


class World:
    """A listener in front of a fake emulator that knows one distribution."""

    def __init__(self, stack: ExitStack) -> None:
        self.emulator = self._serve(ThreadingHTTPServer(("127.0.0.1", 0), FakeEmulator), stack)
        self.emulator.got, self.emulator.known = [], NAME
        self.name: str | None = NAME
        self.look_ups = 0
        url = f"http://127.0.0.1:{self.emulator.server_address[1]}"
        self.listener = self._serve(make_server(0, url, Distribution(self._look_up)), stack)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.listener.server_address[1], timeout=10)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def _look_up(self) -> str | None:
        self.look_ups += 1
        return self.name

    @staticmethod
    def _serve(server: Any, stack: ExitStack) -> Any:
        stack.enter_context(server)
        stack.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


@pytest.fixture
def world() -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack)


def test_a_request_arrives_whole_and_with_the_name_of_the_distribution(world: World) -> None:
    status, _, content = world.ask("POST", "/v1/events?a=%23b", b"[{}]", Origin="http://127.0.0.1:4568")

    [(method, path, headers, body)] = world.emulator.got
    assert (status, content) == (200, b"answer")
    assert (method, path, body) == ("POST", "/v1/events?a=%23b", b"[{}]")
    assert (headers["Host"], headers["Origin"], headers["Content-Length"]) == (NAME, "http://127.0.0.1:4568", "4")


@pytest.mark.parametrize("host", ["host", "HOST"])
def test_the_name_replaces_the_host_whatever_its_case(world: World, host: str) -> None:
    raw(world, f"GET / HTTP/1.1\r\n{host}: 127.0.0.1:4568\r\nConnection: close\r\n\r\n".encode())

    assert [value for name, value in world.emulator.got[0][2].items() if name.lower() == "host"] == [NAME]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /v1/events HTTP/1.1\r\nContent-Length: -1", 400),
        (b"POST /v1/events HTTP/1.1\r\nContent-Length: abc", 400),
        (b"POST /v1/events HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", 400),
        (b"POST /v1/events HTTP/1.1\r\nContent-Length: 20000000", 413),
        (b"POST /v1/events HTTP/1.1\r\nContent-Length : 1", 400),
        (b"POST /v1/events HTTP/1.1\r\nno header\r\nContent-Length: 1", 400),
        (b"POST /v1/events HTTP/1.1\r\nTransfer-Encoding: chunked", 411),
        ("GET /v1/products/é HTTP/1.1".encode(), 400),
        (b"GET http://other/ HTTP/1.1", 400),
    ],
)
def test_a_request_that_cannot_be_forwarded_as_it_is_is_refused(world: World, head: bytes, status: int) -> None:
    assert raw(world, head + b"\r\nHost: localhost\r\n\r\n").startswith(f"HTTP/1.1 {status} ".encode())
    assert world.emulator.got == []


@pytest.mark.parametrize("host", ["localhost:4568", "LocalHost", "127.0.0.1:4568", "[::1]:4568", "127.0.0.1:14568"])
def test_a_request_to_a_loopback_name_is_forwarded_on_any_port(world: World, host: str) -> None:
    assert world.ask("GET", "/", Host=host)[0] == 200


@pytest.mark.parametrize(
    "hosts",
    [
        ["pages.example"],
        ["127.0.0.1.pages.example:4568"],
        ["localhost@pages.example"],
        ["pages.example:4568", "localhost"],
        ["[::1"],
        ["localhost:a"],
        ["10.0.0.5"],
        [""],
        [],
    ],
)
def test_a_page_whose_name_leads_here_is_refused_with_the_reason(world: World, hosts: list[str]) -> None:
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    answer = raw(world, f"GET /v1/popular HTTP/1.1\r\n{lines}\r\n".encode())

    assert answer.startswith(b"HTTP/1.1 421 ")
    assert b"localhost, 127.0.0.1 or [::1]" in answer
    assert world.emulator.got == []


def test_a_browser_that_sends_nothing_is_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.listener.RequestHandlerClass, "timeout", 0.2)

    assert raw(world, b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nx") == b""


def test_a_request_whose_sender_leaves_before_its_end_is_not_forwarded(world: World) -> None:
    raw(world, b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n[{}]", ends=True)

    assert world.emulator.got == []


def raw(world: World, request: bytes, *, ends: bool = False) -> bytes:
    """Send a request as it is, end the sending half or not, and return what comes until the connection is closed."""
    with socket.create_connection(("127.0.0.1", world.listener.server_address[1]), timeout=10) as connection:
        connection.sendall(request)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_an_answer_arrives_as_it_is(world: World) -> None:
    status, headers, content = world.ask("GET", "/refused")

    assert (status, content) == (418, b"answer")
    assert headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert (headers["Retry-After"], headers.get_all("Content-Length")) == ("5", ["6"])


def test_the_answer_to_head_has_a_length_and_no_body(world: World) -> None:
    status, headers, content = world.ask("HEAD", "/")

    assert (status, headers["Content-Length"], content) == (200, "6", b"")


def test_before_the_shop_is_deployed_its_address_says_so(world: World) -> None:
    world.name = None

    status, _, content = world.ask("GET", "/")

    assert status == 503
    assert b"make demo" in content
    assert world.emulator.got == []


def test_a_name_is_looked_up_once_and_again_where_the_distribution_was_replaced(world: World) -> None:
    for _ in range(3):
        world.ask("GET", "/")
    assert world.look_ups == 1

    world.name = world.emulator.known = "d2.cloudfront.net"
    for _ in range(3):
        world.ask("GET", "/")
    assert world.look_ups == 2
    assert world.emulator.got[-1][2]["Host"] == "d2.cloudfront.net"


def test_an_emulator_that_does_not_answer_is_a_bad_gateway(world: World) -> None:
    world.emulator.shutdown()
    world.emulator.server_close()

    assert world.ask("GET", "/")[0] == 502


def test_the_distribution_is_found_by_its_comment() -> None:
    class CloudFront:
        def get_paginator(self, name: str) -> Any:
            assert name == "list_distributions"
            return self

        def paginate(self) -> list[Any]:
            items = [{"Comment": "other", "DomainName": "d0.cloudfront.net"}]
            return [
                {"DistributionList": {"Quantity": 0}},
                {"DistributionList": {"Items": [*items, {"Comment": "rivulet-local", "DomainName": NAME}]}},
            ]

    assert find_distribution(CloudFront(), "rivulet-local") == NAME
    assert find_distribution(CloudFront(), "rivulet-dev") is None
