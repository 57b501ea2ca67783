"""A delivery's position and its objects, over a cloud that is out of reach at times."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from deployment.workers.checkpoints import Checkpoints
from deployment.workers.delivery.consumer import DeliveryShard
from deployment.workers.delivery.settings import Conversion, Delivery, Transform
from tests.factories.streams import FUNCTION_ARN, SHARD, delivery, record
from tests.fakes.cloud import FakeCloud, FakeReader, refused, unreachable, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def checkpoints(tmp_path: Path) -> Iterator[Checkpoints]:
    opened = Checkpoints(tmp_path / "positions.sqlite3")
    yield opened
    opened.close()


def started(cloud: FakeCloud, checkpoints: Checkpoints, what: Delivery, *numbers: int) -> DeliveryShard:
    pages = [[record(number, data=json.dumps({"n": number}).encode()) for number in numbers]]
    shard = DeliveryShard(cast("Any", cloud), checkpoints, what, SHARD, cast("Any", FakeReader(pages)))
    shard.start()
    return shard


def test_the_position_waits_for_the_objects(checkpoints: Checkpoints):
    # Given a bucket that is out of reach, then gone, then there
    what, cloud = delivery(buffer_seconds=0), FakeCloud()
    cloud.s3.troubles = [unreachable(), refused("PutObject", "NoSuchBucket", 404)]
    seen: list[dict[str, str]] = []
    put = cloud.s3.put_object

    def put_and_look(**arguments: Any) -> None:
        seen.append(checkpoints.positions(what.reader))
        put(**arguments)

    cloud.s3.put_object = put_and_look  # type: ignore[method-assign]

    # When a flush is due
    shard = started(cloud, checkpoints, what, 1, 2)
    until(lambda: bool(checkpoints.positions(what.reader)))
    shard.stop()

    # Then the position moved only after the put that succeeded
    assert seen == [{}, {}, {}]
    assert list(cloud.s3.objects.values()) == [b'{"n": 1}{"n": 2}']
    assert checkpoints.positions(what.reader) == {SHARD: f"{2:056d}"}


def test_a_flush_repeated_after_a_crash_overwrites_its_object(checkpoints: Checkpoints, tmp_path: Path):
    # Given a flush whose position was lost
    what, cloud = delivery(buffer_seconds=0), FakeCloud()
    shard = started(cloud, checkpoints, what, 1, 2)
    until(lambda: bool(checkpoints.positions(what.reader)))
    shard.stop()
    forgotten = Checkpoints(tmp_path / "other.sqlite3")

    # When it is repeated with more records behind it
    again = started(cloud, forgotten, what, 1, 2, 3)
    until(lambda: bool(forgotten.positions(what.reader)))
    again.stop()
    forgotten.close()

    # Then there is one object, with each record once
    assert list(cloud.s3.objects.values()) == [b'{"n": 1}{"n": 2}{"n": 3}']


def test_stopping_leaves_what_is_buffered_for_the_next_start(checkpoints: Checkpoints):
    what, cloud = delivery(buffer_seconds=900), FakeCloud()
    shard = started(cloud, checkpoints, what, 1)

    shard.stop()
    until(lambda: not shard.alive)

    assert cloud.s3.objects == {}
    assert checkpoints.positions(what.reader) == {}


def test_a_cloud_out_of_reach_is_no_attempt_of_the_transform(checkpoints: Checkpoints):
    # Given no retries, and a function that is out of reach at first
    cloud = FakeCloud()
    cloud.functions.troubles = [unreachable()]
    cloud.functions.handler = lambda event: {
        "records": [
            {"recordId": each["recordId"], "result": "Ok", "data": base64.b64encode(b"new").decode()}
            for each in event["records"]
        ]
    }
    what = delivery(buffer_seconds=0, transform=Transform(FUNCTION_ARN, retries=0))

    shard = started(cloud, checkpoints, what, 1, 2)
    until(lambda: bool(checkpoints.positions(what.reader)))
    shard.stop()

    assert list(cloud.s3.objects.values()) == [b"newnew"]


def test_a_throttled_transform_is_an_attempt_and_its_records_are_put_aside(checkpoints: Checkpoints):
    cloud = FakeCloud()
    cloud.functions.troubles = [refused("Invoke", "TooManyRequestsException", 429)]
    what = delivery(buffer_seconds=0, transform=Transform(FUNCTION_ARN, retries=0))

    shard = started(cloud, checkpoints, what, 1)
    until(lambda: bool(checkpoints.positions(what.reader)))
    shard.stop()

    [(key, body)] = cloud.s3.objects.items()
    assert "processing-failed/" in key
    assert json.loads(body)["errorCode"] == "Lambda.InvokeLimitExceeded"


def test_glue_out_of_reach_is_waited_for(checkpoints: Checkpoints):
    cloud = FakeCloud()
    cloud.glue.troubles = [unreachable()]
    what = delivery(buffer_seconds=0, conversion=Conversion("db", "gone"))

    shard = started(cloud, checkpoints, what, 1)
    until(lambda: bool(checkpoints.positions(what.reader)))
    shard.stop()

    [key] = cloud.s3.objects
    assert "format-conversion-failed/" in key
