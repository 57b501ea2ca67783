"""Calls that tests make: send events, read answers, errors and exports, wait until a resource is gone."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from tests.contract.engine.running_engine import ROLE, until_settled
from tests.fakes.waiting import wait_until

NOT_FOUND = "ResourceNotFoundException"
MOMENT = datetime(2025, 10, 20, tzinfo=UTC)


def event(item: str | None = "item-1-1", **members: Any) -> dict[str, Any]:
    return {"eventType": "View", "sentAt": MOMENT, **({"itemId": item} if item else {}), **members}


def put_events(shop: Any, *events: dict[str, Any], user: str | None = None, session: str = "s") -> None:
    """Send events in one call, by default without a user."""
    request = {"trackingId": shop.tracking_id, "sessionId": session, "eventList": list(events)}
    shop.events.put_events(**request, **({"userId": user} if user else {}))


def send(shop: Any, user: str | None, items: list[str], session: str = "s", kind: str = "View") -> None:
    """Send an event for each item in a call of its own, one second apart."""
    for place, item in enumerate(items):
        moment = MOMENT + timedelta(seconds=place)
        put_events(shop, event(item, eventType=kind, sentAt=moment), user=user, session=session)


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


def create(control: Any, kind: str, *, may_fail: bool = False, **request: Any) -> dict[str, Any]:
    """Create a resource, such as a `solution_version`, and return what is described of it once it has settled."""
    name = _arn_in(getattr(control, f"create_{kind}")(**request))
    return until_settled(lambda: getattr(control, f"describe_{kind}")(**name), allowed_failure=may_fail)


def update(control: Any, kind: str, **request: Any) -> dict[str, Any]:
    """Update a resource and return what is described of it once the update has settled."""
    name = _arn_in(getattr(control, f"update_{kind}")(**request))

    def describe() -> dict[str, Any]:
        return dict(getattr(control, f"describe_{kind}")(**name)[kind])

    until_settled(lambda: describe()[f"latest{kind.capitalize()}Update"])
    return describe()


def delete(control: Any, kind: str, **name: str) -> None:
    """Delete a resource and wait until it does not exist any more."""
    getattr(control, f"delete_{kind}")(**name)
    until_gone(getattr(control, f"describe_{kind}"), **name)


def _arn_in(answer: dict[str, Any]) -> dict[str, str]:
    return {member: value for member, value in answer.items() if member.endswith("Arn")}


def until_gone(describe: Any, **name: Any) -> None:
    """Wait until a resource does not exist any more."""
    wait_until(lambda: outcome(describe, **name) == NOT_FOUND, 60, lambda: f"{name} still exists")


def export(shop, dataset, job, *, may_fail=False, path="s3://data/exports/", **request):
    """Return an export job once it has ended."""
    return create(
        shop.control,
        "dataset_export_job",
        may_fail=may_fail,
        jobName=job,
        datasetArn=shop.datasets[dataset],
        roleArn=ROLE,
        jobOutput={"s3DataDestination": {"path": path}},
        **request,
    )


def rows_of(shop, job):
    """Return the rows that an export job wrote."""
    return list(csv.DictReader(io.StringIO(shop.s3.get("data", f"exports/{job}.csv"))))
