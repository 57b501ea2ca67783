"""aws-kinesis-agg reads our aggregates, we read its own, a damaged one is refused; events are grouped by user."""

from __future__ import annotations

import base64
import hashlib

import pytest
from aws_kinesis_agg import deaggregator
from aws_kinesis_agg.aggregator import RecordAggregator
from hypothesis import given
from hypothesis import strategies as st

from backend.contract import (
    MalformedAggregateError,
    aggregate_records,
    deaggregate_records,
    group_events,
    is_aggregated,
)
from backend.contract.aggregate import MAX_AGGREGATE_BYTES

keys = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
records = st.lists(st.tuples(keys, st.binary(max_size=200)), min_size=1, max_size=20)


def _as_lambda_record(data):
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "sequenceNumber": "1",
            "approximateArrivalTimestamp": 1.0,
            "partitionKey": "p",
            "data": base64.b64encode(data).decode(),
        }
    }


@given(records)
def test_the_oracle_reads_our_aggregates(given_records):
    packed = aggregate_records(given_records)

    assert is_aggregated(packed)
    assert deaggregate_records(packed) == [data for _, data in given_records]
    read = [record["kinesis"] for record in deaggregator.deaggregate_records([_as_lambda_record(packed)])]
    assert [(record["partitionKey"], base64.b64decode(record["data"])) for record in read] == given_records


@given(records)
def test_aggregates_of_the_oracle_are_read(given_records):
    aggregator = RecordAggregator()
    for key, data in given_records:
        aggregator.add_user_record(key, data)
    _, _, packed = aggregator.clear_and_get().get_contents()

    assert deaggregate_records(packed) == [data for _, data in given_records]


@given(records, st.data())
def test_a_truncated_aggregate_is_malformed(given_records, data):
    packed = aggregate_records(given_records)
    length = data.draw(st.integers(0, len(packed) - 1))

    with pytest.raises(MalformedAggregateError):
        deaggregate_records(packed[:length])


@given(records, st.data())
def test_an_aggregate_with_one_bit_changed_is_malformed(given_records, data):
    packed = bytearray(aggregate_records(given_records))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(MalformedAggregateError):
        deaggregate_records(bytes(packed))


@pytest.mark.parametrize(
    "body",
    [
        b"\x0a",  # a length is missing
        b"\x0a\x01k\x1a\x02\x08\x00",  # a record without its required data
        b"\x1a\x05\x08\x01\x1a\x01x",  # a record whose partition key is not in the table
    ],
)
def test_a_malformed_message_with_a_correct_digest_is_malformed(body):
    packed = b"\xf3\x89\x9a\xc2" + body + hashlib.md5(body).digest()

    with pytest.raises(MalformedAggregateError):
        deaggregate_records(packed)


@pytest.mark.parametrize("refused", [[], [("", b"x")]])
def test_no_records_and_an_empty_key_are_refused(refused):
    with pytest.raises(ValueError, match=r"aggregate|partition key"):
        aggregate_records(refused)


events_of_users = st.lists(
    st.tuples(st.sampled_from(["a", "b", "é" * 256]), st.integers(1, 11_000).map(lambda size: b"{" * size)), max_size=60
)


@given(events_of_users)
def test_a_users_events_stay_together_in_order_and_within_the_limits(given_events):
    records = group_events((position, user, data) for position, (user, data) in enumerate(given_events))

    found: dict[str, list[tuple[int, bytes]]] = {}
    for record in records:
        held = deaggregate_records(record.data) if is_aggregated(record.data) else [record.data]
        assert len(held) == len(record.positions)
        assert len(held) == 1 or len(record.data) <= MAX_AGGREGATE_BYTES + 1_024 + 64
        found.setdefault(record.partition_key, []).extend(zip(record.positions, held, strict=True))
    expected: dict[str, list[tuple[int, bytes]]] = {}
    for position, (user, data) in enumerate(given_events):
        expected.setdefault(user, []).append((position, data))
    assert found == expected


def test_events_that_fit_are_one_aggregate_and_a_single_event_is_plain():
    records = group_events([(0, "a", b"{}"), (1, "b", b"{}"), (2, "a", b"{}")])

    assert [(record.partition_key, record.positions, is_aggregated(record.data)) for record in records] == [
        ("a", (0, 2), True),
        ("b", (1,), False),
    ]


def test_events_beyond_the_limit_are_split_into_several_aggregates():
    # Given half a megabyte of one user's events
    given_events = [(position, "a", b"x" * 10_000) for position in range(50)]

    records = group_events(given_events)

    assert len(records) == 6
    assert all(len(record.data) <= MAX_AGGREGATE_BYTES for record in records)
    assert [position for record in records for position in record.positions] == list(range(50))
