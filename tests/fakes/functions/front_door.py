"""The function collect on fakes."""

# ruff: noqa: N803 - the argument names are those of the AWS client

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from backend.collect.submission import CollectDependencies, Submission
from backend.contract import deaggregate_records, is_aggregated
from backend.http import Request
from backend.upload.report import UploadDependencies
from tests.factories.records import NOW
from tests.fakes.buckets import FakeS3
from tests.fakes.clock import FakeClock
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.faults import Faults, played
from tests.fakes.functions.queue import FakeQueue
from tests.fakes.kinesis import FakeKinesis


class FakeLambda:
    """Lambda's asynchronous Invoke: stores the payloads."""

    def __init__(self) -> None:
        self.invoked: list[dict[str, Any]] = []
        self.faults = Faults()

    @played
    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:
        assert (FunctionName, InvocationType) == ("collect", "Event")
        self.invoked.append(json.loads(Payload))
        return {"StatusCode": 202}


class FrontDoor:
    """The fakes, the dependencies made of them, and the metrics."""

    def __init__(self) -> None:
        self.kinesis = FakeKinesis()
        self.s3 = FakeS3("bad-rows", "lake", "uploads")
        self.dynamodb = FakeDynamoDB({"entities": ("entity",)})
        self.functions = FakeLambda()
        self.queue = FakeQueue()
        self.clock = FakeClock()
        self.counts: Counter[str] = Counter()
        fakes: Any = self
        self.uploads = UploadDependencies(fakes.s3, fakes.functions, "uploads", "collect")
        self.dependencies = CollectDependencies(
            kinesis=fakes.kinesis,
            s3=fakes.s3,
            dynamodb=fakes.dynamodb,
            stream="events",
            bad_rows_bucket="bad-rows",
            sqs=fakes.queue,
            bad_rows_queue=self.queue.url,
            lake_bucket="lake",
            entities_table="entities",
            user_days=730,
            uploads=self.uploads,
            count=self._count,
        )

    def submission(self, seconds: float = 5.0, now: Any = NOW) -> Submission:
        return Submission(self.dependencies, self.clock.deadline(seconds), "request-1", now)

    def stream_events(self) -> list[dict[str, Any]]:
        return [
            json.loads(event)
            for _, data in self.kinesis.records
            for event in (deaggregate_records(data) if is_aggregated(data) else [data])
        ]

    def bad_rows(self) -> list[dict[str, Any]]:
        return self.s3.json_lines("bad-rows")

    def _count(self, name: str, by: int) -> None:
        self.counts[name] += by


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
