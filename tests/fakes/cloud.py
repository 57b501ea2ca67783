"""In-memory stand-ins for the services that the workers call, each of which can be out of reach for some calls."""

from __future__ import annotations

import io
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, EndpointConnectionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.workers.shards import Record


def refused(operation: str, code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        operation,
    )


def unreachable() -> EndpointConnectionError:
    return EndpointConnectionError(endpoint_url="http://127.0.0.1:9")


@dataclass
class Fallible:
    """Raises what is in `troubles`, one per call, before it works again."""

    troubles: list[Exception] = field(default_factory=list)

    def _meet_trouble(self) -> None:
        if self.troubles:
            raise self.troubles.pop(0)


@dataclass
class Bucket(Fallible):
    """S3 with one bucket."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str = "") -> None:  # noqa: N803
        self._meet_trouble()
        self.objects[Key] = Body


@dataclass
class Functions(Fallible):
    """Lambda with one function, whose answer may be an exception."""

    handler: Callable[[dict[str, Any]], Any] = lambda event: None
    events: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        self._meet_trouble()
        event = json.loads(Payload)
        self.events.append(event)
        answer: dict[str, Any] = {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
        try:
            payload = json.dumps(self.handler(event))
        except Exception as error:  # noqa: BLE001 - whatever a function raises is its answer
            payload, answer["FunctionError"] = json.dumps({"errorMessage": str(error)}), "Unhandled"
        return {**answer, "ResponseMetadata": {"RequestId": "r-1"}, "Payload": io.BytesIO(payload.encode())}


class Tables(Fallible):
    """Glue with no table."""

    def get_table(self, *, DatabaseName: str, Name: str) -> dict[str, Any]:  # noqa: N803
        self._meet_trouble()
        raise refused("GetTable", "EntityNotFoundException", 400)


@dataclass
class FakeCloud:
    """What `deployment.workers.cloud.Cloud` holds, as far as the tests go."""

    region: str = "eu-central-1"
    s3: Bucket = field(default_factory=Bucket)
    functions: Functions = field(default_factory=Functions)
    glue: Tables = field(default_factory=Tables)


@dataclass
class FakeReader:
    """A shard that gives its pages one by one, and then nothing."""

    pages: list[list[Record]]

    def read(self) -> list[Record]:
        return self.pages.pop(0) if self.pages else []


def until(reached: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)
