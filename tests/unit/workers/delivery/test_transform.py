from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployment.workers.delivery.transform import (
    PAYLOAD_BYTES,
    InvalidAnswerError,
    read_answer,
    split_batches,
    write_event,
)
from tests.factories.workers.records import ARRIVED, DELIVERY_ARN, SHARD, STREAM_ARN, delivery, row


def answers(*records: dict[str, Any]) -> bytes:
    return json.dumps({"records": records}).encode()


def answer(number: int = 1, **changes: Any) -> dict[str, Any]:
    data = base64.b64encode(b"new").decode()
    return {"recordId": row(number).record_id, "result": "Ok", "data": data, **changes}


def test_the_event_has_the_documented_members():
    event = json.loads(write_event([row(1)], "i-1", delivery(), SHARD, "eu-central-1"))

    milliseconds = round((ARRIVED + 1) * 1000)
    assert event == {
        "invocationId": "i-1",
        "deliveryStreamArn": DELIVERY_ARN,
        "sourceKinesisStreamArn": STREAM_ARN,
        "region": "eu-central-1",
        "records": [
            {
                "recordId": f"{1:056d}000000",
                "approximateArrivalTimestamp": milliseconds,
                "data": base64.b64encode(b'{"a":1}').decode(),
                "kinesisRecordMetadata": {
                    "sequenceNumber": f"{1:056d}",
                    "subsequenceNumber": 0,
                    "partitionKey": "u-1",
                    "shardId": SHARD,
                    "approximateArrivalTimestamp": milliseconds,
                },
            }
        ],
    }


def test_direct_puts_come_from_no_stream():
    event = json.loads(write_event([row(1)], "i-1", delivery(direct=True), SHARD, "eu-central-1"))

    assert "sourceKinesisStreamArn" not in event
    assert "kinesisRecordMetadata" not in event["records"][0]


def test_each_result_goes_its_way():
    payload = answers(
        answer(1), answer(2, result="Dropped", data=None), answer(3, result="ProcessingFailed"), answer(4, result="Yes")
    )

    delivered, failures, dropped = read_answer(payload, [row(number) for number in (1, 2, 3, 4)], 1, ARRIVED)

    assert [each.data for each in delivered] == [b"new"]
    assert delivered[0].sequence == row(1).sequence
    assert dropped == 1
    assert [(failure.row.sequence, failure.code) for failure in failures] == [
        (row(3).sequence, "Lambda.ProcessingFailedStatus"),
        (row(4).sequence, "Lambda.JsonProcessingException"),
    ]


def test_a_failure_keeps_the_bytes_that_came_in():
    _, failures, _ = read_answer(answers(answer(1, result="ProcessingFailed")), [row(1, data=b"old")], 1, ARRIVED)

    assert failures[0].row.data == b"old"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (answers(), "Lambda.MissingRecordId"),
        (answers(answer(1), answer(1)), "Lambda.DuplicatedRecordId"),
        (answers(answer(1, data="***")), "Lambda.JsonProcessingException"),
        (answers(answer(1, data=None)), "Lambda.JsonProcessingException"),
    ],
)
def test_a_record_that_is_not_answered_once_fails(payload: bytes, code: str):
    delivered, failures, dropped = read_answer(payload, [row(1)], 1, ARRIVED)

    assert (delivered, dropped) == ([], 0)
    assert [failure.code for failure in failures] == [code]


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b'{"records":{}}', b'{"records":[1]}', b'{"records":[{}]}'])
def test_a_response_without_the_status_model_is_invalid(payload: bytes):
    with pytest.raises(InvalidAnswerError):
        read_answer(payload, [row(1)], 1, ARRIVED)


@given(
    results=st.lists(st.sampled_from(["Ok", "Dropped", "ProcessingFailed", "Wrong", "missing", "twice"]), max_size=30)
)
def test_every_record_ends_in_exactly_one_place(results: list[str]):
    rows = [row(number) for number in range(len(results))]
    returned = []
    for number, result in enumerate(results):
        if result == "twice":
            returned += [answer(number), answer(number)]
        elif result != "missing":
            returned.append(answer(number, result=result))

    delivered, failures, dropped = read_answer(answers(*returned), rows, 1, ARRIVED)

    assert len(delivered) == results.count("Ok")
    assert dropped == results.count("Dropped")
    assert len(delivered) + len(failures) + dropped == len(rows)


@given(sizes=st.lists(st.integers(0, 2_000_000), max_size=20), buffer_bytes=st.integers(200_000, 3_000_000))
def test_batches_hold_all_records_in_order_and_within_the_payload(sizes: list[int], buffer_bytes: int):
    rows = [row(number, data=b"x" * size) for number, size in enumerate(sizes)]

    cut = list(split_batches(rows, buffer_bytes))

    assert [each for batch in cut for each in batch] == rows
    for batch in cut:
        assert len(batch) == 1 or sum(len(each.data) for each in batch) <= buffer_bytes


def test_many_small_records_stay_within_the_payload():
    rows = [row(number, data=b"x" * 10, partition_key="k" * 256) for number in range(20_000)]

    cut = list(split_batches(rows, 3_000_000))

    assert len(cut) > 1
    assert all(len(write_event(batch, "i" * 36, delivery(), SHARD, "eu-central-1")) <= PAYLOAD_BYTES for batch in cut)
