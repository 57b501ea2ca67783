"""How fast the engine answers and keeps events, beside FastAPI with implicit: `make bench ONLY=engine`.

Each service has one core, the load the other. Both learn from the same 800,000 events of 30,000 users and 41,000
items and are asked for the same 25 items over plain HTTP connections that stay open. A put is counted when it is
answered: on disk with the engine, in SQLite with full synchronisation with the peer.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.factories.shop_stream import START
from tests.fakes.s3 import FileS3
from tests.load.big_shop import BigShop
from tests.load.engine.http_load import Outcome, drive, post
from tests.load.engine.running_engine import (
    ROOT,
    Caller,
    RunningEngine,
    deploy,
    import_dataset,
    keep_on_one_core,
    make_group,
    put_in_pieces,
    put_of_ten,
)

ITEMS, USERS, EVENTS = 41_000, 30_000, 800_000
RATE, ASKED, CONNECTIONS = 1_000.0, 20_000, 16
PUTS, SENDERS = 10_000, 16
PEER_ASKED, PEER_PUTS = 2_000, 2_000
REACTIONS = 300
FILTER = 'INCLUDE ItemID WHERE Items.CATEGORY IN ("row 7", "row 8", "row 9") | EXCLUDE ItemID WHERE Items.PRICE > $MOST'

Figures = dict[str, float]


def run() -> list[dict[str, Any]]:
    """Measure both services, one after the other, and return one row per figure."""
    everywhere = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as directory:
        shop = BigShop.draw(ITEMS, USERS, EVENTS)
        try:
            engine = _measure_engine(Path(directory), shop)
            os.sched_setaffinity(0, everywhere)
            peer = _measure_peer(Path(directory), shop)
        finally:
            os.sched_setaffinity(0, everywhere)
    return [
        {"measure": name, "engine": value, "FastAPI + implicit ALS": peer.get(name, "")}
        for name, value in engine.items()
    ]


def _measure_engine(root: Path, shop: BigShop) -> Figures:
    s3 = FileS3(root / "s3")
    engine = RunningEngine(root, s3.url)
    try:
        caller = Caller(engine.port)
        group = make_group(caller)
        import_dataset(caller, group, "Items", put_in_pieces(s3, "items.csv", shop.items_csv()))
        import_dataset(caller, group, "Interactions", put_in_pieces(s3, "events.csv", shop.interactions_csv()))
        campaign, seconds = deploy(caller, group)
        tracker = caller.control("CreateEventTracker", name="bench", datasetGroupArn=group)["trackingId"]
        named = caller.control("CreateFilter", name="bench", datasetGroupArn=group, filterExpression=FILTER)
        caller.settled("DescribeFilter", "filter", filterArn=named["filterArn"])
        keep_on_one_core(engine.process)
        figures = {"training, with hold-out (s)": round(seconds, 1)}
        asked = [_question({"campaignArn": campaign}, number) for number in range(ASKED)]
        filtered = {"campaignArn": campaign, "filterArn": named["filterArn"], "filterValues": {"MOST": "50"}}
        figures |= _measure_answers(engine.port, asked)
        before = engine.cpu_seconds()
        drive(engine.port, asked[: ASKED // 4], connections=1)
        figures["CPU per answer (ms)"] = round((engine.cpu_seconds() - before) / (ASKED // 4) * 1000, 2)
        outcome = drive(engine.port, [_question(filtered, number) for number in range(ASKED // 4)], connections=1)
        figures |= _latencies("filtered answer, one connection", outcome)
        puts = [
            put_of_ten(shop, number, trackingId=tracker, sessionId=f"s-{number % SENDERS}") for number in range(PUTS)
        ]
        small = engine.resident_mib()
        figures |= _measure_puts(engine.port, puts)
        grown = (engine.resident_mib() - small) / (PUTS * 10) * 1_000_000
        figures["memory per million streamed events (MiB)"] = round(grown)
        reaction = {"trackingId": tracker, "sessionId": "reaction"}
        figures |= _measure_reactions(caller, {"campaignArn": campaign}, reaction)
        figures["resident memory (MiB)"] = round(engine.resident_mib())
        return figures
    finally:
        engine.stop()
        s3.close()


def _measure_peer(root: Path, shop: BigShop) -> Figures:
    arrays = root / "events.npz"
    np.savez(arrays, users=shop.users, items=shop.items)
    command = [str(ROOT / "build/env/peers/bin/python"), str(ROOT / "tests/load/peers/engine_service.py")]
    # Threads that wait for one another on one core would slow it down a hundredfold.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([*command, str(arrays), str(root)], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        _, port_text, seconds = (process.stdout.readline() if process.stdout else "").split()
        port = int(port_text)
        keep_on_one_core(process)
        figures = {"training, with hold-out (s)": float(seconds)}
        figures |= _measure_answers(port, [_question({}, number) for number in range(PEER_ASKED)])
        figures |= _measure_puts(port, [put_of_ten(shop, number) for number in range(PEER_PUTS)])
        return figures | _measure_reactions(Caller(port), {}, {})
    finally:
        process.terminate()
        process.wait()


def _measure_answers(port: int, asked: list[bytes]) -> Figures:
    drive(port, asked[:200], connections=1)  # what is first used is made then
    steady = drive(port, asked, connections=CONNECTIONS, per_second=RATE)
    most = drive(port, asked, connections=CONNECTIONS)
    figures = {
        "answers per second, at most": round(most.per_second),
        **_latencies(f"answer at {RATE:,.0f}/s", steady),
        f"answers per second when asked {RATE:,.0f}/s": round(steady.per_second),
    }
    if most.refused or steady.refused:
        raise RuntimeError(f"{most.refused + steady.refused} questions were not answered")
    return figures


def _measure_puts(port: int, puts: list[bytes]) -> Figures:
    outcome = drive(port, puts, connections=SENDERS)
    if outcome.refused:
        raise RuntimeError(f"{outcome.refused} puts were refused")
    figures = {"events accepted and durable per second": round(outcome.per_second * 10)}
    return figures | _latencies("put of 10 events", outcome)


def _measure_reactions(caller: Caller, asked: dict[str, str], put: dict[str, str]) -> Figures:
    """Time from sending an event to holding an answer that it has changed."""
    taken: list[float] = []
    for number in range(REACTIONS):
        question = {**asked, "userId": f"user-{number * 11}"}
        before = caller.rest("/recommendations", question)["itemList"]
        event = {"eventType": "View", "itemId": f"item-{number * 97 % ITEMS}", "sentAt": START + 10**7}
        begun = time.perf_counter()
        caller.rest("/events", {**put, "userId": question["userId"], "eventList": [event]})
        after = caller.rest("/recommendations", question)["itemList"]
        if after != before:
            taken.append((time.perf_counter() - begun) * 1000)
    return {
        "event to changed answer p50 (ms)": round(float(np.percentile(taken, 50)), 2),
        "event to changed answer p99 (ms)": round(float(np.percentile(taken, 99)), 2),
        "share of answers that an event changed": round(len(taken) / REACTIONS, 3),
    }


def _latencies(name: str, outcome: Outcome) -> Figures:
    return {f"{name} p50 (ms)": outcome.percentile(50), f"{name} p99 (ms)": outcome.percentile(99)}


def _question(asked: dict[str, Any], number: int) -> bytes:
    return post("/recommendations", json.dumps({**asked, "userId": f"user-{number * 7 % USERS}"}).encode())
