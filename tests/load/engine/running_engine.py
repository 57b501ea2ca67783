"""An engine in a process of its own, to be measured from this one."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.factories.shop_stream import START, schema_text
from tests.load.big_shop import DAYS
from tests.load.engine.http_load import post

if TYPE_CHECKING:
    from tests.fakes.s3 import FileS3
    from tests.load.big_shop import BigShop

ROOT = Path(__file__).parents[3]
ACCOUNT, REGION = "000000000000", "eu-central-1"
TIMEOUT_SECONDS = 600.0
RECIPE = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
ENGINE_CORE, LOAD_CORE = 0, 1
IDLE_SECONDS = 30.0  # servers close connections that are idle for longer: ours after 75 s
# Of the puts: one user in 12 is active, so that each has several; one put in 19 is a day late.
USERS_PER_ACTIVE, PUTS_PER_LATE = 12, 19
SECONDS_PER_DAY = 86_400


class Caller:
    """One plain HTTP connection, kept open as an SDK's would be, and opened anew when it was idle."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        self._used = time.monotonic()

    def rest(self, path: str, request: dict[str, Any]) -> dict[str, Any]:
        """Ask an operation of the events or runtime service."""
        return self._send(path, request, {"Content-Type": "application/json"})

    def control(self, operation: str, **request: Any) -> dict[str, Any]:
        """Ask an operation of the control plane."""
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"AmazonPersonalize.{operation}"}
        return self._send("/", request, headers)

    def settled(self, operation: str, member: str, **name: str) -> dict[str, Any]:
        """Wait until what is described is ACTIVE."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            found: dict[str, Any] = self.control(operation, **name)[member]
            if found["status"] == "ACTIVE":
                return found
            if found["status"] == "CREATE FAILED" or time.monotonic() > deadline:
                raise RuntimeError(found.get("failureReason", f"{operation} took too long"))
            time.sleep(0.05)

    def _send(self, path: str, request: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        if time.monotonic() - self._used > IDLE_SECONDS:
            self._connection.close()  # the next request opens it
        self._used = time.monotonic()
        self._connection.request("POST", path, json.dumps(request).encode(), headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(body.decode())
        found: dict[str, Any] = json.loads(body) if body else {}
        return found


class RunningEngine:
    """A fresh engine on one core, so that the load has the other; `stop` ends it."""

    def __init__(self, directory: Path, s3_url: str) -> None:
        self._directory = directory
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "AWS_ENDPOINT_URL": s3_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        self.start()

    def start(self, sampled_into: Path | None = None) -> float:
        """Start the process, with samples of its stack if they have a file; return the seconds until it is ready."""
        module = ["model.engine"] if sampled_into is None else ["tests.load.engine.sampled_engine", str(sampled_into)]
        command = [sys.executable, "-m", *module, "--directory", str(self._directory / "state"), "--port", "0"]
        log = self._directory / "engine.log"
        begun = time.perf_counter()
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--pace", "instant"], env=self._environment, cwd=ROOT, stdout=output
            )
        while True:
            ready = [line for line in log.read_text().splitlines() if '"ready"' in line]
            if ready:
                self.port = int(json.loads(ready[0])["port"])
                return time.perf_counter() - begun
            if self.process.poll() is not None:
                raise RuntimeError("the engine did not start")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the process and wait for it."""
        self.process.terminate()
        self.process.wait()

    def resident_mib(self) -> float:
        """Return the engine's resident memory in MiB."""
        return self._status("VmRSS")

    def peak_mib(self) -> float:
        """Return the most resident memory that the engine ever had, in MiB."""
        return self._status("VmHWM")

    def workers_mib(self) -> list[float]:
        """Return the resident memory of each worker that runs at this moment, in MiB."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        found = []
        for child in children.split():
            with contextlib.suppress(OSError, StopIteration):  # it has just ended
                found.append(_status_mib(int(child), "VmRSS"))
        return found

    def _status(self, name: str) -> float:
        return _status_mib(self.process.pid, name)


def cpu_seconds(process: subprocess.Popen[Any]) -> float:
    """Return the processor time that the threads of a process have used, without that of other processes of its."""
    statistics = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(path.read_text(encoding="ascii").split()[0]) for path in statistics) / 1e9


def keep_on_one_core(process: subprocess.Popen[Any]) -> None:
    """Keep a process, with all its threads, on one core and this process on the other."""
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {ENGINE_CORE})
    if (os.cpu_count() or 1) > LOAD_CORE:
        os.sched_setaffinity(0, {LOAD_CORE})


def _status_mib(process_id: int, name: str) -> float:
    lines = Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def import_dataset(caller: Caller, group: str, kind: str, location: str) -> float:
    """Create a dataset, import a file into it and return the seconds that the import took."""
    schema = caller.control("CreateSchema", name=kind, schema=schema_text(kind))["schemaArn"]
    dataset = caller.control("CreateDataset", name=kind, schemaArn=schema, datasetGroupArn=group, datasetType=kind)
    caller.settled("DescribeDataset", "dataset", datasetArn=dataset["datasetArn"])
    begun = time.perf_counter()
    job = caller.control(
        "CreateDatasetImportJob",
        jobName=kind,
        datasetArn=dataset["datasetArn"],
        dataSource={"dataLocation": location},
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/bench",
    )["datasetImportJobArn"]
    caller.settled("DescribeDatasetImportJob", "datasetImportJob", datasetImportJobArn=job)
    return time.perf_counter() - begun


def make_group(caller: Caller) -> str:
    """Create a dataset group and return its ARN."""
    group: str = caller.control("CreateDatasetGroup", name="bench")["datasetGroupArn"]
    caller.settled("DescribeDatasetGroup", "datasetGroup", datasetGroupArn=group)
    return group


def deploy(caller: Caller, group: str) -> tuple[str, float]:
    """Train the default recipe, deploy it, and return the campaign with the seconds of the training."""
    made = {"datasetGroupArn": group, "recipeArn": RECIPE, "performAutoTraining": False}
    solution = caller.control("CreateSolution", name="bench", **made)["solutionArn"]
    caller.settled("DescribeSolution", "solution", solutionArn=solution)
    begun = time.perf_counter()
    version = caller.control("CreateSolutionVersion", solutionArn=solution)["solutionVersionArn"]
    caller.settled("DescribeSolutionVersion", "solutionVersion", solutionVersionArn=version)
    seconds = time.perf_counter() - begun
    campaign = caller.control("CreateCampaign", name="bench", solutionVersionArn=version)["campaignArn"]
    caller.settled("DescribeCampaign", "campaign", campaignArn=campaign)
    return campaign, seconds


def put_in_pieces(s3: FileS3, name: str, pieces: Any) -> str:
    """Write pieces of text into a file of the bench's S3 and return its location."""
    path = s3.root / "bench" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(pieces)
    return f"s3://bench/{name}"


def put_of_ten(shop: BigShop, number: int, **request: str) -> bytes:
    """Return a PutEvents request of ten events after the import; its number determines the user, items and time."""
    user = f"user-{number % (shop.user_count // USERS_PER_ACTIVE)}"
    late = SECONDS_PER_DAY if number % PUTS_PER_LATE == 0 else 0
    events = [
        {
            "eventId": f"{number}-{place}",
            "eventType": "View",
            "itemId": f"item-{(number * 10 + place * 31) % shop.item_count}",
            "sentAt": START + (DAYS + 1) * SECONDS_PER_DAY + number - late,
        }
        for place in range(10)
    ]
    body = {**request, "sessionId": f"of-{user}", "userId": user, "eventList": events}
    return post("/events", json.dumps(body).encode())
