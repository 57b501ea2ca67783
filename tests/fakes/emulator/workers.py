"""The emulator and the workers beside it, as the laptop's cloud runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.emulator.functions import archive
from tests.fakes.emulator.process import REGION, ROOT, Emulator
from tests.fakes.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WAIT_SECONDS = 60
ROLE = "arn:aws:iam::000000000000:role/rivulet-test"


@dataclass
class Laptop:
    """An emulator and the workers that read its streams, each of which a test may kill and start again."""

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

    def close(self) -> None:
        """Kill both processes where they still run."""
        if self.process is not None and self.process.poll() is None:
            self.kill_workers()
        self.emulator.close()

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
        """Make a function that stores its events in the bucket of its own name, and return its name.

        `body` is the rest of `handler`; it calls `keep()` to store the event, and reads the payloads in `numbers`.
        """
        name = f"f-{uuid.uuid4().hex[:8]}"
        self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        return self.function_of(HANDLER.replace("BUCKET", name).replace("    BODY", lines), name)

    def function_of(self, source: str, name: str | None = None) -> str:
        """Make a function of a module with a `handler`, and return its name."""
        name = name or f"f-{uuid.uuid4().hex[:8]}"
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=ROLE,
            Handler="package.handler.handler",
            Timeout=30,
            Code={"ZipFile": archive(source)},
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
        """Return the invocations of the function in order: start, end, and the batch's payloads."""
        return sorted((json.loads(body) for body in self.objects(function).values()), key=lambda each: each["began"])

    def batches(self, function: str) -> list[list[Any]]:
        return [event["numbers"] for event in self.events(function)]

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        client = self.client("s3")
        listed = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return {each["Key"]: client.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in listed}

    def wait_until(self, reached: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
        """Wait until `reached` returns a true value, and return it; on timeout fail with the workers' log."""
        return wait_until(reached, seconds, describe=self.log)


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
