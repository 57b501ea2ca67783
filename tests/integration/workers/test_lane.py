"""A lane of a mapping, with clients that fail at times."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from deployment.workers.mapping.lane import Lane
from tests.factories.workers.records import SHARD, entry, mapping
from tests.fakes.waiting import wait_until
from tests.fakes.worker_clients import FakeClients, client_error, unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "arn:aws:s3:::bad"


class Running:
    """A running lane and the sequence numbers that it has finished."""

    def __init__(self, clients: FakeClients, **settings: Any) -> None:
        self.done: list[str] = []
        self.stop = threading.Event()
        self.lane = Lane(cast("Any", clients), mapping(**settings), SHARD, self.stop, self.done.extend)
        self.lane.thread.start()


@pytest.fixture
def clients() -> FakeClients:
    return FakeClients()


@pytest.fixture
def lanes() -> Iterator[list[Running]]:
    running: list[Running] = []
    yield running
    for each in running:
        each.stop.set()
        each.lane.wake()
        each.lane.thread.join()


def run(lanes: list[Running], clients: FakeClients, count: int, **settings: Any) -> Running:
    running = Running(clients, batch_size=count, window_seconds=5, **settings)
    lanes.append(running)
    running.lane.put([entry(number) for number in range(count)])
    return running


def sequences(*numbers: int) -> list[str]:
    return [f"{number:056d}" for number in numbers]


def fail(_event: dict[str, Any]) -> None:
    raise ValueError("poison")


@pytest.mark.parametrize(
    "trouble",
    [
        unreachable(),
        client_error("Invoke", "TooManyRequestsException", 429),
        client_error("Invoke", "ResourceNotFoundException", 404),
    ],
)
def test_what_is_not_the_records_fault_uses_no_retry(lanes: list[Running], clients: FakeClients, trouble: Exception):
    clients.functions.faults = [trouble, trouble]

    running = run(lanes, clients, 3, maximum_retries=0)

    wait_until(lambda: running.done == sequences(0, 1, 2))
    assert len(clients.functions.events) == 1


def test_a_batch_is_finished_only_when_its_destination_has_the_record(lanes: list[Running], clients: FakeClients):
    # Given a destination that is out of reach at first
    clients.functions.handler = fail
    clients.s3.faults = [unreachable(), unreachable()]

    running = run(lanes, clients, 2, maximum_retries=1, failure_destination=BUCKET)

    wait_until(lambda: running.done == sequences(0, 1))
    [body] = clients.s3.objects.values()
    assert json.loads(body)["requestContext"]["approximateInvokeCount"] == 2
    assert len(json.loads(json.loads(body)["payload"])["Records"]) == 2


def test_a_failing_destination_does_not_block_the_shard(lanes: list[Running], clients: FakeClients):
    clients.functions.handler = fail
    clients.s3.faults = [client_error("PutObject", "NoSuchBucket", 404)]

    running = run(lanes, clients, 1, maximum_retries=0, failure_destination=BUCKET)

    wait_until(lambda: running.done == sequences(0))


def test_one_record_above_the_payload_limit_counts_as_failed(lanes: list[Running], clients: FakeClients):
    clients.functions.faults = [client_error("Invoke", "RequestTooLargeException", 413)]

    running = run(lanes, clients, 1, maximum_retries=0, failure_destination=BUCKET)

    wait_until(lambda: running.done == sequences(0))
    [body] = clients.s3.objects.values()
    assert json.loads(body)["requestContext"]["condition"] == "RetryAttemptsExhausted"


def test_a_stopped_lane_discards_nothing(lanes: list[Running], clients: FakeClients):
    clients.functions.handler = fail
    running = run(lanes, clients, 1)
    wait_until(lambda: len(clients.functions.events) > 1)

    running.stop.set()
    running.lane.thread.join(5)

    assert running.done == []
