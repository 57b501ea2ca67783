"""Records through an event-source mapping and through Firehose to Parquet, beside the emulator's own.

Each runs on a fresh emulator on this machine; seconds are wall time, of the emulator, the functions and the workers
together. The plain emulator writes one Parquet object per record inside the put, so it is given fewer records.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes.emulator.deliveries import make_bucket, make_delivery_stream, parquet_settings, transform_settings
from tests.fakes.emulator.process import ENVIRONMENTS, Emulator, free_port
from tests.fakes.emulator.workers import Laptop

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

COUNT = 50_000
COUNT_OF_PLAIN_FIREHOSE = 200
SHARDS = 2
LONGEST_SECONDS = 120
COLUMNS = {"event_id": "string", "user_id": "string", "item_id": "string", "timestamp": "timestamp"} | {
    "event_value": "double",
    "impression": "array<string>",
    "properties": "string",
}
COUNTING = """
import json, os, time, urllib.request, uuid

def handler(event, context):
    count = json.dumps({"count": len(event["Records"]), "ended": time.time()})
    url = os.environ["AWS_ENDPOINT_URL"] + "/BUCKET/" + str(uuid.uuid4())
    urllib.request.urlopen(urllib.request.Request(url, data=count.encode(), method="PUT")).read()
    print("counted")
"""


class PlainEmulator(Emulator):
    """MiniStack without overrides."""

    def command(self) -> list[str]:
        self.environment = {
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "MINISTACK_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": self.endpoint,
        }
        return [str(ENVIRONMENTS / "emulator" / "bin" / "python"), "-m", "ministack"]


def run() -> list[dict[str, Any]]:
    """Measure both ways on both."""
    rows = []
    for name, ours in (("Rivulet", True), ("MiniStack alone", False)):
        rows.append(_row("Kinesis → Lambda", name, *_measured(ours, _through_mapping)))
        rows.append(_row("Kinesis → Firehose → Parquet", name, *_measured(ours, _through_firehose)))
    return rows


def _row(way: str, name: str, count: int, seconds: float, cpu_seconds: float) -> dict[str, Any]:
    return {
        "way": way,
        "by": name,
        "records": count,
        "seconds": seconds,
        "records/s": count / seconds,
        "workers' CPU s": cpu_seconds,
    }


def _measured(ours: bool, way: Callable[[Laptop, bool], tuple[int, float]]) -> tuple[int, float, float]:
    with tempfile.TemporaryDirectory() as folder:
        kind = Emulator if ours else PlainEmulator
        emulator = kind(Path(folder) / "cloud", free_port())
        laptop = Laptop(emulator, Path(folder))
        try:
            emulator.start()
            if ours:
                laptop.start_workers()
            count, seconds = way(laptop, ours)
            cpu_seconds = _cpu_seconds(laptop.process) if laptop.process else 0.0
        finally:
            for process in (laptop.process, emulator.process):
                if process is not None:
                    process.kill()
                    process.wait()
    return count, seconds, cpu_seconds


def _through_mapping(laptop: Laptop, _ours: bool) -> tuple[int, float]:
    stream, counts = laptop.stream(SHARDS), make_bucket(laptop)
    function = laptop.function_of(COUNTING.replace("BUCKET", counts))
    laptop.put(stream, _payloads(COUNT), key=lambda payload: json.loads(payload)["user_id"])
    began = time.time()
    laptop.mapping(stream, function, BatchSize=500)

    def all_counted() -> float:
        counted = [json.loads(body) for body in laptop.objects(counts).values()]
        done = sum(each["count"] for each in counted) >= COUNT
        return max(each["ended"] for each in counted) if done else 0.0

    return COUNT, laptop.wait_until(all_counted, LONGEST_SECONDS) - began


def _through_firehose(laptop: Laptop, ours: bool) -> tuple[int, float]:
    stream, target = laptop.stream(SHARDS), make_bucket(laptop)
    make_delivery_stream(
        laptop,
        target,
        stream,
        Prefix="raw/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 2},
        ProcessingConfiguration=transform_settings(laptop),
        DataFormatConversionConfiguration=parquet_settings(laptop, COLUMNS),
    )
    time.sleep(1.5)
    count = COUNT if ours else COUNT_OF_PLAIN_FIREHOSE
    began = time.time()
    laptop.put(stream, _payloads(count), key=lambda payload: json.loads(payload)["user_id"])

    def all_delivered() -> float:
        if ours:
            delivered = sum(json.loads(line).get("records", 0) for line in _lines(laptop, "delivered"))
        else:
            delivered = len(laptop.objects(target, "raw/"))
        return time.time() if delivered >= count else 0.0

    return count, laptop.wait_until(all_delivered, LONGEST_SECONDS) - began


def _lines(laptop: Laptop, event: str) -> list[str]:
    return [line for line in laptop.log().splitlines() if f'"event": "{event}"' in line]


def _payloads(count: int) -> list[bytes]:
    return [
        json.dumps(
            {
                "event_id": f"{number:032x}",
                "user_id": f"u-{number % 2000}",
                "item_id": f"i-{number % 1000}",
                "timestamp": "2026-02-01T10:30:00.250Z",
                "event_value": number / 100,
                "impression": [f"i-{place}" for place in range(8)],
                "properties": '{"device":"phone","page":"/home/deals","referrer":"newsletter-31"}',
            }
        ).encode()
        for number in range(count)
    ]


def _cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
