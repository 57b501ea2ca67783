from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployment.workers.mapping.batch import PAYLOAD_BYTES, count_in_batch, lane_of, remaining_window, write_event
from tests.factories.workers.records import SHARD, STREAM_ARN, entry


def test_a_record_reaches_the_function_as_the_developer_guide_shows_it():
    # Given a record
    written = entry(7, data=b"\x00\xff", arrived=1545084650.987)

    # When its event is written
    event = json.loads(write_event([written]))

    # Then it has the documented members
    assert event["Records"] == [
        {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "u-1",
                "sequenceNumber": f"{7:056d}",
                "data": base64.b64encode(b"\x00\xff").decode(),
                "approximateArrivalTimestamp": 1545084650.987,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{SHARD}:{7:056d}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::000000000000:role/forward",
            "awsRegion": "eu-central-1",
            "eventSourceARN": STREAM_ARN,
        }
    ]


@given(sizes=st.lists(st.integers(1, 3_000_000), max_size=60), batch_size=st.integers(1, 30))
def test_cut_batches_hold_all_records_in_order_within_both_limits(sizes: list[int], batch_size: int):
    waiting, batches = list(sizes), []
    while waiting:
        count = count_in_batch(waiting, batch_size)
        batches.append(waiting[:count])
        waiting = waiting[count:]

    assert [size for batch in batches for size in batch] == sizes
    assert all(1 <= len(batch) <= batch_size for batch in batches)
    assert all(sum(batch) + len(batch) <= PAYLOAD_BYTES for batch in batches if len(batch) > 1)


def test_a_payload_of_a_full_batch_is_within_the_limit():
    entries = [entry(number, data=b"x" * 100_000) for number in range(100)]

    count = count_in_batch([len(each.written) for each in entries], 100)

    assert count < 100
    assert len(write_event(entries[:count])) <= PAYLOAD_BYTES < len(write_event(entries[: count + 1]))


@pytest.mark.parametrize(
    ("waiting", "waiting_bytes", "waited", "expected"),
    [
        pytest.param(3, 300, 0.5, 1.5, id="the window is open"),
        pytest.param(3, 300, 2.5, -0.5, id="the window is over"),
        pytest.param(10, 300, 0.0, 0.0, id="the batch is full"),
        pytest.param(3, PAYLOAD_BYTES, 0.0, 0.0, id="the payload is full"),
    ],
)
def test_a_batch_goes_when_it_is_full_or_its_window_is_over(
    waiting: int, waiting_bytes: int, waited: float, expected: float
):
    assert remaining_window(waiting, waiting_bytes, waited, batch_size=10, window=2) == expected


@given(key=st.text(min_size=1), lanes=st.integers(1, 10))
def test_a_key_has_one_lane(key: str, lanes: int):
    assert 0 <= lane_of(key, lanes) < lanes
    assert lane_of(key, lanes) == lane_of(key, lanes)


def test_keys_are_spread_over_the_lanes():
    lanes = [lane_of(f"u-{number}", 4) for number in range(1000)]

    assert all(150 < lanes.count(lane) < 350 for lane in range(4))
