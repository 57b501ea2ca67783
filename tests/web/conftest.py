"""A browser, and pages of other origins than the API's, served on loopback."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from deployment.package.page import PageBuildError, build_module
from tests.web import chromium
from tests.web.origins import LISTED, OTHER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Playwright

ROOT = Path(__file__).resolve().parents[2]


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
def playwright() -> Iterator[Playwright]:
    # On a machine that runs all tests at once, a page may need more than Playwright's 5 s.
    expect.set_options(timeout=30_000)
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright, pages: Pages) -> Iterator[Browser]:
    """Chromium, which finds the server of the pages under both origins."""
    hosts = ", ".join(f"MAP {origin.removeprefix('http://')} 127.0.0.1:{pages.port}" for origin in (LISTED, OTHER))
    launched = chromium.launch(playwright, f"--host-resolver-rules={hosts}")
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def module(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The producer of pages as a shop gets it."""
    try:
        return build_module(ROOT, tmp_path_factory.mktemp("page") / "rivulet.js").read_bytes()
    except PageBuildError as error:
        pytest.fail(str(error))


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
