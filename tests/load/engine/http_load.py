"""HTTP load from one thread: requests at a steady rate, or as fast as the server takes them.

At a steady rate a latency counts from the moment at which the request was due, not from when a connection was free
to send it, so a server that stalls cannot hide the requests that it made wait (coordinated omission).
"""

from __future__ import annotations

import math
import selectors
import socket
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

STALLED_SECONDS = 30.0


@dataclass(frozen=True)
class Outcome:
    """The measurements of a load.

    Attributes
    ----------
    latencies : float array of shape (n,)
        Milliseconds.
    seconds : float
        From the first request to the last answer.
    refused : int
        Answers other than 200.
    """

    latencies: NDArray[np.float64]
    seconds: float
    refused: int

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return self.latencies.size / self.seconds

    def percentile(self, share: float) -> float:
        """Return a percentile of the latencies in milliseconds."""
        return round(float(np.percentile(self.latencies, share)), 2)


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.number = 0
        self.due = 0.0

    def send(self, request: bytes, number: int, due: float) -> None:
        self.number = number
        self.due = due
        self.received = b""
        self.socket.sendall(request)

    def answer(self) -> bytes | None:
        """Return the answer once it is whole."""
        piece = self.socket.recv(1 << 18)
        if not piece:
            raise ConnectionError("the server closed a connection")
        self.received += piece
        head = self.received.find(b"\r\n\r\n")
        if head < 0:
            return None
        place = self.received.lower().find(b"content-length:", 0, head)
        length = int(self.received[place + 15 : self.received.find(b"\r", place)])
        return self.received if len(self.received) >= head + 4 + length else None


def post(path: str, body: bytes, headers: str = "Content-Type: application/json\r\n") -> bytes:
    """Return the bytes of a POST request; each header is a whole line."""
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def get(path: str, headers: str = "") -> bytes:
    """Return the bytes of a GET request; each header is a whole line."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()


def drive(
    port: int,
    requests: Sequence[bytes],
    *,
    connections: int,
    per_second: float | None = None,
    latest_seconds: float = math.inf,
    on_answer: Callable[[int, bytes, float], None] = lambda _number, _answer, _milliseconds: None,
) -> Outcome:
    """Send requests over connections that are kept open, one at a time on each.

    Requests are due at the rate `per_second`; without one, each connection sends the next as soon as it has an answer.

    Parameters
    ----------
    latest_seconds
        Once a request is due for so long, neither it nor a later one is sent.
    on_answer
        Called with the number of a request, from 0, its answer, and its milliseconds.

    Raises
    ------
    OSError
        Where the server closes a connection, or does not answer for 30 s.
    """
    opened = [_Connection(port) for _ in range(connections)]
    try:
        return _drive(opened, requests, per_second, latest_seconds, on_answer)
    finally:
        for connection in opened:
            connection.socket.close()


def _drive(
    opened: list[_Connection],
    requests: Sequence[bytes],
    per_second: float | None,
    latest_seconds: float,
    on_answer: Callable[[int, bytes, float], None],
) -> Outcome:
    free = deque(opened)
    latencies = np.empty(len(requests))
    total, sent, done, refused = len(requests), 0, 0, 0
    with selectors.DefaultSelector() as selector:
        for connection in opened:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        begun = time.perf_counter()
        while done < total:
            now = time.perf_counter()
            if sent < total and now - _due(begun, sent, now, per_second) > latest_seconds:
                total = sent
                continue
            while sent < total and free and (due := _due(begun, sent, now, per_second)) <= now:
                free.popleft().send(requests[sent], sent, due)
                sent += 1
            due = _due(begun, sent, now, per_second) if sent < total and free else now + STALLED_SECONDS
            ready = selector.select(max(0.0, due - now))
            if not ready and due - now >= STALLED_SECONDS:
                raise TimeoutError(f"the server has not answered for {STALLED_SECONDS:g} s")
            for key, _ in ready:
                answer = key.data.answer()
                if answer is not None:
                    latencies[done] = (time.perf_counter() - key.data.due) * 1000
                    on_answer(key.data.number, answer, latencies[done])
                    done += 1
                    refused += not answer.startswith(b"HTTP/1.1 200")
                    free.append(key.data)
        seconds = time.perf_counter() - begun
    return Outcome(latencies[:done], seconds, refused)


def _due(begun: float, number: int, now: float, per_second: float | None) -> float:
    return now if per_second is None else begun + number / per_second
