"""A loopback server that answers POST /events as the front door does, and plays scripted faults."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections import Counter, deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from backend.contract import BodyRefusedError, Refusal, event_id_of, read_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "a-key"


@dataclass(frozen=True)
class Reply:
    """What the server does with one request.

    Attributes
    ----------
    status, body, headers
        The answer; without a status the front door's own, without a body one to fit the status.
    verdicts
        Statuses by position that replace the front door's own; those events are not stored.
    only
        How many of the verdicts are answered.
    hangs_up
        Whether the connection is closed instead of an answer, before or after the events are stored.
    cut
        Bytes after which the answer's body ends.
    wait
        Called before the answer.
    """

    status: int | None = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    verdicts: dict[int, str] = field(default_factory=dict)
    only: int | None = None
    hangs_up: str = ""
    cut: int | None = None
    # Without an address in its text, by which tests are named.
    wait: Callable[[], Any] = field(default=lambda: None, repr=False)


NORMAL = Reply()


class EventsApi:
    """The front door's answers and what it stored.

    Attributes
    ----------
    script
        The replies to the next requests, in order.
    always
        The reply to a request that the script does not name.
    """

    def __init__(self) -> None:
        self.script: deque[Reply] = deque()
        self.always = NORMAL
        self.keys = {KEY}
        self.clock_offset = timedelta(0)
        self.most_bytes = 1024 * 1024
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        self.stored: list[dict[str, Any]] = []
        self.refused: Counter[str] = Counter()
        self.records: Counter[str] = Counter()
        self._changed = threading.Condition()

    @property
    def ids(self) -> list[str]:
        return [event["event_id"] for event in self.stored]

    def wait_for(self, condition: Callable[[], object], seconds: float = 20) -> None:
        """Wait until a condition holds, which is tried at each request."""
        with self._changed:
            assert self._changed.wait_for(condition, seconds), f"{len(self.bodies)} requests, {len(self.stored)} stored"

    def begin(self, path: str, body: bytes) -> Reply:
        with self._changed:
            self.paths.append(path)
            self.bodies.append(body)
            reply = self.script.popleft() if self.script else self.always
            self._changed.notify_all()
        return reply

    def answer(self, path: str, body: bytes, key: str | None, reply: Reply) -> tuple[int, dict[str, Any]]:
        """Return the status and the body of an answer, the front door's own where the reply has none."""
        if key not in self.keys:
            return 403, {"message": "Forbidden"}
        if len(body) > self.most_bytes:
            return 413, {"error": {"code": "too_large", "field": "body", "rule": "must be at most 1 MiB"}}
        if path.endswith("/update-data"):
            content = json.loads(body)
            with self._changed:
                self.records[content["kind"]] += len(content["records"])
            return 202, {"records": [{"index": at, "status": "accepted"} for at in range(len(content["records"]))]}
        now = datetime.now(UTC) + self.clock_offset
        try:
            events = read_events(body, now=now)
        except BodyRefusedError as refused:
            return 400, {"error": {"code": "bad_request", "field": "body", "rule": refused.rule}}
        with self._changed:
            verdicts = [self._verdict(at, event, reply) for at, event in enumerate(events)]
            self._changed.notify_all()
        statuses = {verdict["status"] for verdict in verdicts}
        status = 429 if "retry" in statuses else 400 if statuses == {"refused"} else 202
        time = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return status, {"request_id": "r", "server_time": time, "events": verdicts[: reply.only]}

    def _verdict(self, index: int, event: Any, reply: Reply) -> dict[str, Any]:
        scripted = reply.verdicts.get(index)
        if scripted:
            return {"index": index, "status": scripted, "reason": "scripted", "errors": []}
        if isinstance(event, Refusal):
            self.refused[event.reason] += 1
            errors = [{"field": error.field, "rule": error.rule} for error in event.errors]
            return {"index": index, "status": "refused", "reason": event.reason, "errors": errors}
        event_id = event_id_of(event)
        if event.consent == "denied":
            return {"index": index, "status": "suppressed", "event_id": event_id, "reason": "no_consent"}
        if reply.only is None or index < reply.only:
            self.stored.append(
                {
                    "event_id": event_id,
                    "user_id": event.user_id,
                    "item_id": event.item_id,
                    "timestamp": event.timestamp,
                    "properties": event.properties,
                }
            )
        return {"index": index, "status": "accepted", "event_id": event_id}


@contextmanager
def serving(api: EventsApi, port: int = 0) -> Iterator[str]:
    """Serve on the loopback interface, and give the URL with a stage."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            reply = api.begin(self.path, body)
            reply.wait()
            if reply.hangs_up == "before":
                self.close_connection = True
                return
            answer: dict[str, Any] = {}
            status = reply.status
            if status is None:
                status, answer = api.answer(self.path, body, self.headers.get("x-api-key"), reply)
            if reply.hangs_up:
                self.close_connection = True
                return
            self._write(status, json.dumps(answer).encode() if reply.body is None else reply.body, reply)

        def _write(self, status: int, text: bytes, reply: Reply) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text if reply.cut is None else text[: reply.cut])
            self.close_connection = self.close_connection or reply.cut is not None

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            pass  # a client that is killed breaks its connection

    server = Server(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def raw_server(first: bytes, drip: Callable[[bytes], bytes]) -> Iterator[tuple[str, threading.Event]]:
    """Answer each request by bytes, and by others every 50 ms; the event is set when a client closes its connection."""
    closed, listener = threading.Event(), socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65_536)
            connection.sendall(first)
            connection.settimeout(0.05)
            while True:
                connection.sendall(drip(request))
                with suppress(TimeoutError):
                    if not connection.recv(1):
                        break
        closed.set()

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", closed
    finally:
        listener.close()
