"""Calls that tests make: send events, read answers, errors and exports, wait until a resource is gone."""

from __future__ import annotations

import csv
import io
import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from tests.contract.engine.running_engine import ROLE, until_settled

NOT_FOUND = "ResourceNotFoundException"
MOMENT = datetime(2025, 10, 20, tzinfo=UTC)


def send(shop, user, items, session="s", kind="View", **event):
    for place, item in enumerate(items):
        moment = datetime.fromtimestamp(MOMENT.timestamp() + place, UTC)
        one = {"eventType": kind, "sentAt": moment, "itemId": item, **event}
        request = {"trackingId": shop.tracking_id, "sessionId": session, "eventList": [one]}
        shop.events.put_events(**request, **({"userId": user} if user else {}))


def ids(answer, member="itemList"):
    return [one["itemId"] for one in answer[member]]


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
    """Return the name of the error that a call ends with, or nothing where it is done."""
    try:
        call(**request)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def until_gone(describe: Any, **name: Any) -> None:
    """Wait until something is not there any more."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            describe(**name)
        except ClientError as error:
            if error.response["Error"]["Code"] == NOT_FOUND:
                return
            raise
        time.sleep(0.01)
    raise AssertionError(f"{name} is still there")


def export(shop, dataset, job, *, may_fail=False, path="s3://data/exports/", **request):
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
    return list(csv.DictReader(io.StringIO(shop.s3.get("data", f"exports/{job}.csv"))))
