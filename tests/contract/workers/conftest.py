"""The emulator and the workers beside it, as the laptop's cloud runs them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import uuid
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.conftest import REGION, ROOT, Emulator, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WAIT_SECONDS = 30
ROLE = "arn:aws:iam::000000000000:role/rivulet-test"


@dataclass
class Carried:
    """An emulator and the workers that carry its records, each of which a test may kill and start again."""

    emulator: Emulator
    directory: Path
    process: subprocess.Popen[bytes] | None = None

    def start_workers(self) -> None:
        with (self.directory / "workers.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    *("-m", "deployment.workers", "--endpoint", self.emulator.endpoint),
                    *("--directory", str(self.directory / "workers"), "--region", REGION),
                ],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    def kill_workers(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop_workers(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=WAIT_SECONDS)

    def log(self) -> str:
        log = self.directory / "workers.log"
        return log.read_text() if log.exists() else ""

    def client(self, service: str) -> Any:
        return self.emulator.client(service)

    def stream(self, shards: int = 1) -> str:
        """Make a stream and return its name."""
        name = f"s-{uuid.uuid4().hex[:8]}"
        self.client("kinesis").create_stream(StreamName=name, ShardCount=shards)
        return name

    def stream_arn(self, name: str) -> str:
        return f"arn:aws:kinesis:{REGION}:000000000000:stream/{name}"

    def put(self, stream: str, payloads: list[Any], key: str | Callable[[Any], str] = "k") -> None:
        entries = [
            {
                "Data": payload if isinstance(payload, bytes) else json.dumps(payload).encode(),
                "PartitionKey": key if isinstance(key, str) else key(payload),
            }
            for payload in payloads
        ]
        for at in range(0, len(entries), 500):
            answer = self.client("kinesis").put_records(StreamName=stream, Records=entries[at : at + 500])
            assert answer["FailedRecordCount"] == 0

    def function(self, body: str) -> str:
        """Make a function whose every event lies in the bucket it is named after, and return its name.

        `body` is what `handler` does after the event was kept; `numbers` are the payloads.
        """
        name = f"f-{uuid.uuid4().hex[:8]}"
        self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        return self.function_of(HANDLER.replace("BUCKET", name).replace("    BODY", lines), name)

    def function_of(self, source: str, name: str | None = None) -> str:
        """Make a function of a module with a `handler`, and return its name."""
        name = name or f"f-{uuid.uuid4().hex[:8]}"
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("app.py", source)
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=ROLE,
            Handler="app.handler",
            Timeout=30,
            Code={"ZipFile": archive.getvalue()},
        )
        return name

    def mapping(self, stream: str, function: str, **settings: Any) -> str:
        """Map the stream to the function and return the mapping's UUID."""
        options = {"StartingPosition": "TRIM_HORIZON", "BatchSize": 100, **settings}
        answer = self.client("lambda").create_event_source_mapping(
            EventSourceArn=self.stream_arn(stream), FunctionName=function, **options
        )
        return str(answer["UUID"])

    def events(self, function: str) -> list[dict[str, Any]]:
        """What the function was given, in order: its start, end, and the batch's payloads."""
        return sorted((json.loads(body) for body in self.objects(function).values()), key=lambda each: each["began"])

    def batches(self, function: str) -> list[list[Any]]:
        return [event["numbers"] for event in self.events(function)]

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        client = self.client("s3")
        listed = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return {each["Key"]: client.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in listed}

    def until(self, reached: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
        """Wait until something holds, and return it; say what the workers logged when it never does."""
        deadline = time.monotonic() + seconds
        while not (value := reached()):
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.1)
        return value


HANDLER = """
import base64, json, time, uuid
import boto3

s3 = boto3.client("s3")

def handler(event, context):
    records = event["Records"]
    numbers = [json.loads(base64.b64decode(record["kinesis"]["data"])) for record in records]
    sequences = [record["kinesis"]["sequenceNumber"] for record in records]
    began = time.time()
    def keep():
        body = json.dumps({"began": began, "ended": time.time(), "numbers": numbers, "records": records})
        s3.put_object(Bucket="BUCKET", Key=str(uuid.uuid4()), Body=body.encode())
    BODY
"""


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carried]:
    """An emulator with workers, for the tests of a module, each of which makes its own streams."""
    yield from _carried(tmp_path_factory.mktemp("carried"))


@pytest.fixture
def own_carried(tmp_path: Path) -> Iterator[Carried]:
    """An emulator with workers of one test, which may kill them."""
    yield from _carried(tmp_path)


def _carried(directory: Path) -> Iterator[Carried]:
    emulator = Emulator(directory / "cloud", free_port())
    emulator.start()
    carried = Carried(emulator, directory)
    carried.start_workers()
    yield carried
    for process in (carried.process, emulator.process):
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
