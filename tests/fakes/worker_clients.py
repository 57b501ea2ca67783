"""In-memory fakes of the services that the workers call, each of which can fail some calls."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, EndpointConnectionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.workers.shards import Record


def client_error(operation: str, code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        operation,
    )


def unreachable() -> EndpointConnectionError:
    return EndpointConnectionError(endpoint_url="http://127.0.0.1:9")


@dataclass
class Fallible:
    """Raises the exceptions in `faults`, one per call, and works afterwards."""

    faults: list[Exception] = field(default_factory=list)

    def _raise_fault(self) -> None:
        if self.faults:
            raise self.faults.pop(0)


@dataclass
class Bucket(Fallible):
    """S3 with one bucket."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str = "") -> None:  # noqa: N803
        self._raise_fault()
        self.objects[Key] = Body


@dataclass
class Functions(Fallible):
    """Lambda with one function, which may raise an exception."""

    handler: Callable[[dict[str, Any]], Any] = lambda event: None
    events: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        self._raise_fault()
        event = json.loads(Payload)
        self.events.append(event)
        answer: dict[str, Any] = {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
        try:
            payload = json.dumps(self.handler(event))
        except Exception as error:  # noqa: BLE001 - any exception of a function becomes its response
            payload, answer["FunctionError"] = json.dumps({"errorMessage": str(error)}), "Unhandled"
        return {**answer, "ResponseMetadata": {"RequestId": "r-1"}, "Payload": io.BytesIO(payload.encode())}


class Tables(Fallible):
    """Glue with no table."""

    def get_table(self, *, DatabaseName: str, Name: str) -> dict[str, Any]:  # noqa: N803
        self._raise_fault()
        raise client_error("GetTable", "EntityNotFoundException", 400)


@dataclass
class FakeClients:
    """The clients of `deployment.workers.clients.Clients` that the tests use."""

    region: str = "eu-central-1"
    s3: Bucket = field(default_factory=Bucket)
    functions: Functions = field(default_factory=Functions)
    glue: Tables = field(default_factory=Tables)


@dataclass
class FakeReader:
    """A shard that returns its pages one by one, and then no records."""

    pages: list[list[Record]]

    def read(self) -> list[Record]:
        return self.pages.pop(0) if self.pages else []
