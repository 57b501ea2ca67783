"""The front door's own clients against the laptop's AWS."""

from __future__ import annotations

import gzip
import json
import time
from datetime import UTC, datetime

import pytest

from backend.collect import handler as entry
from backend.contract import deaggregate_records, is_aggregated
from tests.factories.lambda_events import CONTEXT, proxy_event
from tests.factories.records import event_fields, item_fields
from tests.fakes.emulator.functions import make_function

ACCEPTS_ANYTHING = "def handler(event, context):\n    return None\n"
NOW = datetime.now(UTC).isoformat(timespec="milliseconds")


@pytest.fixture(scope="module")
def cloud(shared_emulator):
    for bucket in ("bad-rows", "lake", "uploads"):
        shared_emulator.client("s3").create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
    shared_emulator.client("dynamodb").create_table(
        TableName="entities",
        KeySchema=[{"AttributeName": "entity", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "entity", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    shared_emulator.client("kinesis").create_stream(StreamName="events", ShardCount=2)
    return shared_emulator


@pytest.fixture(scope="module")
def function(cloud):
    """A function that accepts the invocation for an upload."""
    return make_function(cloud, ACCEPTS_ANYTHING)


@pytest.fixture
def handler(cloud, function, monkeypatch):
    """The function as Lambda would start it, its clients made by itself."""
    environment = {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "STREAM_NAME": "events",
        "BAD_ROWS_BUCKET": "bad-rows",
        "BAD_ROWS_QUEUE": "https://sqs/bad-rows",
        "LAKE_BUCKET": "lake",
        "UPLOADS_BUCKET": "uploads",
        "ENTITIES_TABLE": "entities",
        "USER_DAYS": "730",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    entry._dependencies.cache_clear()
    yield entry.handler
    entry._dependencies.cache_clear()


def _call(handler, body, resource="/events", method="POST", **path):
    context = {"requestId": f"request-{time.time_ns()}", "authorizer": {"producer": "server"}}
    request = {"requestContext": context, "pathParameters": path or None}
    response = handler(proxy_event(method, resource, body, **request), CONTEXT)
    return response["statusCode"], json.loads(response["body"])


def _stream_events(cloud):
    kinesis = cloud.client("kinesis")
    events = []
    for shard in kinesis.describe_stream(StreamName="events")["StreamDescription"]["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName="events", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        for record in kinesis.get_records(ShardIterator=iterator, Limit=10_000)["Records"]:
            data = record["Data"]
            events += [json.loads(event) for event in (deaggregate_records(data) if is_aggregated(data) else [data])]
    return [event["event_id"] for event in events]


def _event(event_id, **changes):
    return event_fields(event_id=event_id, timestamp=NOW, **changes)


def test_events_are_in_the_stream_and_refused_ones_in_the_bad_rows(handler, cloud):
    status, answer = _call(handler, [_event("w-1"), _event("w-2"), _event("w-3", user_id="other"), {"x": 1}])

    assert status == 202
    assert (answer["accepted"], answer["refused"]) == (3, 1)
    assert {"w-1", "w-2", "w-3"} <= set(_stream_events(cloud))
    listed = cloud.client("s3").list_objects_v2(Bucket="bad-rows", Prefix="collect/ingest_date=")
    assert listed["KeyCount"] == 1


def test_items_are_in_the_lake_and_in_the_table(handler, cloud):
    items = [item_fields(item_id=f"i-{number}") for number in range(60)]

    status, answer = _call(handler, {"kind": "items", "records": items}, "/update-data")

    assert (status, answer["accepted"]) == (202, 60)
    stored = cloud.client("dynamodb").get_item(TableName="entities", Key={"entity": {"S": "item#i-59"}})["Item"]
    assert json.loads(stored["attributes"]["S"]) == items[59]
    listed = cloud.client("s3").list_objects_v2(Bucket="lake", Prefix="raw/items/ingest_date=")
    assert listed["KeyCount"] == 1


def test_an_upload_is_processed_and_reported(handler, cloud):
    # Given
    lines = b"".join(json.dumps(_event(f"u-{number}")).encode() + b"\n" for number in range(700))
    cloud.client("s3").put_object(Bucket="uploads", Key="a/clicks.jsonl.gz", Body=gzip.compress(lines))

    # When
    body = {"kind": "interactions", "source": "s3://uploads/a/clicks.jsonl.gz"}
    status, answer = _call(handler, body, "/update-data")
    assert status == 202
    handler({"upload": answer["id"]}, CONTEXT)

    # Then
    status, report = _call(handler, None, "/update-data/{id}", "GET", id=answer["id"])
    assert (status, report["state"], report["accepted"]) == (200, "SUCCEEDED", 700)
    assert {f"u-{number}" for number in range(700)} <= set(_stream_events(cloud))


def test_an_unknown_upload_and_a_missing_object_are_404(handler):
    assert _call(handler, None, "/update-data/{id}", "GET", id="0" * 32)[0] == 404
    assert _call(handler, {"kind": "items", "source": "s3://uploads/none"}, "/update-data")[0] == 404


def test_an_object_that_changed_fails_its_upload(handler, cloud):
    # Given
    cloud.client("s3").put_object(Bucket="uploads", Key="b", Body=json.dumps(_event("b-1")).encode())
    _, answer = _call(handler, {"kind": "interactions", "source": "s3://uploads/b"}, "/update-data")

    # When
    cloud.client("s3").put_object(Bucket="uploads", Key="b", Body=json.dumps(_event("b-2")).encode())
    handler({"upload": answer["id"]}, CONTEXT)

    # Then
    _, report = _call(handler, None, "/update-data/{id}", "GET", id=answer["id"])
    assert report["state"] == "FAILED"
    assert "replaced" in report["cause"]
    assert "b-2" not in _stream_events(cloud)
