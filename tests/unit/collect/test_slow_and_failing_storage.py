"""Refused records survive a failing S3, and no request or upload outlasts its invocation however slow AWS is."""

from __future__ import annotations

import base64
import json
import random
from dataclasses import replace

import pytest

from backend.collect import handler as entry
from backend.collect.events import post_events
from backend.collect.records import resume_upload
from backend.collect.submission import STREAM_CALL_SECONDS
from backend.collect.update_data import post_update_data
from backend.http import BadRequestError
from backend.upload.report import CALL_SECONDS
from tests.factories.lambda_events import CONTEXT, proxy_event
from tests.factories.records import NOW, event_fields, event_json, item_fields
from tests.fakes.faults import Fault, server_error, timeout
from tests.fakes.functions.front_door import request

TIMEOUT_SECONDS = 28  # of infrastructure/functions.tf


def _payloads(door):
    return [base64.b64decode(row["payload"]) for row in door.bad_rows()]


@pytest.fixture
def handler(door, monkeypatch):
    dependencies = replace(door.dependencies, count=entry._count)
    monkeypatch.setattr(entry, "_dependencies", lambda: dependencies)
    return entry.handler


def test_bad_rows_that_s3_refuses_get_into_the_bucket_later(door, handler):
    # Given S3 that fails for a request with two refused events
    door.s3.faults["put_object"].always(server_error())
    refused = [event_json(user_id=3), event_json(user_id=4)]
    answered = handler(proxy_event("POST", "/events", [json.loads(event_json()), *map(json.loads, refused)]), CONTEXT)
    assert (answered["statusCode"], door.bad_rows()) == (202, [])
    event = door.queue.event()
    door.queue.finish(handler(event, CONTEXT))
    assert len(door.queue.messages) == 1

    # When S3 works again, and the message is delivered twice
    door.s3.faults["put_object"].always(None)
    handler(event, CONTEXT)
    door.queue.finish(handler(event, CONTEXT))

    assert [json.loads(payload) for payload in _payloads(door)] == [json.loads(payload) for payload in refused]
    assert door.queue.messages == {}


def test_an_object_that_s3_wrote_without_an_answer_is_written_again_under_its_name(door, handler):
    door.s3.faults["put_object"].always(Fault(after=timeout()))
    post_events(request(event_json(user_id=3)), door.submission())
    door.s3.faults["put_object"].always(None)

    handler(door.queue.event(), CONTEXT)

    assert len(door.bad_rows()) == 1


def test_bad_rows_of_any_size_fit_into_messages(door, handler):
    draw = random.Random(1)
    door.s3.faults["put_object"].always(server_error())
    bodies = [draw.randbytes(1_000_000), b"{" + b"x" * 1_000_000]
    for number, body in enumerate(bodies):
        with pytest.raises(BadRequestError):
            post_events(request(body), replace(door.submission(), object_name=f"body-{number}"))
    records = [item_fields(item_id=f"i-{n}", price=-1, description=draw.randbytes(9_000).hex()) for n in range(40)]
    post_update_data(request(json.dumps({"kind": "items", "records": records}).encode()), door.submission())
    door.s3.faults["put_object"].always(None)

    handler(door.queue.event(), CONTEXT)

    rows = door.bad_rows()
    pieces = [row for row in rows if "piece" in row["errors"][-1]["rule"]]
    assert b"".join(base64.b64decode(row["payload"]) for row in pieces) == bodies[0]
    assert [row["errors"][-1]["rule"][-20:] for row in pieces][-1] == "piece 8 of 8 of a record"[-20:]
    whole = [base64.b64decode(row["payload"]) for row in rows if row not in pieces]
    assert bodies[1] in whole
    assert {json.loads(payload)["item_id"] for payload in whole if payload != bodies[1]} == {
        f"i-{n}" for n in range(40)
    }


def test_a_refused_body_that_denies_consent_is_not_queued(door):
    door.s3.faults["put_object"].always(server_error())

    post_events(request(event_json(consent="denied", user_id=3)), door.submission())

    assert door.queue.messages == {}


def test_a_message_that_cannot_be_read_stays_in_the_queue(door, handler):
    door.queue.send_message(QueueUrl=door.queue.url, MessageBody="{}")

    door.queue.finish(handler(door.queue.event(), CONTEXT))

    assert len(door.queue.messages) == 1


def _slow(door):
    """Let every call take all of its timeouts and fail."""

    def wait(seconds):
        door.clock.now += seconds

    for faults in (*(door.s3.faults[name] for name in ("put_object", "get_object")), door.queue.faults):
        faults.always(timeout(), lambda: wait(CALL_SECONDS))
    door.functions.faults.always(timeout(), lambda: wait(CALL_SECONDS))
    door.dynamodb.faults["transact_write_items"].always(timeout(), lambda: wait(CALL_SECONDS))
    door.kinesis.faults.always(timeout(), lambda: wait(STREAM_CALL_SECONDS))


@pytest.mark.parametrize("kind", ["interactions", "items"])
def test_a_request_ends_in_time_however_slow_aws_is(door, kind):
    valid, refused = (event_fields(), event_fields(user_id=3)) if kind == "interactions" else (item_fields(), {})
    _slow(door)
    if kind == "items":
        door.s3.faults["put_object"].plan([None])  # the lake takes the items, and the table is slow
    records = [{**valid, "item_id": f"i-{n}"} for n in range(499)]
    body = json.dumps({"kind": kind, "records": [*records, refused]}).encode()

    answered = json.loads(post_update_data(request(body), door.submission(entry.REQUEST_SECONDS))["body"])

    assert (answered["retry"], answered["refused"]) == (499, 1)
    assert door.clock.now < TIMEOUT_SECONDS - 1


@pytest.mark.parametrize("kind", ["interactions", "items"])
def test_an_upload_ends_in_time_however_slow_aws_is(door, kind):
    valid, refused = (event_fields(), event_fields(user_id=3)) if kind == "interactions" else (item_fields(), {})
    records = [{**valid, "item_id": f"i-{n}"} for n in range(999)]
    door.s3.objects["uploads", "data"] = b"\n".join(json.dumps(record).encode() for record in [*records, refused])
    body = json.dumps({"kind": kind, "source": "s3://uploads/data"}).encode()
    upload_id = json.loads(post_update_data(request(body), door.submission())["body"])["id"]
    budget = TIMEOUT_SECONDS - entry.RESERVE_SECONDS
    assert budget > 5

    # When AWS becomes slow just before the invocation's time for storing is over
    began = door.clock.now
    deadline = door.clock.deadline(budget)
    calls = iter(range(1000))

    def become_slow():
        if next(calls) == 1:
            door.clock.now = began + budget - 0.001
            _slow(door)

    door.s3.faults["get_object"].always(None, become_slow)
    with pytest.raises(Exception, match=r"attempts|deadline"):
        resume_upload(upload_id, door.dependencies, deadline, lambda: NOW)

    assert door.clock.now - began < TIMEOUT_SECONDS
