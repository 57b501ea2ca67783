"""Kinesis in memory, with PutRecords' documented limits and partial failures on request."""

# ruff: noqa: N803 - the argument names are those of the AWS client

from __future__ import annotations

import threading
from typing import Any

from tests.fakes.faults import Faults, client_error

# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
MAX_RECORDS = 500
MAX_CALL_BYTES = 5 * 1024 * 1024
MAX_RECORD_BYTES = 1024 * 1024
MAX_KEY_CHARACTERS = 256


def invalid(message: str) -> Exception:
    return client_error("ValidationException", 400, message=message)


class FakeKinesis:
    """One stream, with its records in the order of their arrival."""

    def __init__(self, stream: str = "events") -> None:
        self.stream = stream
        # Errors of whole calls.
        self.faults = Faults()
        # Errors within the next calls: error code by position, call by call.
        self.failing: list[dict[int, str]] = []
        self.failing_always: dict[str, str] = {}
        self.records: list[tuple[str, bytes]] = []
        self.calls: list[list[str]] = []
        self.closed = 0
        self._lock = threading.Lock()

    def close(self) -> None:
        self.closed += 1

    def put_records(self, *, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:
        self.calls.append([record["PartitionKey"] for record in Records])
        answer: dict[str, Any] = self.faults.play(lambda: self._put_all(StreamName, Records))
        return answer

    def _put_all(self, stream: str, records: list[dict[str, Any]]) -> dict[str, Any]:
        if stream != self.stream:
            raise client_error("ResourceNotFoundException", 400, "PutRecords", f"no stream {stream}")
        self._check(records)
        fault = self.faults.current
        with self._lock:
            failing = self.failing.pop(0) if self.failing else dict.fromkeys(fault.failing, fault.code)
            answers = [self._put(record, failing.get(position)) for position, record in enumerate(records)]
        return {"Records": answers, "FailedRecordCount": sum("ErrorCode" in answer for answer in answers)}

    def _put(self, record: dict[str, Any], code: str | None) -> dict[str, Any]:
        code = code or self.failing_always.get(record["PartitionKey"])
        if code:
            return {"ErrorCode": code, "ErrorMessage": "scripted"}
        self.records.append((record["PartitionKey"], bytes(record["Data"])))
        return {"SequenceNumber": f"{len(self.records):056d}", "ShardId": "shardId-000000000000"}

    @staticmethod
    def _check(records: list[dict[str, Any]]) -> None:
        if not 1 <= len(records) <= MAX_RECORDS:
            raise invalid(f"1 to {MAX_RECORDS} records, not {len(records)}")
        sizes = [len(record["Data"]) + len(record["PartitionKey"].encode()) for record in records]
        if sum(sizes) > MAX_CALL_BYTES:
            raise client_error("InvalidArgumentException", 400, "PutRecords", "records exceed 5 MiB in sum")
        if max(sizes) > MAX_RECORD_BYTES:
            raise invalid("a record exceeds 1 MiB")
        if not all(1 <= len(record["PartitionKey"]) <= MAX_KEY_CHARACTERS for record in records):
            raise invalid(f"a partition key has 1 to {MAX_KEY_CHARACTERS} characters")
