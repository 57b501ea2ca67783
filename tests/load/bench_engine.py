"""How many events the engine keeps per second, and how fast it answers: `python -m tests.load.bench_engine`.

The engine runs in a process of its own, the load in this one; a put is counted when it is answered, and an answered
put is on disk. Requests go over plain HTTP connections that are kept open, as an SDK's would.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.factories.shop_stream import START, schema_text
from tests.fakes.s3 import FileS3

ROOT = Path(__file__).parents[2]
ACCOUNT, REGION = "000000000000", "eu-central-1"
ITEMS, PEOPLE, EVENTS = 40_000, 10_000, 300_000
SENDERS, PUT_SECONDS, ASKED = 8, 8.0, 2_000
TIMEOUT_SECONDS = 300.0


class _Caller:
    """One connection, kept open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)

    def rest(self, path: str, request: dict[str, Any]) -> dict[str, Any]:
        return self._send(path, request, {"Content-Type": "application/json"})

    def control(self, operation: str, **request: Any) -> dict[str, Any]:
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"AmazonPersonalize.{operation}"}
        return self._send("/", request, headers)

    def _send(self, path: str, request: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        self._connection.request("POST", path, json.dumps(request).encode(), headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(body.decode())
        found: dict[str, Any] = json.loads(body) if body else {}
        return found


def run() -> list[dict[str, Any]]:
    """Measure a fresh engine.

    Returns
    -------
    list of dict
        One row per figure. CPU figures are the engine's own and hold on a busy machine as well.
    """
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        s3 = FileS3(root / "s3")
        process, port = _start(root, s3.url)
        try:
            caller = _Caller(port)
            tracking_id, campaign, training_seconds = _prepare(caller, s3)
            figures = {"training of 300,000 events, with hold-out (s)": round(training_seconds, 1)}
            before = _cpu_seconds(process.pid)
            figures |= _measure_puts(port, tracking_id)
            between = _cpu_seconds(process.pid)
            answers = _measure_answers(caller, campaign)
            after = _cpu_seconds(process.pid)
            calls = figures["PutEvents calls per second, 10 events each, 8 senders"] * PUT_SECONDS
            figures["engine CPU per PutEvents call of 10 events (ms)"] = round((between - before) / calls * 1000, 2)
            figures |= answers
            figures["engine CPU per GetRecommendations (ms)"] = round((after - between) / ASKED * 1000, 2)
            figures |= _measure_reaction(caller, tracking_id, campaign)
        finally:
            process.terminate()
            process.wait()
            s3.close()
    return [{"measure": f"{name}", "at 40,000 items": value} for name, value in figures.items()]


def _cpu_seconds(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _start(root: Path, s3_url: str) -> tuple[subprocess.Popen[bytes], int]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "AWS_ENDPOINT_URL": s3_url}
    environment |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    command = [sys.executable, "-m", "model.engine", "--directory", str(root / "state"), "--port", "0"]
    log = root / "engine.log"
    with log.open("wb") as output:
        process = subprocess.Popen([*command, "--pace", "instant"], env=environment, cwd=ROOT, stdout=output)
    while True:
        for line in log.read_text().splitlines():
            if '"ready"' in line:
                return process, int(json.loads(line)["port"])
        if process.poll() is not None:
            raise RuntimeError("the engine did not start")
        time.sleep(0.05)


def _prepare(caller: _Caller, s3: FileS3) -> tuple[str, str, float]:
    def settled(operation: str, member: str, **name: str) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while (found := caller.control(operation, **name)[member])["status"] != "ACTIVE":
            if found["status"] == "CREATE FAILED" or time.monotonic() > deadline:
                raise RuntimeError(found.get("failureReason", f"{operation} took too long"))
            time.sleep(0.05)

    group = caller.control("CreateDatasetGroup", name="bench")["datasetGroupArn"]
    settled("DescribeDatasetGroup", "datasetGroup", datasetGroupArn=group)
    schema = caller.control("CreateSchema", name="bench", schema=schema_text("Interactions"))["schemaArn"]
    of = {"schemaArn": schema, "datasetGroupArn": group, "datasetType": "Interactions"}
    dataset = caller.control("CreateDataset", name="bench", **of)["datasetArn"]
    settled("DescribeDataset", "dataset", datasetArn=dataset)
    job = caller.control(
        "CreateDatasetImportJob",
        jobName="bench",
        datasetArn=dataset,
        dataSource={"dataLocation": s3.put("bench", "events.csv", _events_csv())},
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/bench",
    )["datasetImportJobArn"]
    settled("DescribeDatasetImportJob", "datasetImportJob", datasetImportJobArn=job)
    recipe = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
    made = {"datasetGroupArn": group, "recipeArn": recipe, "performAutoTraining": False}
    solution = caller.control("CreateSolution", name="bench", **made)["solutionArn"]
    settled("DescribeSolution", "solution", solutionArn=solution)
    started = time.perf_counter()
    version = caller.control("CreateSolutionVersion", solutionArn=solution)["solutionVersionArn"]
    settled("DescribeSolutionVersion", "solutionVersion", solutionVersionArn=version)
    training_seconds = time.perf_counter() - started
    campaign = caller.control("CreateCampaign", name="bench", solutionVersionArn=version)["campaignArn"]
    settled("DescribeCampaign", "campaign", campaignArn=campaign)
    tracker = caller.control("CreateEventTracker", name="bench", datasetGroupArn=group)["trackingId"]
    return tracker, campaign, training_seconds


def _events_csv() -> str:
    draw = np.random.default_rng(5)
    people = draw.integers(0, PEOPLE, EVENTS)
    # Each person keeps to a tenth of the catalogue, where a few items are much more popular than the others.
    places = (draw.zipf(1.3, EVENTS) + people * 37) % (ITEMS // 10) + (people % 10) * (ITEMS // 10)
    moments = START + np.sort(draw.integers(0, 30 * 86_400, EVENTS))
    rows = zip(people.tolist(), places.tolist(), moments.tolist(), strict=True)
    head = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE\n"
    return head + "".join(f"user-{person},item-{item},{moment},View,\n" for person, item, moment in rows)


def _measure_puts(port: int, tracking_id: str) -> dict[str, float]:
    latencies: list[list[float]] = [[] for _ in range(SENDERS)]
    end = time.perf_counter() + PUT_SECONDS

    def send(sender: int) -> None:
        caller = _Caller(port)
        number = 0
        while (begun := time.perf_counter()) < end:
            events = [
                {
                    "eventId": f"{sender}-{number}-{place}",
                    "eventType": "View",
                    "itemId": f"item-{(number * 10 + place * 31) % ITEMS}",
                    "sentAt": START + number,
                }
                for place in range(10)
            ]
            person = f"user-{(sender * 1009 + number) % PEOPLE}"
            put = {"trackingId": tracking_id, "userId": person, "sessionId": f"s-{person}", "eventList": events}
            caller.rest("/events", put)
            latencies[sender].append(time.perf_counter() - begun)
            number += 1

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = np.concatenate([np.array(one) for one in latencies]) * 1000
    return {
        "PutEvents calls per second, 10 events each, 8 senders": round(taken.size / PUT_SECONDS),
        "events accepted and durable per second": round(taken.size * 10 / PUT_SECONDS),
        "PutEvents p50 (ms)": round(float(np.percentile(taken, 50)), 2),
        "PutEvents p99 (ms)": round(float(np.percentile(taken, 99)), 2),
    }


def _measure_answers(caller: _Caller, campaign: str) -> dict[str, float]:
    taken = np.empty(ASKED)
    for number in range(ASKED):
        begun = time.perf_counter()
        caller.rest("/recommendations", {"campaignArn": campaign, "userId": f"user-{number * 7 % PEOPLE}"})
        taken[number] = (time.perf_counter() - begun) * 1000
    return {
        "GetRecommendations p50 (ms)": round(float(np.percentile(taken, 50)), 2),
        "GetRecommendations p99 (ms)": round(float(np.percentile(taken, 99)), 2),
        "GetRecommendations per second, one connection": round(ASKED / float(taken.sum() / 1000)),
    }


def _measure_reaction(caller: _Caller, tracking_id: str, campaign: str) -> dict[str, float]:
    """Time from sending an event to holding an answer that it has changed."""
    taken = np.empty(ASKED // 10)
    for number in range(taken.size):
        asked = {"campaignArn": campaign, "userId": f"new-{number}"}
        before = caller.rest("/recommendations", asked)["itemList"]
        event = {"eventType": "View", "itemId": f"item-{number * 11 % (ITEMS // 10)}", "sentAt": START}
        begun = time.perf_counter()
        caller.rest(
            "/events",
            {"trackingId": tracking_id, "userId": f"new-{number}", "sessionId": f"n-{number}", "eventList": [event]},
        )
        after = caller.rest("/recommendations", asked)["itemList"]
        taken[number] = (time.perf_counter() - begun) * 1000 if after != before else np.nan
    known = taken[~np.isnan(taken)]
    return {
        "event to changed answer p50 (ms)": round(float(np.percentile(known, 50)), 2),
        "event to changed answer p99 (ms)": round(float(np.percentile(known, 99)), 2),
        "share of answers that an event changed": round(known.size / taken.size, 3),
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
