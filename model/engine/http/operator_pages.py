"""The pages for operators: `/health`, `/ready` and `/metrics`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from model.engine.http.messages import JSON, Application, Message, Receive, Send, answer

if TYPE_CHECKING:
    from model.engine.runtime.engine import Engine

READING = ("GET", "HEAD")  # of which the connection sends the latter no body
METRICS = b"text/plain; version=0.0.4; charset=utf-8"


def make_pages(engine: Engine) -> Application:
    """Return the ASGI 3 application of the pages."""

    async def application(scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG001 - none has a body
        if scope["type"] != "http":
            return
        path = scope["path"] if scope["method"] in READING else ""
        if path == "/health":
            await answer(send, 200, b'{"status":"ok"}')
        elif path == "/ready":
            status, body = _readiness(engine)
            await answer(send, status, body)
        elif path == "/metrics":
            page = engine.counts.page(engine.gauges())
            await answer(send, 200, page, METRICS)
        else:
            await answer(send, 404, b'{"status":"there are GET /health, /ready and /metrics"}', JSON)

    return application


def _readiness(engine: Engine) -> tuple[int, bytes]:
    """Return whether requests should be sent here; the port is not open before all state is loaded.

    A full disk does not count: PutEvents reports it itself, and recommendations are not affected. An event log that has
    stopped does: only a restart helps.
    """
    if engine.counts.ending:
        return 503, b'{"status":"ending"}'
    for arn, group in engine.groups.items():
        if group.stopped:
            status = f"the event log of {arn.rpartition(':')[2]} takes no events: {group.stopped}"
            return 503, json.dumps({"status": status}).encode()
    return 200, b'{"status":"ready"}'
