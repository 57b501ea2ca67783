"""A browser, and pages of other origins than the API's, served on loopback."""

from __future__ import annotations

import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from tests.web.origins import LISTED, OTHER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

_MISSING = "Chromium is not installed: apt-get install chromium"


class Pages:
    """A server of pages, each of which a test puts under a path; all others are empty."""

    def __init__(self) -> None:
        self.documents: dict[str, str] = {}
        pages = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = pages.documents.get(self.path, "<!doctype html><title>shop</title>").encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/javascript" if self.path.endswith(".js") else "text/html")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def pages() -> Iterator[Pages]:
    """The server of the pages; the browser finds it under each of the origins above, whatever its port is."""
    served = Pages()
    yield served
    served.close()


@pytest.fixture(scope="session")
def browser(pages: Pages) -> Iterator[Browser]:
    """Chromium of the system. In CI its absence is a failure, elsewhere the tests are skipped."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(_MISSING)
    hosts = ", ".join(f"MAP {origin.removeprefix('http://')} 127.0.0.1:{pages.port}" for origin in (LISTED, OTHER))
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", f"--host-resolver-rules={hosts}"]
        )
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page of the listed origin, in a profile of its own."""
    with browser.new_context() as context:
        opened = context.new_page()
        opened.goto(f"{LISTED}/")
        yield opened


@pytest.fixture
def other_page(browser: Browser) -> Iterator[Page]:
    """An empty page of the origin that is not listed."""
    with browser.new_context() as context:
        opened = context.new_page()
        opened.goto(f"{OTHER}/")
        yield opened
