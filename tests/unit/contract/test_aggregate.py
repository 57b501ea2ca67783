"""aws-kinesis-agg reads our aggregates and we read its own; a damaged aggregate is refused."""

from __future__ import annotations

import base64
import hashlib

import pytest
from aws_kinesis_agg import deaggregator
from aws_kinesis_agg.aggregator import RecordAggregator
from hypothesis import given
from hypothesis import strategies as st

from backend.contract import MalformedAggregateError, aggregate_records, deaggregate_records, is_aggregated

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
