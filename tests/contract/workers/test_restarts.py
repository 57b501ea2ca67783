"""Nothing is lost whatever is killed."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from tests.fakes.emulator.deliveries import make_bucket, make_delivery_stream

if TYPE_CHECKING:
    from tests.fakes.emulator.workers import Laptop

COUNT = 400


def test_killed_workers_resume_at_their_positions(own_laptop: Laptop):
    # Given a mapping and a delivery in full swing
    stream, target = own_laptop.stream(shards=2), make_bucket(own_laptop)
    function = own_laptop.function("time.sleep(0.2)\nkeep()")
    own_laptop.mapping(stream, function, BatchSize=20)
    make_delivery_stream(own_laptop, target, stream)
    own_laptop.put(stream, [{"n": number} for number in range(COUNT)], key=lambda payload: str(payload["n"]))
    own_laptop.wait_until(lambda: own_laptop.events(function))

    # When the workers are killed, twice
    for _ in range(2):
        own_laptop.kill_workers()
        own_laptop.start_workers()
        time.sleep(1.5)

    # Then every record reaches the function, few of them twice, and the bucket has each once
    def all_arrived() -> bool:
        return numbers_of(own_laptop, function) == set(range(COUNT)) and delivered(own_laptop, target) >= COUNT

    own_laptop.wait_until(all_arrived, seconds=60)
    repeated = sum(len(batch) for batch in own_laptop.batches(function)) - COUNT
    assert repeated <= 2 * 2 * 20
    time.sleep(2.5)
    assert delivered(own_laptop, target) == COUNT


def test_a_killed_emulator_is_waited_for(own_laptop: Laptop):
    stream, target = own_laptop.stream(), make_bucket(own_laptop)
    function = own_laptop.function("time.sleep(0.2)\nkeep()")
    own_laptop.mapping(stream, function, BatchSize=20, MaximumRetryAttempts=0)
    make_delivery_stream(own_laptop, target, stream)
    own_laptop.put(stream, [{"n": number} for number in range(COUNT)])
    own_laptop.wait_until(lambda: own_laptop.events(function))

    own_laptop.emulator.kill()
    time.sleep(2)
    own_laptop.emulator.start()

    own_laptop.wait_until(lambda: numbers_of(own_laptop, function) == set(range(COUNT)), seconds=60)
    own_laptop.wait_until(lambda: delivered(own_laptop, target) >= COUNT)
    assert delivered(own_laptop, target) == COUNT


def test_sigterm_lets_the_invocation_in_flight_end(own_laptop: Laptop):
    # Given a function that stores its event at its start and at its end
    stream, function = own_laptop.stream(), own_laptop.function("keep()\ntime.sleep(2)\nkeep()")
    own_laptop.mapping(stream, function, BatchSize=1)
    own_laptop.put(stream, [{"n": 1}, {"n": 2}])
    own_laptop.wait_until(lambda: own_laptop.events(function))

    # When the workers are stopped in between
    assert own_laptop.stop_workers() == 0

    # Then the first invocation ends and is not repeated
    assert own_laptop.batches(function) == [[{"n": 1}], [{"n": 1}]]
    own_laptop.start_workers()
    own_laptop.wait_until(lambda: len(own_laptop.events(function)) == 4)
    assert own_laptop.batches(function) == [[{"n": 1}], [{"n": 1}], [{"n": 2}], [{"n": 2}]]


def numbers_of(laptop: Laptop, function: str) -> set[int]:
    return {payload["n"] for batch in laptop.batches(function) for payload in batch}


def delivered(laptop: Laptop, target: str) -> int:
    decoder, count = json.JSONDecoder(), 0
    for body in laptop.objects(target).values():
        text, at = body.decode(), 0
        while at < len(text):
            _, at = decoder.raw_decode(text, at)
            count += 1
    return count
