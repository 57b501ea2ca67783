"""Firehose in memory, with the documented limits of a direct put."""

# ruff: noqa: N803 - the argument names are those of the AWS client

from __future__ import annotations

import json
from typing import Any

from tests.fakes.faults import Faults, client_error, played

# https://docs.aws.amazon.com/firehose/latest/APIReference/API_Record.html
MAX_RECORD_BYTES = 1000 * 1024


class FakeFirehose:
    """One delivery stream for direct puts, with its records in the order of their arrival."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.faults = Faults()
        self.records: list[bytes] = []

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(record) for record in self.records]

    @played
    def put_record(self, *, DeliveryStreamName: str, Record: dict[str, Any]) -> dict[str, Any]:
        if DeliveryStreamName != self.stream:
            raise client_error("ResourceNotFoundException", 400, "PutRecord")
        if len(Record["Data"]) > MAX_RECORD_BYTES:
            raise client_error("ValidationException", 400, "PutRecord")
        self.records.append(bytes(Record["Data"]))
        return {"RecordId": str(len(self.records)), "Encrypted": True}
