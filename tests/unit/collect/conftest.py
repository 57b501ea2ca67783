"""A front door on fakes."""

# ruff: noqa: N803 - the argument names are those of the AWS client

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from backend.collect.services import Patience, Services
from backend.contract import is_aggregated, unpack
from backend.http import Request
from tests.fakes.buckets import FakeS3
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.kinesis import FakeKinesis


class FakeFunctions:
    """Lambda's Invoke, asynchronous: remembers what it was asked to run."""

    def __init__(self) -> None:
        self.invoked: list[dict[str, Any]] = []

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:
        assert (FunctionName, InvocationType) == ("collect", "Event")
        self.invoked.append(json.loads(Payload))
        return {"StatusCode": 202}


class FakeClock:
    """Seconds that pass only when someone waits, or when told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Door:
    """What the tests reach for: the fakes, the services made of them, and what was counted."""

    def __init__(self) -> None:
        self.kinesis = FakeKinesis()
        self.s3 = FakeS3("bad-rows", "lake", "uploads")
        self.dynamodb = FakeDynamoDB({"entities": ("entity",)})
        self.functions = FakeFunctions()
        self.clock = FakeClock()
        self.counts: Counter[str] = Counter()
        self.services = Services(
            kinesis=self.kinesis,  # type: ignore[arg-type]
            s3=self.s3,  # type: ignore[arg-type]
            dynamodb=self.dynamodb,  # type: ignore[arg-type]
            functions=self.functions,  # type: ignore[arg-type]
            stream="events",
            bad_rows_bucket="bad-rows",
            lake_bucket="lake",
            uploads_bucket="uploads",
            entities_table="entities",
            function_name="collect",
            count=self._count,
        )

    def patience(self, seconds: float = 5.0) -> Patience:
        return Patience(self.clock.now + seconds, self.clock, self.clock.sleep)

    def in_the_stream(self) -> list[dict[str, Any]]:
        return [
            json.loads(event)
            for _, data in self.kinesis.records
            for event in (unpack(data) if is_aggregated(data) else [data])
        ]

    def bad_rows(self) -> list[dict[str, Any]]:
        return [
            json.loads(line)
            for key in self.s3.keys("bad-rows")
            for line in self.s3.objects["bad-rows", key].splitlines()
        ]

    def _count(self, name: str, by: int) -> None:
        self.counts[name] += by


@pytest.fixture
def door() -> Door:
    return Door()


def request(body: bytes, headers: dict[str, str] | None = None, resource: str = "/events", **path: str) -> Request:
    return Request(
        method="POST" if not path else "GET",
        resource=resource,
        path_parameters=path,
        query={},
        headers=headers or {},
        body=body,
        request_id="request-1",
    )
