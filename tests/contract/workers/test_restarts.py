"""Nothing is lost whatever is killed."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from tests.contract.workers.test_deliveries import bucket, deliver

if TYPE_CHECKING:
    from tests.contract.workers.conftest import Carried

COUNT = 400


def test_killed_workers_go_on_where_they_were(own_carried: Carried):
    # Given a mapping and a delivery in full swing
    stream, target = own_carried.stream(shards=2), bucket(own_carried)
    function = own_carried.function("time.sleep(0.2)\nkeep()")
    own_carried.mapping(stream, function, BatchSize=20)
    deliver(own_carried, target, stream)
    own_carried.put(stream, [{"n": number} for number in range(COUNT)], key=lambda payload: str(payload["n"]))
    own_carried.until(lambda: own_carried.events(function))

    # When the workers are killed, twice
    for _ in range(2):
        own_carried.kill_workers()
        own_carried.start_workers()
        time.sleep(1.5)

    # Then every record reaches the function, few of them twice, and the bucket has each once
    def everything_came() -> bool:
        return numbers_of(own_carried, function) == set(range(COUNT)) and delivered(own_carried, target) >= COUNT

    own_carried.until(everything_came, seconds=60)
    repeated = sum(len(batch) for batch in own_carried.batches(function)) - COUNT
    assert repeated <= 2 * 2 * 20
    time.sleep(2.5)
    assert delivered(own_carried, target) == COUNT


def test_a_killed_emulator_is_waited_for(own_carried: Carried):
    stream, target = own_carried.stream(), bucket(own_carried)
    function = own_carried.function("time.sleep(0.2)\nkeep()")
    own_carried.mapping(stream, function, BatchSize=20, MaximumRetryAttempts=0)
    deliver(own_carried, target, stream)
    own_carried.put(stream, [{"n": number} for number in range(COUNT)])
    own_carried.until(lambda: own_carried.events(function))

    own_carried.emulator.kill()
    time.sleep(2)
    own_carried.emulator.start()

    own_carried.until(lambda: numbers_of(own_carried, function) == set(range(COUNT)), seconds=60)
    own_carried.until(lambda: delivered(own_carried, target) >= COUNT)
    assert delivered(own_carried, target) == COUNT


def test_sigterm_lets_the_invocation_in_flight_end(own_carried: Carried):
    # Given a function that says when it begins and when it ends
    stream, function = own_carried.stream(), own_carried.function("keep()\ntime.sleep(2)\nkeep()")
    own_carried.mapping(stream, function, BatchSize=1)
    own_carried.put(stream, [{"n": 1}, {"n": 2}])
    own_carried.until(lambda: own_carried.events(function))

    # When the workers are stopped in between
    assert own_carried.stop_workers() == 0

    # Then the first is seen through and not given to the function again
    assert own_carried.batches(function) == [[{"n": 1}], [{"n": 1}]]
    own_carried.start_workers()
    own_carried.until(lambda: len(own_carried.events(function)) == 4)
    assert own_carried.batches(function) == [[{"n": 1}], [{"n": 1}], [{"n": 2}], [{"n": 2}]]


def numbers_of(carried: Carried, function: str) -> set[int]:
    return {payload["n"] for batch in carried.batches(function) for payload in batch}


def delivered(carried: Carried, target: str) -> int:
    decoder, count = json.JSONDecoder(), 0
    for body in carried.objects(target).values():
        text, at = body.decode(), 0
        while at < len(text):
            _, at = decoder.raw_decode(text, at)
            count += 1
    return count
