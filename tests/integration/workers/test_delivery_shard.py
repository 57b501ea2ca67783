"""A delivery's position and its objects, with clients that fail at times."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from deployment.workers.checkpoints import Checkpoints
from deployment.workers.delivery.consumer import DeliveryShard
from deployment.workers.delivery.settings import Conversion, Delivery, Transform
from tests.factories.workers.records import FUNCTION_ARN, SHARD, delivery, record
from tests.fakes.waiting import wait_until
from tests.fakes.worker_clients import FakeClients, FakeReader, client_error, unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def checkpoints(tmp_path: Path) -> Iterator[Checkpoints]:
    opened = Checkpoints(tmp_path / "positions.sqlite3")
    yield opened
    opened.close()


def started(clients: FakeClients, checkpoints: Checkpoints, what: Delivery, *numbers: int) -> DeliveryShard:
    pages = [[record(number, data=json.dumps({"n": number}).encode()) for number in numbers]]
    shard = DeliveryShard(cast("Any", clients), checkpoints, what, SHARD, cast("Any", FakeReader(pages)))
    shard.start()
    return shard


def test_the_position_waits_for_the_objects(checkpoints: Checkpoints):
    # Given a bucket that is out of reach, then gone, then there
    what, clients = delivery(buffer_seconds=0), FakeClients()
    clients.s3.faults = [unreachable(), client_error("PutObject", "NoSuchBucket", 404)]
    seen: list[dict[str, str]] = []
    put = clients.s3.put_object

    def put_and_look(**arguments: Any) -> None:
        seen.append(checkpoints.positions(what.reader))
        put(**arguments)

    clients.s3.put_object = put_and_look  # type: ignore[method-assign]

    # When a flush is due
    shard = started(clients, checkpoints, what, 1, 2)
    wait_until(lambda: bool(checkpoints.positions(what.reader)))
    shard.stop()

    # Then the position moved only after the put that succeeded
    assert seen == [{}, {}, {}]
    assert list(clients.s3.objects.values()) == [b'{"n": 1}{"n": 2}']
    assert checkpoints.positions(what.reader) == {SHARD: f"{2:056d}"}


def test_a_flush_repeated_after_a_crash_overwrites_its_object(checkpoints: Checkpoints, tmp_path: Path):
    # Given a flush whose position was lost
    what, clients = delivery(buffer_seconds=0), FakeClients()
    shard = started(clients, checkpoints, what, 1, 2)
    wait_until(lambda: bool(checkpoints.positions(what.reader)))
    shard.stop()
    forgotten = Checkpoints(tmp_path / "other.sqlite3")

    # When it is repeated with more records behind it
    repeated = started(clients, forgotten, what, 1, 2, 3)
    wait_until(lambda: bool(forgotten.positions(what.reader)))
    repeated.stop()
    forgotten.close()

    # Then there is one object, with each record once
    assert list(clients.s3.objects.values()) == [b'{"n": 1}{"n": 2}{"n": 3}']


def test_stopping_leaves_what_is_buffered_for_the_next_start(checkpoints: Checkpoints):
    what, clients = delivery(buffer_seconds=900), FakeClients()
    shard = started(clients, checkpoints, what, 1)

    shard.stop()
    wait_until(lambda: not shard.is_alive)

    assert clients.s3.objects == {}
    assert checkpoints.positions(what.reader) == {}


def test_a_connection_error_does_not_count_as_an_attempt_of_the_transform(checkpoints: Checkpoints):
    # Given no retries, and a function that is out of reach at first
    clients = FakeClients()
    clients.functions.faults = [unreachable()]
    clients.functions.handler = lambda event: {
        "records": [
            {"recordId": each["recordId"], "result": "Ok", "data": base64.b64encode(b"new").decode()}
            for each in event["records"]
        ]
    }
    what = delivery(buffer_seconds=0, transform=Transform(FUNCTION_ARN, retries=0))

    shard = started(clients, checkpoints, what, 1, 2)
    wait_until(lambda: bool(checkpoints.positions(what.reader)))
    shard.stop()

    assert list(clients.s3.objects.values()) == [b"newnew"]


def test_a_throttled_transform_is_an_attempt_and_its_records_are_put_aside(checkpoints: Checkpoints):
    clients = FakeClients()
    clients.functions.faults = [client_error("Invoke", "TooManyRequestsException", 429)]
    what = delivery(buffer_seconds=0, transform=Transform(FUNCTION_ARN, retries=0))

    shard = started(clients, checkpoints, what, 1)
    wait_until(lambda: bool(checkpoints.positions(what.reader)))
    shard.stop()

    [(key, body)] = clients.s3.objects.items()
    assert "processing-failed/" in key
    assert json.loads(body)["errorCode"] == "Lambda.InvokeLimitExceeded"


def test_glue_out_of_reach_is_waited_for(checkpoints: Checkpoints):
    clients = FakeClients()
    clients.glue.faults = [unreachable()]
    what = delivery(buffer_seconds=0, conversion=Conversion("db", "gone"))

    shard = started(clients, checkpoints, what, 1)
    wait_until(lambda: bool(checkpoints.positions(what.reader)))
    shard.stop()

    [key] = clients.s3.objects
    assert "format-conversion-failed/" in key
