from __future__ import annotations

import pytest

from deployment.workers.delivery.buffer import Buffer
from deployment.workers.delivery.settings import Transform
from tests.factories.workers.records import FUNCTION_ARN, delivery, row


def test_a_buffer_is_written_when_it_is_full_or_its_first_record_has_waited():
    buffer = Buffer(delivery(buffer_bytes=10, buffer_seconds=60))

    assert not buffer.is_flush_due(now=1000)
    buffer.add([row(1, data=b"x" * 6)], "1", now=100)
    assert not buffer.is_flush_due(now=159)
    assert buffer.is_flush_due(now=160)
    buffer.add([row(2, data=b"x" * 6)], "2", now=101)
    assert buffer.is_flush_due(now=101)
    assert (buffer.first_sequence, buffer.last_sequence) == (row(1).sequence, "2")


@pytest.mark.parametrize(("size", "now", "due"), [(3, 100, False), (4, 100, True), (1, 105, True)])
def test_the_function_gets_its_own_buffer_by_size_or_interval(size: int, now: float, due: bool):
    transform = Transform(FUNCTION_ARN, buffer_bytes=4, buffer_seconds=5)
    buffer = Buffer(delivery(transform=transform))
    buffer.add([row(1, data=b"x" * size)], "1", now=100)

    assert buffer.is_transform_due(now) is due
    buffer.add_transformed([], [])
    assert not buffer.is_transform_due(now)


def test_records_that_were_all_dropped_still_move_the_position():
    buffer = Buffer(delivery(transform=Transform(FUNCTION_ARN), buffer_seconds=1))
    buffer.add([row(1)], "1", now=100)
    buffer.add_transformed([], [])

    assert buffer.is_flush_due(now=101)
    assert buffer.last_sequence == "1"
