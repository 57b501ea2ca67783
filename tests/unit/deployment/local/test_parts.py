"""A part is ready once it answers, and another port means that what runs at the present one stops."""

from __future__ import annotations

import io
import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from deployment.local import __main__ as command
from deployment.local import parts
from deployment.local.cloud import LISTENER, Cloud, CloudError
from deployment.local.demo.steps import Steps
from deployment.local.parts import open_shop, wait_until_healthy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def serving(*statuses: int) -> Iterator[str]:
    """Answer with each status once, and with the last one from then on."""
    left = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def test_a_part_is_ready_once_it_answers() -> None:
    with serving(503, 404, 200) as url:
        wait_until_healthy(url)


def test_a_part_that_does_not_become_ready_is_named_with_its_answer() -> None:
    with serving(503) as url, pytest.raises(CloudError, match=r"did not answer 200 in 0 s, but 503"):
        wait_until_healthy(url, seconds=0)
    with pytest.raises(CloudError, match="refused"):
        wait_until_healthy("http://127.0.0.1:9/", seconds=0)


def test_the_address_is_printed_once_the_pages_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "index.html").write_text("page")
    uploaded: list[Any] = []
    monkeypatch.setattr(parts, "PAGES", tmp_path)
    monkeypatch.setattr(parts, "upload_pages", lambda *arguments: uploaded.append(arguments))
    printed = io.StringIO()

    with serving(503, 200) as url:
        cloud = Cloud(tmp_path, shop_port=int(url.rsplit(":", 1)[1].strip("/")))
        made: Any = object()
        open_shop(cloud, made, Steps(Console(file=printed)))

    assert uploaded == [(cloud, made)]
    assert printed.getvalue().splitlines()[-1].split() == ["Shop", url]


def test_without_pages_the_command_that_builds_them_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PAGES", tmp_path)
    printed = io.StringIO()

    open_shop(Cloud(tmp_path), object(), Steps(Console(file=printed)))  # type: ignore[arg-type]

    assert "make build/pages/.ready" in printed.getvalue()


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts that were stopped."""
    names: list[str] = []
    monkeypatch.setattr(command, "CLOUDS", tmp_path)
    monkeypatch.setattr(Cloud, "stop", lambda _: names.append("all"))
    monkeypatch.setattr(Cloud, "stop_part", lambda _, name: names.append(name))
    monkeypatch.setattr(os, "environ", dict(os.environ))
    return names


@pytest.mark.parametrize(
    ("ports", "expected"),
    [({}, []), ({"port": 4566}, []), ({"port": 5000}, ["all"]), ({"shop_port": 8080}, [LISTENER])],
)
def test_another_port_stops_what_runs_at_the_present_one(
    stopped: list[str], monkeypatch: pytest.MonkeyPatch, ports: dict[str, int], expected: list[str]
) -> None:
    for name in ("RIVULET_PORT", "RIVULET_ENGINE_PORT", "RIVULET_SHOP_PORT"):
        monkeypatch.delenv(name, raising=False)

    cloud = command._select_cloud("shop", Console(file=io.StringIO()), **ports)

    assert stopped == expected
    assert {name: getattr(cloud, name) for name in ports} == ports
