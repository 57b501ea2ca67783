"""The popular items by fact are read from S3, and again only where the object has changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from backend.aws.deadline import Deadline
from backend.recommend.visitors.fact_lists import FRESH_SECONDS, KEY, RETRY_SECONDS, FactLists

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator

BUCKET = "lists-by-fact"


def test_an_object_is_read_once_until_it_changes(shared_emulator: Emulator):
    s3 = shared_emulator.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    statuses: list[int] = []
    s3.meta.events.register(
        "after-call.s3.GetObject", lambda http_response, **_: statuses.append(http_response.status_code)
    )
    moment = 0.0
    lists = FactLists(lambda: s3, BUCKET, lambda: moment)

    def read(after: float) -> Any:
        nonlocal moment
        moment += after
        return lists.read(Deadline.after(20))

    def put(item: str) -> dict[str, Any]:
        found = {"country": {"DE": [item]}}
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=json.dumps({"run_id": "r", "lists": found}).encode())
        return found

    assert read(after=0) == {}
    first = put("i-1")
    assert read(after=RETRY_SECONDS) == first
    assert read(after=FRESH_SECONDS) == first
    second = put("i-2")
    assert [read(after=FRESH_SECONDS - 1), read(after=1)] == [first, second]
    assert statuses == [404, 200, 304, 200]
