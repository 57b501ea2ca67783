"""An engine in a process of its own, asked by boto3, as any team's code would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.factories.shop_stream import interactions_csv, items_csv, schema_text, shop_rows
from tests.fakes.s3 import FileS3

ROOT = Path(__file__).parents[3]
ACCOUNT, REGION = "123456789012", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/personalize"
WAIT_SECONDS = 60.0
# Access key id, secret, account.
OURS = ("AKIAOURSHOP000000001", "o" * 40, "111122223333")
THEIRS = ("AKIATHEIRSHOP0000001", "t" * 40, "444455556666")


class RunningEngine:
    """One engine process and clients for it; `account` makes a separate world within it."""

    def __init__(self, directory: Path, s3_url: str, pace: str = "instant", options: tuple[str, ...] = ()) -> None:
        self.directory = directory
        self._pace = pace
        self._options = options
        self._clients: dict[tuple[str, str, str, int], Any] = {}
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "AWS_ENDPOINT_URL": s3_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "model.engine", "--directory", str(self.directory), "--port", "0"]
        log = self.directory.with_suffix(".log")
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [*command, "--pace", self._pace, *self._options], env=self._environment, cwd=ROOT, stdout=output
            )
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the engine ended before it was ready"
            ready = [line for line in log.read_text().splitlines() if '"ready"' in line]
            if ready:
                self.ports = json.loads(ready[0])
                self.port = self.ports["port"]
                return
            time.sleep(0.02)
        raise AssertionError("the engine did not start in time")

    def logged_states(self, arn: str) -> list[str]:
        """Return the states that a resource has come to since the engine was started, however short they were."""
        lines = [json.loads(line) for line in self.directory.with_suffix(".log").read_text().splitlines()]
        return [line["status"] for line in lines if line["event"] == "status" and line["arn"] == arn]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(WAIT_SECONDS)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_SECONDS)

    def client(self, service: str = "personalize", account: str = ACCOUNT, region: str = REGION) -> Any:
        # A client takes long to make; the port is another one after a restart.
        known = (service, account, region, self.port)
        if known not in self._clients:
            self._clients[known] = self._new_client(service, account, region)
        return self._clients[known]

    def _new_client(self, service: str, account: str, region: str) -> Any:
        return boto3.Session().client(
            service,  # type: ignore[call-overload]  # any of the three
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="secret",
            config=Config(retries={"max_attempts": 0}),
        )

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def metric(self, name: str) -> float:
        return next(
            float(line.rpartition(" ")[2]) for line in self.get("/metrics").splitlines() if line.startswith(name)
        )


def until_status(describe: Any, *wanted: str) -> dict[str, Any]:
    """Return what is described once it has one of the statuses."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        found: dict[str, Any] = next(value for key, value in describe().items() if key != "ResponseMetadata")
        if found["status"] in wanted:
            return found
        time.sleep(0.02)
    raise AssertionError(f"it did not become {' or '.join(wanted)} in time")


def until_settled(describe: Any, *, allowed_failure: bool = False) -> dict[str, Any]:
    """Return what is described once it is ACTIVE or CREATE FAILED."""
    found = until_status(describe, "ACTIVE", "CREATE FAILED")
    assert allowed_failure or found["status"] == "ACTIVE", found.get("failureReason")
    return found


class Shop:
    """A dataset group with datasets, filled and trained step by step by those who need it."""

    def __init__(self, engine: RunningEngine, s3: FileS3, account: str = ACCOUNT) -> None:
        self.engine, self.s3, self.account = engine, s3, account
        self.control = engine.client(account=account)
        self.group = self.control.create_dataset_group(name="shop")["datasetGroupArn"]
        until_settled(lambda: self.control.describe_dataset_group(datasetGroupArn=self.group))
        self.datasets: dict[str, str] = {}
        self.campaigns: dict[str, str] = {}
        self.tracking_id = ""
        for name in ("Interactions", "Items"):
            schema = self.control.create_schema(name=f"shop-{name}", schema=schema_text(name))["schemaArn"]
            made = self.control.create_dataset(
                name=name, schemaArn=schema, datasetGroupArn=self.group, datasetType=name
            )
            self.datasets[name] = made["datasetArn"]
            until_settled(lambda arn=made["datasetArn"]: self.control.describe_dataset(datasetArn=arn))

    @property
    def events(self) -> Any:
        return self.engine.client("personalize-events", self.account)

    @property
    def runtime(self) -> Any:
        return self.engine.client("personalize-runtime", self.account)

    def track(self) -> str:
        made = self.control.create_event_tracker(name="shop", datasetGroupArn=self.group)
        until_settled(lambda: self.control.describe_event_tracker(eventTrackerArn=made["eventTrackerArn"]))
        return str(made["trackingId"])

    def load(self, name: str, location: str, job: str, mode: str = "FULL", *, may_fail: bool = False) -> dict[str, Any]:
        made = self.control.create_dataset_import_job(
            jobName=job,
            datasetArn=self.datasets[name],
            dataSource={"dataLocation": location},
            roleArn=ROLE,
            importMode=mode,
        )
        arn = made["datasetImportJobArn"]
        return until_settled(
            lambda: self.control.describe_dataset_import_job(datasetImportJobArn=arn), allowed_failure=may_fail
        )

    def fill(self) -> None:
        self.load(
            "Interactions", self.s3.put("data", "interactions.csv", interactions_csv(shop_rows())), "interactions"
        )
        self.load("Items", self.s3.put("data", "items/part-0.csv", items_csv()).rpartition("/")[0] + "/", "items")

    def train(self, name: str, recipe: str, *, may_fail: bool = False, **solution: Any) -> dict[str, Any]:
        made = self.control.create_solution(
            name=name,
            datasetGroupArn=self.group,
            recipeArn=f"arn:aws:personalize:::recipe/{recipe}",
            performAutoTraining=False,
            **solution,
        )
        until_settled(lambda: self.control.describe_solution(solutionArn=made["solutionArn"]))
        return self.retrain(made["solutionArn"], may_fail=may_fail)

    def retrain(self, solution: str, *, may_fail: bool = False) -> dict[str, Any]:
        version = self.control.create_solution_version(solutionArn=solution)["solutionVersionArn"]
        return until_settled(
            lambda: self.control.describe_solution_version(solutionVersionArn=version), allowed_failure=may_fail
        )

    def deploy(self, name: str, recipe: str) -> str:
        version = self.train(name, recipe)
        arn = self.control.create_campaign(name=name, solutionVersionArn=version["solutionVersionArn"])["campaignArn"]
        until_settled(lambda: self.control.describe_campaign(campaignArn=arn))
        return str(arn)


@pytest.fixture(scope="session")
def s3(tmp_path_factory):
    fake = FileS3(tmp_path_factory.mktemp("s3"))
    yield fake
    fake.close()


@pytest.fixture(scope="session")
def engine(tmp_path_factory, s3):
    running = RunningEngine(tmp_path_factory.mktemp("engine") / "state", s3.url)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def closed(tmp_path_factory):
    """An engine that other machines may reach, with a key of ours and one of somebody else."""
    folder = tmp_path_factory.mktemp("closed")
    file = folder / "keys.json"
    file.touch(0o600)
    file.write_text(
        json.dumps({key: {"secret": secret, "account": account} for key, secret, account in (OURS, THEIRS)})
    )
    options = ("--host", "0.0.0.0", "--keys-file", str(file), "--metrics-port", "0")
    running = RunningEngine(folder / "state", "http://127.0.0.1:9", options=options)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def trained_shop(engine, s3):
    """A shop with every kind of campaign, for tests that only ask and send events."""
    shop = Shop(engine, s3, account="111111111111")
    shop.fill()
    shop.campaigns = {
        name: shop.deploy(name, recipe)
        for name, recipe in (
            ("for-you", "aws-user-personalization-v2"),
            ("similar", "aws-similar-items"),
            ("popular", "aws-popularity-count"),
            ("ranking", "aws-personalized-ranking-v2"),
        )
    }
    shop.tracking_id = shop.track()
    return shop


@pytest.fixture
def new_shop(engine, s3, request):
    """A fresh shop in an account of its own."""
    number = abs(hash(request.node.nodeid)) % 10**12
    return Shop(engine, s3, account=f"{number:012d}")
