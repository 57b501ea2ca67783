"""A shop on one origin and an API on another: loopback servers whose answers a test can replace."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from backend.collect.events import post_events
from backend.http import routes
from tests.factories.lambda_events import CONTEXT, proxy_event
from tests.fakes.functions.front_door import FrontDoor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "page-key"
WAIT_SECONDS = 60

CSP = "default-src 'none'; script-src 'self'; connect-src {allowed}"

# A page cannot state its options in a script of its own under that policy, so they are in its address.
APP = """
import { createClient } from "/rivulet.js";
const options = JSON.parse(decodeURIComponent(location.search.slice(1) || "{}"));
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
window.addEventListener("error", (event) => window.violations.push(event.message));
window.addEventListener("unhandledrejection", (event) => window.violations.push(String(event.reason)));
window.addEventListener("pageshow", (event) => { window.isRestored = event.persisted; });
window.refused = [];
window.dropped = [];
window.client = createClient({
  ...options,
  onRefused: (event, errors) => window.refused.push({ event, errors }),
  onDrop: (event, reason) => window.dropped.push({ event, reason }),
});
"""

PAGE = """<!doctype html><html lang="en"><head><title>shop</title>
<script type="module" src="/app.js"></script></head><body>{body}</body></html>"""


@dataclass
class Answer:
    """What the API answers to a request: after a while, or by closing the connection where there is no status."""

    status: int | None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Received:
    """A request that the API got."""

    method: str
    headers: dict[str, str]
    query: dict[str, list[str]]
    events: list[dict[str, Any]]


class Api:
    """The API: what collect answers, from its own code on fakes, unless a test has scripted the next answers."""

    def __init__(self) -> None:
        self.door = FrontDoor()
        self.requests: list[Received] = []
        self.scripted: list[Answer | Callable[[list[dict[str, Any]]], Answer | None]] = []
        self.keys = {KEY}
        self.is_open = threading.Event()
        self.is_open.set()
        self._changed = threading.Condition()
        post = lambda request: post_events(request, self.door.submission(now=datetime.now(UTC)))  # noqa: E731
        self._collect = routes({("POST", "/e"): post})

    def answer(self, received: Received) -> Answer:
        with self._changed:
            self.requests.append(received)
            self._changed.notify_all()
        if received.method == "OPTIONS":
            return Answer(204)
        self.is_open.wait(WAIT_SECONDS)
        with self._changed:
            answered = self._decide(received)
            self._changed.notify_all()
            return answered

    def _decide(self, received: Received) -> Answer:
        if received.query.get("key", [""])[0] not in self.keys:
            return Answer(403, {"message": "Forbidden"})
        scripted = self.scripted.pop(0) if self.scripted else None
        answer = scripted(received.events) if callable(scripted) else scripted
        if answer is not None:
            return answer
        response = self._collect(proxy_event("POST", "/e", received.events), CONTEXT)
        return Answer(response["statusCode"], json.loads(response["body"]), response["headers"])

    def stored(self) -> dict[str, dict[str, Any]]:
        """Return the events in the stream by their ids."""
        return {event["event_id"]: event for event in self.door.stream_events()}

    def wait_for(self, is_met: Callable[[], bool]) -> bool:
        """Wait until a condition over what was received and stored is met, and return whether it is."""
        with self._changed:
            return self._changed.wait_for(is_met, WAIT_SECONDS)

    def wait_for_items(self, *items: str) -> bool:
        """Wait until the stream has an event of each item."""
        return self.wait_for(lambda: {*items} <= {event.get("item_id") for event in self.stored().values()})


@dataclass(frozen=True)
class Shop:
    """The pages' address, and the API behind its own.

    Attributes
    ----------
    files
        Type and content by path; every other path is a page with a client.
    bodies
        The bodies of such pages by path; others are empty.
    allowed
        The origins that the policy lets pages call.
    """

    url: str
    api_url: str
    api: Api
    files: dict[str, tuple[str, bytes]]
    bodies: dict[str, str]
    allowed: list[str]

    def page(self, path: str = "/", **options: Any) -> str:
        """Return the address of a page whose client has options."""
        given = {"url": f"{self.api_url}/v1/e", "key": KEY, **options}
        return f"{self.url}{path}?{json.dumps(given)}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shop: Shop

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        pass

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


class _PageHandler(_Handler):
    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        page = PAGE.format(body=self.shop.bodies.get(path, "")).encode()
        kind, content = self.shop.files.get(path, ("text/html", page))
        policy = CSP.format(allowed=" ".join(self.shop.allowed))
        self._send(200, content, {"Content-Type": kind, "Content-Security-Policy": policy})


class _ApiHandler(_Handler):
    def do_OPTIONS(self) -> None:
        self._answer([])

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"[]"))

    def _answer(self, events: list[dict[str, Any]]) -> None:
        query = parse_qs(urlsplit(self.path).query)
        answer = self.shop.api.answer(Received(self.command, dict(self.headers.items()), query, events))
        if answer.status is None:
            self.close_connection = True
            return
        text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        # As the functions of the API answer a page of a listed origin.
        cors = {
            "Access-Control-Allow-Origin": self.headers.get("Origin", ""),
            "Access-Control-Expose-Headers": "Retry-After, x-amzn-RequestId",
            "Vary": "Origin",
        }
        self._send(answer.status, text.encode(), {"Content-Type": "application/json", **answer.headers, **cors})


@contextmanager
def open_shop(module: bytes) -> Iterator[Shop]:
    """Serve the pages and the API on free ports of loopback."""
    pages = ThreadingHTTPServer(("127.0.0.1", 0), type("Pages", (_PageHandler,), {}))
    backend = ThreadingHTTPServer(("127.0.0.1", 0), type("Backend", (_ApiHandler,), {}))
    page_url, api_url = (f"http://127.0.0.1:{server.server_address[1]}" for server in (pages, backend))
    files = {"/rivulet.js": ("text/javascript", module), "/app.js": ("text/javascript", APP.encode())}
    shop = Shop(page_url, api_url, Api(), files, {}, [api_url])
    for server in (pages, backend):
        server.daemon_threads = True
        handler: Any = server.RequestHandlerClass
        handler.shop = shop
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield shop
    finally:
        shop.api.is_open.set()
        for server in (pages, backend):
            server.shutdown()
            server.server_close()
