"""The function collect on fakes."""

# ruff: noqa: N803 - the argument names are those of the AWS client

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from backend.aws.deadline import Deadline
from backend.collect.records import resume_upload
from backend.collect.submission import CollectDependencies, Submission
from backend.collect.update_data import post_update_data
from backend.contract import deaggregate_records, is_aggregated
from backend.contract.products import CATEGORIES, CATEGORY_SETS
from backend.http import Request
from backend.upload.report import UploadDependencies
from backend.upload.requests import get_upload
from tests.factories.records import NOW
from tests.fakes.buckets import FakeS3
from tests.fakes.clock import FakeClock
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.faults import Faults, played
from tests.fakes.functions.queue import FakeQueue
from tests.fakes.kinesis import FakeKinesis

if TYPE_CHECKING:
    from collections.abc import Callable


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

    def ask(self, source: str = "s3://uploads/data", kind: str = "interactions", now: Any = NOW) -> str:
        """Request that an object is processed, and return the id of the upload."""
        body = json.dumps({"kind": kind, "source": source}).encode()
        response = post_update_data(request(body), self.submission(now=now))
        assert response["statusCode"] == 202
        upload_id: str = json.loads(response["body"])["id"]
        return upload_id

    def upload(self, body: bytes, kind: str = "interactions") -> str:
        self.s3.objects["uploads", "data"] = body
        return self.ask(kind=kind)

    def resume(self, upload_id: str, deadline: Deadline | float = 5.0, now: Any = NOW) -> None:
        until = deadline if isinstance(deadline, Deadline) else self.clock.deadline(deadline)
        resume_upload(upload_id, self.dependencies, until, lambda: now)

    def process(self, deadline: Callable[[], Deadline] | float = 60.0, limit: int = 200) -> int:
        """Run every requested invocation, each until that time or for as many seconds, and return their number."""
        for count in range(limit):
            if not self.functions.invoked:
                return count
            self.resume(self.functions.invoked.pop(0)["upload"], deadline() if callable(deadline) else deadline)
        raise AssertionError("it does not end")

    def report(self, upload_id: str, now: Any = NOW) -> dict[str, Any]:
        answered = get_upload(request(b"", resource="/update-data/{id}", id=upload_id), self.uploads, now)
        report: dict[str, Any] = json.loads(answered["body"])
        return report

    def stream_events(self) -> list[dict[str, Any]]:
        return [
            json.loads(event)
            for _, data in self.kinesis.records
            for event in (deaggregate_records(data) if is_aggregated(data) else [data])
        ]

    def entities(self) -> list[dict[str, Any]]:
        """Return the rows of items and users, in the order in which they were first written."""
        return [row for (key,), row in self.dynamodb.items["entities"].items() if key not in CATEGORY_SETS]

    def categories(self) -> set[str]:
        rows = (self.dynamodb.items["entities"].get((key,)) for key in CATEGORY_SETS)
        return {category for row in rows if row for category in row[CATEGORIES]["SS"]}

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
