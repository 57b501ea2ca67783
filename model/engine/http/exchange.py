"""One request and its answer on a connection, as the messages of ASGI."""

from __future__ import annotations

import http
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

import httptools

from model.engine.http.messages import CLOSE

if TYPE_CHECKING:
    from asyncio import Future

    from model.engine.http.messages import Application, Message

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in http.HTTPStatus}
KNOWN_TARGETS = 128
JOINED_BYTES = 64 * 1024  # of a body that is sent with its head as one piece
DISCONNECT: Message = {"type": "http.disconnect"}


class Link(Protocol):
    """The connection, as an exchange uses it."""

    def new_future(self) -> Future[None]:
        """Return a future of the event loop."""

    def date_line(self) -> bytes:
        """Return the header of the present date."""

    def write(self, data: bytes) -> None:
        """Send data."""

    def resume_reading(self) -> None:
        """Let the client send more."""

    def end_exchange(self) -> None:
        """Start the next request, or close the connection."""

    def fail(self, error: Exception | None) -> None:
        """Answer with an internal error."""


class Exchange:
    """One request, whose body may still arrive, and its answer.

    Attributes
    ----------
    keeps_alive : bool
        Whether the connection stays open after the answer.
    has_arrived : bool
        Whether the whole body is here.
    is_answered : bool
        Whether the answer has been sent.
    unread_bytes : int
        Of the body, not yet received by the application.
    """

    __slots__ = (
        "_body",
        "_connection",
        "_continues",
        "_head",
        "_is_lost",
        "_waiter",
        "has_arrived",
        "is_answered",
        "keeps_alive",
        "scope",
        "unread_bytes",
    )

    def __init__(self, connection: Link, scope: Message, *, keeps_alive: bool, continues: bool) -> None:
        self.scope = scope
        self.keeps_alive = keeps_alive
        self.has_arrived = self.is_answered = False
        self.unread_bytes = 0
        self._connection = connection
        self._continues = continues  # whether the client waits for 100 Continue before it sends the body
        self._body: list[bytes] = []
        self._head = b""
        self._waiter: Future[None] | None = None
        self._is_lost = False

    async def run(self, application: Application) -> None:
        """Let the application answer."""
        try:
            await application(self.scope, self.receive, self.send)
        except Exception as error:  # noqa: BLE001 - an application's error must not end the server
            self._connection.fail(error)
        else:
            if not self.is_answered:
                self._connection.fail(None)

    async def receive(self) -> Message:
        """Return the next part of the body, once there is one, or that the client has left."""
        if self._continues:
            self._continues = False
            if not (self.has_arrived or self._body):
                self._connection.write(CONTINUE)
        while not (self._body or self.has_arrived or self._is_lost or self.is_answered):
            self._connection.resume_reading()
            self._waiter = self._connection.new_future()
            await self._waiter
        if self._is_lost or self.is_answered:
            return DISCONNECT
        body, self._body, self.unread_bytes = b"".join(self._body), [], 0
        return {"type": "http.request", "body": body, "more_body": not self.has_arrived}

    async def send(self, message: Message) -> None:
        """Send the answer: its head, then all of its body."""
        if message["type"] == "http.response.start":
            self._start(message)
        elif not self.is_answered:
            self.is_answered = True
            body = b"" if self.scope["method"] == "HEAD" else message.get("body", b"")
            if self._is_lost:
                pass
            elif len(body) <= JOINED_BYTES:
                self._connection.write(self._head + body)
            else:  # too large to be copied
                self._connection.write(self._head)
                self._connection.write(body)
            self._connection.end_exchange()

    def add_body(self, part: bytes) -> None:
        """Add a part of the body."""
        if not self.is_answered:
            self._body.append(part)
            self.unread_bytes += len(part)
            self._wake()

    def end_body(self) -> None:
        """Note that the whole body has arrived."""
        self.has_arrived = True
        self._wake()

    def lose(self) -> None:
        """Note that the client has left."""
        self._is_lost = True
        self._wake()

    def _start(self, message: Message) -> None:
        lines = [STATUS_LINES[message["status"]], self._connection.date_line()]
        for header in message["headers"]:
            if header == CLOSE:
                self.keeps_alive = False
            else:
                lines += (header[0], b": ", header[1], b"\r\n")
        # Kept until the body is there, so that both can be sent as one piece.
        self._head = b"".join((*lines, b"\r\n" if self.keeps_alive else b"connection: close\r\n\r\n"))

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


@lru_cache(KNOWN_TARGETS)
def parse_target(target: bytes) -> tuple[str, bytes, bytes]:
    """Return the path of a request's target as text, as sent, and its query.

    Raises
    ------
    ValueError
        It is not valid.
    """
    try:
        parsed = httptools.parse_url(target)
    except httptools.HttpParserInvalidURLError as error:
        raise ValueError("the target is not valid") from error
    if parsed.path is None:
        raise ValueError("the target has no path")
    return unquote(parsed.path.decode("ascii")), parsed.path, parsed.query or b""
