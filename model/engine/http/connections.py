"""Limits on connections: their number, and the time and size of each request.

uvicorn bounds neither the time in which a request arrives nor the size of its head, so a client that sends one byte
every few seconds would hold its connection for ever.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from model.engine.monitoring.logs import Refusals
from model.engine.personalize import limits
from model.engine.personalize.errors import EngineError, InvalidInputError, RequestTimeoutError, ServiceUnavailableError

if TYPE_CHECKING:
    from asyncio import TimerHandle, Transport

_refusals = Refusals()
REASONS = {400: "Bad Request", 408: "Request Timeout", 503: "Service Unavailable"}


class HeadTooLargeError(Exception):
    """The head of a request exceeds its limit; the parser answers 400 for any exception."""


class Connection(HttpToolsProtocol):
    """One connection of a client."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._arriving = False
        self._in_head = False
        self._head_bytes = 0
        self._header_count = 0
        self._arrival: TimerHandle | None = None
        self._writing: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Accept a new connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > limits.CONNECTIONS:
            self._refuse(ServiceUnavailableError(f"there are {limits.CONNECTIONS} connections already"))
            return
        self._arrival = self.loop.call_later(limits.ARRIVAL_SECONDS, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel all timers."""
        super().connection_lost(exc)
        for timer in (self._arrival, self._writing):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Read data, and start the timer of a request that is not yet complete."""
        super().data_received(data)
        if self._arriving and self._arrival is None and not self.transport.is_closing():
            self._arrival = self.loop.call_later(limits.ARRIVAL_SECONDS, self._too_slow)

    def on_message_begin(self) -> None:
        """Start to count a request."""
        super().on_message_begin()
        self._arriving = self._in_head = True
        self._head_bytes = self._header_count = 0

    def on_url(self, url: bytes) -> None:
        """Count a part of the path."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._header_count += 1
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Note that the body follows."""
        super().on_headers_complete()
        self._in_head = False

    def on_message_complete(self) -> None:
        """Stop the timer: the request has arrived in time."""
        super().on_message_complete()
        self._arriving = False
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None

    def pause_writing(self) -> None:
        """Start the timer of a client that does not read."""
        super().pause_writing()
        self._writing = self.loop.call_later(limits.WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the timer: the client has read."""
        super().resume_writing()
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def send_400_response(self, msg: str) -> None:
        """Refuse invalid HTTP, or a head that is too large."""
        self._refuse(InvalidInputError(f"{msg} Its head may have {limits.HEAD_BYTES} bytes."), 400)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > limits.HEAD_BYTES or self._header_count > limits.HEADERS:
            raise HeadTooLargeError

    def _too_slow(self) -> None:
        self._arrival = None
        if self.transport.is_closing():
            return
        # While a head arrives, the cycle is that of the previous request.
        unanswered = self._arriving and (self._in_head or not self.cycle.response_started)
        if unanswered:
            self._refuse(RequestTimeoutError(f"the request did not arrive within {limits.ARRIVAL_SECONDS:g} s"), 408)
        else:
            self.transport.close()

    def _refuse(self, error: EngineError, status: int = 503) -> None:
        body = json.dumps({"__type": error.name, "message": str(error)}).encode()
        head = (
            f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json\r\n"
            f"x-amzn-errortype: {error.name}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
        _refusals.log(self.loop.time(), operation="unknown", error=error.name, status=status)
