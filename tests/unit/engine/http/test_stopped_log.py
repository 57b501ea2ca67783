"""An event log that has stopped: PutEvents answers 503, and the page of readiness has the reason."""

from __future__ import annotations

import asyncio
import errno
import json
from typing import Any, cast

import pytest

from model.engine.http.operator_pages import make_pages
from model.engine.operations.data.events import put_events
from model.engine.personalize.errors import ServiceUnavailableError
from model.engine.storage.dataset_group import DatasetGroup
from tests.fakes.engine.disk import FailingDisk
from tests.fakes.engine.tracking import CALLER, TRACKING_ID, tracking_engine

EVENT = {"eventType": "View", "itemId": "i", "sentAt": 1}
REQUEST = {"trackingId": TRACKING_ID, "sessionId": "s", "eventList": [EVENT]}


async def ready(engine):
    sent: list[dict[str, Any]] = []

    async def send(message):
        sent.append(message)

    await make_pages(engine)({"type": "http", "method": "GET", "path": "/ready"}, cast("Any", None), send)
    return sent[0]["status"], json.loads(sent[1]["body"])["status"]


def test_a_stopped_log_is_reported_until_a_restart(tmp_path):
    async def run():
        group = await DatasetGroup.open(tmp_path / "group", {})
        engine = tracking_engine(group)
        assert await ready(engine) == (200, "ready")
        for failing in (range(2), ()):  # the write and its undoing; then a disk that works again
            with pytest.MonkeyPatch.context() as patch:
                FailingDisk(failing, errno.EIO, tmp_path).install(patch)
                with pytest.raises(ServiceUnavailableError, match="send them again"):
                    await put_events(engine, CALLER, REQUEST)
        status, reason = await ready(engine)
        await group.close()
        return status, reason

    status, reason = asyncio.run(run())

    assert status == 503
    assert reason.startswith("the event log of dataset-group/shop takes no events: a failed write could not be undone")
