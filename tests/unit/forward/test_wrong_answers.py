"""Answers that AWS does not give, as boto3 reads them: the batch is retried or continues, and no invocation fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.forward.tracking_id import TrackingId
from tests.factories.lambda_events import kinesis_record
from tests.factories.records import numbered_event
from tests.fakes.functions.forwarder import Forwarder
from tests.fakes.wire import Wire

WRONG = [b"", b"{}", b"null", b"[1]", b"<html></html>", b'{"Parameter": {"Va', b'{"Parameter": "\xff"}']
RECORDS = [kinesis_record(n, numbered_event(n)) for n in range(2)]


def _with_client(operation, service, wrong):
    forwarder = Forwarder()
    client = Wire(**{operation: wrong}).client(service)
    return forwarder, client


@pytest.mark.parametrize("wrong", WRONG)
def test_events_wait_while_the_tracking_id_cannot_be_read(wrong):
    forwarder, client = _with_client("GetParameter", "ssm", wrong)
    tracking_id = TrackingId(client, "p", forwarder.clock)
    forwarder.dependencies = replace(forwarder.dependencies, tracking_id=tracking_id)

    outcome = forwarder.forward(*RECORDS)

    assert (outcome.retried, outcome.first_failed) == (2, RECORDS[0]["kinesis"]["sequenceNumber"])


@pytest.mark.parametrize("wrong", WRONG)
def test_events_are_retried_while_the_history_is_not_confirmed(wrong):
    forwarder, client = _with_client("BatchWriteItem", "dynamodb", wrong)
    forwarder.dependencies = replace(forwarder.dependencies, dynamodb=client)

    outcome = forwarder.forward(*RECORDS)

    assert (outcome.retried, outcome.first_failed) == (2, RECORDS[0]["kinesis"]["sequenceNumber"])


@pytest.mark.parametrize("wrong", [*WRONG, {"Responses": {"history": [None]}}, {"Responses": {"history": [{}]}}])
def test_what_an_unreadable_history_may_have_is_sent_again(wrong, monkeypatch):
    forwarder, client = _with_client("BatchGetItem", "dynamodb", wrong)
    monkeypatch.setattr(forwarder.dynamodb, "batch_get_item", client.batch_get_item)
    forwarder.clock.now = 3600.0  # the records are old enough to have been delivered before

    outcome = forwarder.forward(*RECORDS)

    assert (outcome.forwarded, outcome.retried) == (2, 0)


def test_a_tracker_that_answers_with_a_foreign_exception_is_retried():
    forwarder = Forwarder()
    forwarder.tracker.faults.plan([KeyError("itemList")])

    assert forwarder.forward(*RECORDS).forwarded == 2


def test_bad_rows_that_s3_does_not_confirm_are_retried(monkeypatch):
    forwarder = Forwarder()
    monkeypatch.setattr(forwarder.s3, "put_object", lambda **_: {})

    outcome = forwarder.forward(kinesis_record(0, b"}"))

    assert (outcome.bad, outcome.retried) == (0, 1)
