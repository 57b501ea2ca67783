"""Calls that tests make: send events, read answers, errors and exports, wait until a resource is gone."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from tests.contract.engine.running_engine import ROLE, until_settled
from tests.fakes.waiting import wait_until

NOT_FOUND = "ResourceNotFoundException"
MOMENT = datetime(2025, 10, 20, tzinfo=UTC)


def send(shop, user, items, session="s", kind="View", **members):
    """Send an event for each item, one second apart."""
    for place, item in enumerate(items):
        moment = datetime.fromtimestamp(MOMENT.timestamp() + place, UTC)
        event = {"eventType": kind, "sentAt": moment, "itemId": item, **members}
        request = {"trackingId": shop.tracking_id, "sessionId": session, "eventList": [event]}
        shop.events.put_events(**request, **({"userId": user} if user else {}))


def ids(answer, member="itemList"):
    """Return the ids of the items of an answer."""
    return [item["itemId"] for item in answer[member]]


class Refusal(NamedTuple):
    """An error that the engine answers with; equal to a pair of its code and its message."""

    code: str
    message: str


def refusal(call: Any, *arguments: Any, **request: Any) -> Refusal:
    """Return the error that a call ends with."""
    error = _error_response(call, *arguments, **request)["Error"]
    return Refusal(error["Code"], error["Message"])


def refused_status(call: Any, *arguments: Any, **request: Any) -> int:
    """Return the HTTP status of the error that a call ends with."""
    return int(_error_response(call, *arguments, **request)["ResponseMetadata"]["HTTPStatusCode"])


def _error_response(call: Any, *arguments: Any, **request: Any) -> Any:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **request)
    return caught.value.response


def outcome(call: Any, **request: Any) -> str:
    """Return the name of the error that a call ends with, or an empty string where it succeeds."""
    try:
        call(**request)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def until_gone(describe: Any, **name: Any) -> None:
    """Wait until a resource does not exist any more."""
    wait_until(lambda: outcome(describe, **name) == NOT_FOUND, 60, lambda: f"{name} still exists")


def export(shop, dataset, job, *, may_fail=False, path="s3://data/exports/", **request):
    """Return an export job once it has ended."""
    arn = shop.control.create_dataset_export_job(
        jobName=job,
        datasetArn=shop.datasets[dataset],
        roleArn=ROLE,
        jobOutput={"s3DataDestination": {"path": path}},
        **request,
    )["datasetExportJobArn"]
    return until_settled(
        lambda: shop.control.describe_dataset_export_job(datasetExportJobArn=arn), allowed_failure=may_fail
    )


def rows_of(shop, job):
    """Return the rows that an export job wrote."""
    return list(csv.DictReader(io.StringIO(shop.s3.get("data", f"exports/{job}.csv"))))
