"""The wire to AWS, cut: real boto3 clients whose requests are kept and answered without being sent."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse


class Raw:
    """A response body as the HTTP library hands it over."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_: Any) -> Any:
        yield self.body


class Wire:
    """Answers every request without sending it: with what is given for its operation, or with nothing.

    Real clients talk to it, so boto3's own checks of the parameters run, and `sent` holds what would have gone out.
    """

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.sent: list[tuple[str, Any]] = []

    def client(self, service: str) -> Any:
        make: Any = boto3.client
        client = make(service, region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test")
        client.meta.events.register("before-send", self.answer)
        return client

    def answer(self, request: Any, event_name: str, **_: Any) -> AWSResponse:
        operation = event_name.rpartition(".")[2]
        body = request.body.read() if hasattr(request.body, "read") else request.body
        self.sent.append((operation, body))
        said = json.dumps(self.answers[operation]).encode() if operation in self.answers else b""
        return AWSResponse(request.url, 200, {"Content-Length": str(len(said))}, Raw(said))  # type: ignore[arg-type]
