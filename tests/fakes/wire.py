"""Real boto3 clients whose requests are recorded and answered without being sent."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse


class Raw:
    """A response body in the form of the HTTP library."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_: Any) -> Any:
        yield self.body


class Wire:
    """Answers every request with the given content or bytes of its operation, or with none, and does not send it.

    The clients are real, so boto3 validates the parameters; `sent` holds the operations and bodies.
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
        content = self.answers.get(operation, b"")
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        headers = {"Content-Length": str(len(content)), "ETag": '"of-the-content"'}
        return AWSResponse(request.url, 200, headers, Raw(content))  # type: ignore[arg-type]
