"""Answers that AWS does not give, as boto3 reads them: nothing counts as stored that is not confirmed, and no 500."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from backend.collect.events import post_events
from backend.collect.update_data import post_update_data
from backend.http import UnavailableError
from backend.upload.requests import get_upload
from tests.factories.records import NOW, event_fields, item_fields
from tests.fakes.faults import client_error
from tests.fakes.functions.front_door import request
from tests.fakes.wire import Wire

WRONG = {
    "empty": b"",
    "empty object": b"{}",
    "null": b"null",
    "list": b"[1]",
    "HTML": b"<html><body>502 Bad Gateway</body></html>",
    "cut off": b'{"Records": [{"Sequ',
    "not UTF-8": b'{"Records": "\xff"}',
    "too few": {"FailedRecordCount": 0, "Records": [{"SequenceNumber": "1", "ShardId": "s"}]},
    "null entries": {"Records": [None, None], "UnprocessedItems": None},
    "entries without a number": {"Records": [{}, {}]},
    "strings": {"Records": ["ok", "ok"], "UnprocessedItems": "none"},
}
EVENTS = json.dumps([event_fields(), event_fields(user_id="u-2")]).encode()
ITEMS = json.dumps({"kind": "items", "records": [item_fields(), item_fields(item_id="i-2")]}).encode()


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_events_that_the_stream_does_not_confirm_are_retried(door, wrong):
    kinesis = Wire(PutRecords=wrong).client("kinesis")

    answered = post_events(request(EVENTS), _submission(door, kinesis=kinesis))

    assert (answered["statusCode"], json.loads(answered["body"])["retry"]) == (503, 2)
    assert door.counts["unaccounted"] == 0


@pytest.mark.parametrize("wrong", [wrong for name, wrong in WRONG.items() if name != "entries without a number"])
def test_items_that_the_table_does_not_confirm_are_retried(door, wrong):
    confirmed = {"ConsumedCapacity": {"TableName": "entities"}}
    dynamodb = Wire(TransactWriteItems=wrong, UpdateItem=confirmed).client("dynamodb")

    answered = post_update_data(request(ITEMS), _submission(door, dynamodb=dynamodb))

    assert answered["statusCode"] in {429, 503}
    assert json.loads(answered["body"])["retry"] == 2


@pytest.mark.parametrize("wrong", [b"", b"{}", b"null", b"<html></html>", b'{"MessageId": '])
def test_bad_rows_that_the_queue_does_not_confirm_are_lost(door, wrong):
    door.s3.faults["put_object"].always(client_error("SlowDown", 503))
    sqs = Wire(SendMessage=wrong).client("sqs")

    post_events(request(json.dumps(event_fields(user_id=3)).encode()), _submission(door, sqs=sqs))

    assert door.counts["bad_rows_lost"] == 1


def test_an_object_without_a_confirmation_of_s3_is_not_stored(door, monkeypatch):
    monkeypatch.setattr(door.s3, "put_object", lambda **_: {})

    answered = post_update_data(request(ITEMS), door.submission())

    assert (answered["statusCode"], json.loads(answered["body"])["retry"]) == (503, 2)


@pytest.mark.parametrize(
    "error", [KeyError("Records"), TypeError("no list"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "")]
)
def test_a_foreign_exception_of_the_stream_is_retried(door, error):
    door.kinesis.faults.plan([error])

    assert post_events(request(EVENTS), door.submission())["statusCode"] == 202


@pytest.mark.parametrize("wrong", [b"", b"{}", b"<html></html>", b'{"id": ', b"\xff"])
def test_a_report_that_cannot_be_read_is_503(door, wrong):
    uploads = replace(door.uploads, s3=Wire(GetObject=wrong).client("s3"))

    with pytest.raises(UnavailableError):
        get_upload(request(b"", resource="/update-data/{id}", id="0" * 32), uploads, NOW)


def _submission(door, **clients):
    return replace(door.submission(), dependencies=replace(door.dependencies, **clients))
