"""Connections: HTTP/1.1 on httptools for an ASGI application, with limits on number, time and size.

uvicorn's own connections bound neither the time in which a request arrives nor the size of its head, so a client that
sends one byte every few seconds would hold its connection for ever; and they take longer for a request. uvicorn's
server accepts the connections, and closes them when it ends.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import TYPE_CHECKING, Any, cast

import httptools

from model.engine.http.exchange import Exchange, parse_target
from model.engine.monitoring.logs import Refusals, log
from model.engine.personalize import limits
from model.engine.personalize.errors import (
    EngineError,
    InternalFailureError,
    InvalidInputError,
    RequestTimeoutError,
    ServiceUnavailableError,
)

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future, TimerHandle, Transport

    from uvicorn import Config
    from uvicorn.server import ServerState

    from model.engine.http.messages import Application

_refusals = Refusals()
REASONS = {400: "Bad Request", 408: "Request Timeout", 500: "Internal Server Error", 503: "Service Unavailable"}
UNREAD_BYTES = 64 * 1024  # of a body; then the client has to wait until the application has read them
EXPECT, CONTINUE = b"expect", b"100-continue"
UPGRADE, TUNNEL = b"upgrade", b"CONNECT"


class HeadTooLargeError(Exception):
    """The head of a request exceeds its limit; the parser answers 400 for any exception."""


class Connection(asyncio.Protocol):
    """One connection of a client, with the requests that it sends one after another.

    One timer, which runs at least every `ARRIVAL_SECONDS`, checks all deadlines: setting one costs a request nothing.

    Attributes
    ----------
    idle_deadline : float or None
        When it is closed unless a request begins, in the time of the event loop; None where it is not idle.
    """

    transport: Transport

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # noqa: ARG002 - uvicorn passes it
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        self._application: Application = config.loaded_app
        self._keep_alive_seconds = config.timeout_keep_alive
        self._most = config.limit_concurrency or limits.CONNECTIONS  # connections, of all clients
        self._server = server_state
        self._loop = _loop or asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._exchange: Exchange | None = None  # the one that is answered, or was last
        self._arriving: Exchange | None = None  # the one whose body is expected
        self._waiting: deque[Exchange] = deque()  # pipelined
        self._refusal = b""  # of a request that follows unanswered ones
        self._in_head = self._is_last = self._is_ended = False
        self._is_reading = self._is_writable = True
        self._head_bytes = self._head_received = self._header_count = 0
        self._target = b""
        self._continues = False
        self._headers: list[tuple[bytes, bytes]] = []
        self._arrival_deadline: float | None = None
        self.idle_deadline: float | None = None
        self._write_deadline: float | None = None
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as asyncio has it for TCP
        """Accept a new connection, unless there are too many."""
        self.transport = transport
        self._server.connections.add(self)  # type: ignore[arg-type]  # it only calls `shutdown`
        if len(self._server.connections) > self._most and not self._end_an_idle_one():
            self.transport.write(
                self._refusal_of(ServiceUnavailableError(f"there are {self._most} connections already"), 503)
            )
            self._close()  # at once: those beyond the limit must not take the files of others
            return
        self.idle_deadline = self._loop.time() + limits.ARRIVAL_SECONDS
        self._set_timer()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - all ends are alike
        """End all that waits for the client."""
        self._server.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        for exchange in (self._exchange, self._arriving):
            if exchange is not None:
                exchange.lose()
        self._waiting.clear()
        self._is_last = True

    def data_received(self, data: bytes) -> None:
        """Read data; a request that is not complete then has to be so within its time."""
        if self._is_last:
            return  # after the last request that is answered, such as one with `Connection: close`
        if self._in_head:
            self._head_received += len(data)
        try:
            self._parser.feed_data(data)
            if self._in_head and self._head_received > limits.HEAD_BYTES:
                self._refuse_invalid()  # the parser keeps a header that has no end
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            if not self._is_last:
                self._refuse_invalid()
        if (self._in_head or self._arriving is not None) and self._arrival_deadline is None:
            self._arrival_deadline = self._loop.time() + limits.ARRIVAL_SECONDS

    def eof_received(self) -> bool:
        """Answer what has arrived, since a client may end its half of the connection before it reads the answers."""
        arriving, self._arriving, self._in_head = self._arriving, None, False
        if self._is_ended or (arriving is not None and arriving is self._exchange):
            return False  # the rest of the request will never arrive
        if arriving is not None:
            self._waiting.remove(arriving)
        self._is_last = True
        return not self._close_if_done()

    # Called by the parser.

    def on_message_begin(self) -> None:
        """Start to count a request."""
        self.idle_deadline = None  # not before: empty lines, which may precede a request, must not extend it
        self._in_head = True
        self._head_bytes = self._head_received = self._header_count = 0
        self._target = b""
        self._continues = False
        self._headers = []

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._count(len(url))
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._header_count += 1
        self._count(len(name) + len(value))
        if not self._in_head:
            return  # a trailer, after a chunked body: it must not pass for a header, which was checked before the body
        name = name.lower()
        if name == EXPECT and value.lower() == CONTINUE:
            self._continues = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Start to answer the request, whose body may follow, after those before it."""
        self._in_head = False
        parser = self._parser
        if self._is_last or (parser.should_upgrade() and parser.get_method() != TUNNEL):
            return
        path, raw_path, query = parse_target(self._target)
        scope = {
            "type": "http",
            "method": parser.get_method().decode("ascii"),
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self._headers,
        }
        keeps_alive = parser.should_keep_alive() and parser.get_http_version() != "1.0"
        exchange = Exchange(self, scope, keeps_alive=keeps_alive, continues=self._continues)
        self._arriving = exchange
        if self._exchange is None or self._exchange.is_answered:
            self._start(exchange)
        else:
            self._waiting.append(exchange)
            self._pause_reading()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        exchange = self._arriving
        if exchange is not None:
            exchange.add_body(body)
            if exchange.unread_bytes > UNREAD_BYTES:
                self._pause_reading()

    def on_message_complete(self) -> None:
        """Note that the request has arrived in time."""
        exchange, self._arriving = self._arriving, None
        self._arrival_deadline = None
        if exchange is not None:
            self._is_last |= not exchange.keeps_alive
            exchange.end_body()
            if exchange.is_answered:
                self._start_next()

    # Called by asyncio when the client does not read, or reads again.

    def pause_writing(self) -> None:
        """Give the client its time to read."""
        self._is_writable = False
        self._write_deadline = self._loop.time() + limits.WRITE_SECONDS
        self._set_timer()

    def resume_writing(self) -> None:
        """Continue: the client has read."""
        self._is_writable = True
        self._write_deadline = self._loop.time() + limits.LINGER_SECONDS if self._is_ended else None
        if self._exchange is not None and self._exchange.is_answered and not self._is_ended:
            self._start_next()

    # Called by uvicorn's server.

    def shutdown(self) -> None:
        """Close the connection, after the requests in progress."""
        unanswered = [
            exchange for exchange in (self._exchange, *self._waiting) if exchange and not exchange.is_answered
        ]
        if unanswered:
            unanswered[-1].keeps_alive = False
        else:
            self._close()

    # Called by exchanges.

    def new_future(self) -> Future[None]:
        """Return a future of the connection's event loop."""
        return self._loop.create_future()

    def date_line(self) -> bytes:
        """Return the header that uvicorn's server renews each second."""
        return b"".join(b"%b: %b\r\n" % header for header in self._server.default_headers)

    def write(self, data: bytes) -> None:
        """Send data."""
        self.transport.write(data)

    def resume_reading(self) -> None:
        """Let the client send more."""
        if not self._is_reading:
            self._is_reading = True
            self.transport.resume_reading()

    def end_exchange(self) -> None:
        """Start the next request after an answer, or close the connection after the last."""
        if self._has_ended():
            return
        if self._exchange is not None and not self._exchange.keeps_alive:
            self._close(lingers=not self._exchange.has_arrived)
        elif self._is_writable:  # else the answer of the next would wait in memory as well
            self._start_next()

    def fail(self, error: Exception | None) -> None:
        """Answer with an internal error, after an application has raised one, or has not answered."""
        if self._has_ended():
            return
        log("failure", operation="unknown", error="no answer" if error is None else type(error).__name__)
        if self._exchange is not None and not self._exchange.is_answered:
            message = "the engine met an internal error; its log has the kind"
            self.transport.write(self._refusal_of(InternalFailureError(message), 500))
        self._close()

    def _start(self, exchange: Exchange) -> None:
        self._exchange = exchange
        task = self._loop.create_task(exchange.run(self._application))
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    def _start_next(self) -> None:
        if self._waiting:
            self._start(self._waiting.popleft())
        elif not self._close_if_done():
            self.resume_reading()
            if not self._in_head and self._arriving is None:
                self.idle_deadline = self._loop.time() + self._keep_alive_seconds

    def _close_if_done(self) -> bool:
        """Close the connection if no request follows and all are answered; return whether it is closed."""
        if self._is_last and not self._waiting and (self._exchange is None or self._exchange.is_answered):
            self.transport.write(self._refusal)
            self._close(lingers=bool(self._refusal))
        return self._has_ended()

    def _end_an_idle_one(self) -> bool:
        """Close the idle connection whose time ends first; return False if none is idle."""
        others = cast("set[Connection]", self._server.connections)
        idle = [(other.idle_deadline, id(other), other) for other in others if other.idle_deadline is not None]
        if idle:
            min(idle)[2].shutdown()
        return bool(idle)

    def _has_ended(self) -> bool:
        return self._is_ended or self.transport.is_closing()

    def _close(self, *, lingers: bool = False) -> None:
        """Close the connection once the client has read what was sent, for which it has its time.

        Parameters
        ----------
        lingers : bool
            Whether to drop for a while what the client still sends: TCP resets a connection that is closed before its
            data are read, and then the client might never see the answer (RFC 9112, 9.6).
        """
        self._is_ended = self._is_last = True
        self.idle_deadline = None
        if lingers and self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
            self.resume_reading()
        else:
            self.transport.close()
        if self._write_deadline is None:
            self._write_deadline = self._loop.time() + (limits.LINGER_SECONDS if lingers else limits.WRITE_SECONDS)
            self._set_timer()

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Read a request that offers another protocol as one that does not, as RFC 9110 (7.8) allows; none is served.

        The parser takes all that follows the head for the other protocol, so it has to read the head again.
        """
        if self._is_last or self._parser.get_method() == TUNNEL:
            self._is_last = True
            self._close_if_done()
            return
        version = self._parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self._parser.get_method(), self._target, version)]
        lines += [b"%b: %b" % header for header in self._headers if header[0] != UPGRADE]
        self._parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join((*lines, b"", rest)))

    def _pause_reading(self) -> None:
        if self._is_reading:
            self._is_reading = False
            self.transport.pause_reading()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > limits.HEAD_BYTES or self._header_count > limits.HEADERS:
            raise HeadTooLargeError

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        deadlines = (self._arrival_deadline, self.idle_deadline, self._write_deadline)
        nearest = min((deadline for deadline in deadlines if deadline is not None), default=float("inf"))
        # A deadline that is set meanwhile is never before the next check.
        delay = min(nearest - self._loop.time(), limits.ARRIVAL_SECONDS, self._keep_alive_seconds)
        self._timer = self._loop.call_later(max(0.0, delay), self._check_deadlines)

    def _check_deadlines(self) -> None:
        self._timer = None
        now = self._loop.time()
        if self._write_deadline is not None and self._write_deadline <= now:
            self.transport.abort()
            return
        if not self._has_ended():
            if self._arrival_deadline is not None and self._arrival_deadline <= now:
                if self._is_reading:
                    self._time_out()
                else:  # the client waits for earlier answers
                    self._arrival_deadline = now + limits.ARRIVAL_SECONDS
            elif self.idle_deadline is not None and self.idle_deadline <= now:
                self._close()
        if self._timer is None:
            self._set_timer()

    def _time_out(self) -> None:
        if self._in_head or (self._arriving is not None and not self._arriving.is_answered):
            self._refuse(RequestTimeoutError(f"the request did not arrive within {limits.ARRIVAL_SECONDS:g} s"), 408)
        else:
            self._close()

    def _refuse_invalid(self) -> None:
        rule = f"Invalid HTTP request received. Its head may have {limits.HEAD_BYTES} bytes."
        self._refuse(InvalidInputError(rule), 400)

    def _refuse(self, error: EngineError, status: int) -> None:
        """Refuse what is arriving, after the answers to the requests before it, and close the connection."""
        self._is_last, self._in_head, self._arrival_deadline = True, False, None
        self._refusal = self._refusal_of(error, status)
        refused, self._arriving = self._arriving, None
        if refused is None:
            self._close_if_done()
        elif refused is self._exchange:
            refused.lose()
            self.transport.write(self._refusal)
            self._close(lingers=True)
        else:
            self._waiting.remove(refused)

    def _refusal_of(self, error: EngineError, status: int) -> bytes:
        _refusals.log(self._loop.time(), operation="unknown", error=error.name, status=status)
        body = json.dumps({"__type": error.name, "message": str(error)}).encode()
        head = (
            f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json\r\n"
            f"x-amzn-errortype: {error.name}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        return head.encode() + body
