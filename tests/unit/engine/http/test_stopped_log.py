"""An event log that has stopped: PutEvents answers 503, and the page of readiness has the reason."""

from __future__ import annotations

import asyncio
import errno
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from model.engine.http.operator_pages import make_pages
from model.engine.monitoring.metrics import Counts
from model.engine.operations.data.events import put_events
from model.engine.personalize.arns import Caller
from model.engine.personalize.errors import ServiceUnavailableError
from model.engine.serving.served_lists import ServedLists
from model.engine.storage.dataset_group import DatasetGroup
from tests.fakes.engine.disk import FailingDisk

GROUP = "arn:aws:personalize:eu-west-1:123456789012:dataset-group/shop"
EVENT = {"eventType": "View", "itemId": "i", "sentAt": 1}
REQUEST = {"trackingId": "t", "sessionId": "s", "eventList": [EVENT]}


async def ready(engine):
    sent: list[dict[str, Any]] = []

    async def send(message):
        sent.append(message)

    await make_pages(engine)({"type": "http", "method": "GET", "path": "/ready"}, cast("Any", None), send)
    return sent[0]["status"], json.loads(sent[1]["body"])["status"]


def test_a_stopped_log_is_reported_until_a_restart(tmp_path):
    async def run():
        group = await DatasetGroup.open(tmp_path / "group", {})
        engine = cast(
            "Any",
            SimpleNamespace(
                counts=Counts(),
                groups={GROUP: group},
                group_of_tracker={"t": GROUP},
                settings=SimpleNamespace(keys={}),
                schema_text=lambda group, kind: None,
                served=SimpleNamespace(update_models=lambda *names, **options: None),
                served_lists=ServedLists(),
            ),
        )
        assert await ready(engine) == (200, "ready")
        for failing in (range(2), ()):  # the write and its undoing; then a disk that works again
            with pytest.MonkeyPatch.context() as patch:
                FailingDisk(failing, errno.EIO, tmp_path).install(patch)
                with pytest.raises(ServiceUnavailableError, match="send them again"):
                    await put_events(engine, Caller("123456789012", "eu-west-1"), REQUEST)
        status, reason = await ready(engine)
        await group.close()
        return status, reason

    status, reason = asyncio.run(run())

    assert status == 503
    assert reason.startswith("the event log of dataset-group/shop takes no events: a failed write could not be undone")
