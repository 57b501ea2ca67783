"""The pages as the distribution serves them, with its security headers, and the API under `/v1` on the same origin."""

from __future__ import annotations

import json
import mimetypes
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.web.shop.api import USERS, Api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


# What the page itself reports: broken rules of the security policy, and errors that nothing handles.
WATCH = """
window.problems = [];
document.addEventListener("securitypolicyviolation", (event) => window.problems.push(event.violatedDirective));
window.addEventListener("error", (event) => window.problems.push(event.message));
window.addEventListener("unhandledrejection", (event) => window.problems.push(String(event.reason)));
"""


@dataclass(frozen=True)
class Site:
    """The address of the pages, and the API behind them."""

    url: str
    api: Api


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path
    api: Api

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/v1/"):
            return self._forward(b"")
        if path == "/config.json":
            settings = {"api": "/v1", "environment": "test", "demonstration_users": list(USERS)}
            return self._send(200, json.dumps(settings).encode(), "application/json")
        file = (self.folder / (path.lstrip("/") or "index.html")).resolve()
        if not file.is_relative_to(self.folder) or not file.is_file():
            return self._send(404, b"not found", "text/plain")
        return self._send(200, file.read_bytes(), mimetypes.guess_type(file.name)[0] or "text/plain")

    def do_POST(self) -> None:
        self._forward(self.rfile.read(int(self.headers["Content-Length"])))

    def _forward(self, body: bytes) -> None:
        status, answer = self.api.answer(self.command, self.path, body)
        if not status:
            self.close_connection = True
            return
        self._send(status, json.dumps(answer).encode(), "application/json")

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def open_site(folder: Path) -> Iterator[Site]:
    """Serve built pages on a free port of loopback."""
    api = Api()
    handler: Any = type("Handler", (_Handler,), {"folder": folder.resolve(), "api": api})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield Site(f"http://127.0.0.1:{server.server_address[1]}", api)
    finally:
        api.is_open.set()
        server.shutdown()
        server.server_close()
