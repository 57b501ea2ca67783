"""How fast the engine answers and keeps events, beside FastAPI with implicit: `make bench ONLY=engine`.

The services share one core, the load has the other. Both learn from the same 800,000 events of 30,000 users and 41,000
items, are asked for the same 25 items over plain HTTP connections that stay open, and take their turns in short rounds,
so that another program's load meets both. A put is counted when it is answered: on disk with the engine, in SQLite with
full synchronisation with the peer. One put in 20 is late: its events are a day older than earlier ones of its user.

A last table has the engine's processor time by layer, from samples of its stack in a separate run.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.factories.shop_stream import START
from tests.fakes.s3 import FileS3
from tests.load.big_shop import BigShop
from tests.load.engine.http_load import Outcome, drive, post
from tests.load.engine.running_engine import (
    ROOT,
    Caller,
    RunningEngine,
    cpu_seconds,
    deploy,
    import_dataset,
    keep_on_one_core,
    make_group,
    put_in_pieces,
    put_of_ten,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ITEMS, USERS, EVENTS = 41_000, 30_000, 800_000
CONNECTIONS = 16
ROUNDS = 7
ASKED, PUTS = 2_000, 1_000  # in a round
SHARE_OF_LIMIT = 0.6
STEADY_ASKED = 6_000
REACTIONS = 300
FILTER = 'INCLUDE ItemID WHERE Items.CATEGORY IN ("row 7", "row 8", "row 9") | EXCLUDE ItemID WHERE Items.PRICE > $MOST'
ENGINE, PEER, RATIO = "engine", "FastAPI + implicit ALS", "engine / peer"

Figures = dict[str, float]


@dataclass(frozen=True)
class Service:
    """A running service, with what its requests name.

    Attributes
    ----------
    question, put : dict
        Members of each request for recommendations, and of each put.
    """

    port: int
    process: subprocess.Popen[Any]
    training_seconds: float
    question: dict[str, Any]
    put: dict[str, Any]


def run() -> Iterator[dict[str, Any]]:
    """Measure both services and yield one row per figure; then one per layer of the engine."""
    everywhere = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        stack.callback(os.sched_setaffinity, 0, everywhere)
        root, shop = Path(directory), BigShop.draw(ITEMS, USERS, EVENTS)
        running, engine, filtered = _start_engine(root, shop, stack)
        peer = _start_peer(root, shop, stack)
        for service in (engine, peer):
            keep_on_one_core(service.process)
        yield from _compare(shop, engine, peer)
        outcome = drive(engine.port, [_question(filtered, number) for number in range(ASKED)], connections=1)
        alone = {**_latencies("filtered answer, one connection", outcome)}
        alone["resident memory (MiB)"] = round(running.resident_mib())
        yield from ({"measure": name, ENGINE: value, PEER: "", RATIO: ""} for name, value in alone.items())
        os.sched_setaffinity(0, everywhere)
        running.stop()
        yield from _layers(root, shop, running, engine)


def _compare(shop: BigShop, engine: Service, peer: Service) -> Iterator[dict[str, Any]]:
    """Yield the rows of the figures that both services have."""
    services = {ENGINE: engine, PEER: peer}
    asked, put = itertools.count(), itertools.count()
    figures: dict[str, Figures] = {
        name: {"training, with hold-out (s)": round(service.training_seconds, 1)} for name, service in services.items()
    }

    def ask(service: Service, number: int) -> bytes:
        return _question(service.question, number)

    def put_ten(service: Service, number: int) -> bytes:
        return put_of_ten(shop, number, **service.put)

    limit = _measure_rounds(services, figures, "answers", ask, asked, ASKED)
    rate = round(limit * SHARE_OF_LIMIT)
    for name, service in services.items():
        questions = [ask(service, number) for number in itertools.islice(asked, STEADY_ASKED)]
        outcome = drive(service.port, questions, connections=CONNECTIONS, per_second=rate)
        figures[name] |= _latencies(f"answer at {SHARE_OF_LIMIT:.0%} of the engine's limit", outcome)
        figures[name]["the same: asked per second"] = rate
        figures[name]["the same: answered per second"] = round(outcome.per_second)
    _measure_rounds(services, figures, "puts of 10 events", put_ten, put, PUTS)
    for name, service in services.items():
        figures[name] |= _measure_reactions(Caller(service.port), service)
    for measure, value in figures[ENGINE].items():
        other = figures[PEER][measure]
        yield {"measure": measure, ENGINE: value, PEER: other, RATIO: round(value / other, 2) if other else ""}


def _measure_rounds(
    services: dict[str, Service],
    figures: dict[str, Figures],
    what: str,
    make: Callable[[Service, int], bytes],
    numbers: Iterator[int],
    count: int,
) -> float:
    """Let the services take turns, add the medians of their figures, and return the engine's rate."""
    rounds: dict[str, list[tuple[float, ...]]] = {name: [] for name in services}
    for turn in range(ROUNDS + 1):
        chosen = list(itertools.islice(numbers, count))
        for name, service in services.items():
            requests = [make(service, number) for number in chosen]
            before = cpu_seconds(service.process)
            outcome = drive(service.port, requests, connections=CONNECTIONS)
            used = (cpu_seconds(service.process) - before) / count * 1000
            if outcome.refused:
                raise RuntimeError(f"{name} refused {outcome.refused} {what}")
            if turn:  # in the first, what is first used is made
                rounds[name].append((outcome.per_second, used, outcome.percentile(50), outcome.percentile(99)))
    for name, measured in rounds.items():
        rate, used, half, most = (statistics.median(values) for values in zip(*measured, strict=True))
        figures[name] |= {
            f"{what} per second, at most": round(rate),
            f"{what}: CPU each (ms)": round(used, 3),
            f"{what}, at most: p50 (ms)": half,
            f"{what}, at most: p99 (ms)": most,
        }
    return figures[ENGINE][f"{what} per second, at most"]


def _measure_reactions(caller: Caller, service: Service) -> Figures:
    """Time from sending an event to holding an answer that it has changed."""
    taken: list[float] = []
    for number in range(REACTIONS):
        question = {**service.question, "userId": f"user-{number * 11}"}
        before = caller.rest("/recommendations", question)["itemList"]
        event = {"eventType": "View", "itemId": f"item-{number * 97 % ITEMS}", "sentAt": START + 10**7}
        put = {**service.put, "sessionId": "reaction"} if service.put else {}
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


def _layers(root: Path, shop: BigShop, running: RunningEngine, engine: Service) -> Iterator[dict[str, Any]]:
    """Yield the engine's processor time by layer, for answers and for puts."""
    samples = root / "samples"
    running.start(sampled_into=samples)
    try:
        keep_on_one_core(running.process)
        shares = {}
        puts = range(PUTS * (ROUNDS + 1), PUTS * (ROUNDS + 5))
        for name, requests in (
            ("answers", [_question(engine.question, number) for number in range(ASKED * 4)]),
            ("puts", [put_of_ten(shop, number, **engine.put) for number in puts]),
        ):
            drive(running.port, requests[:ASKED], connections=CONNECTIONS)
            _take_samples(running.process, samples)
            drive(running.port, requests[ASKED:], connections=CONNECTIONS)
            counts = _take_samples(running.process, samples)
            total = sum(counts.values()) or 1
            shares[name] = {layer: f"{count / total:.0%}" for layer, count in counts.items()}
        for layer in sorted(set().union(*shares.values())):
            yield {"processor time of": layer, **{name: found.get(layer, "") for name, found in shares.items()}}
    finally:
        running.stop()


def _take_samples(process: subprocess.Popen[Any], path: Path) -> dict[str, int]:
    path.unlink(missing_ok=True)
    process.send_signal(signal.SIGUSR1)
    while not path.exists():
        time.sleep(0.01)
    counts: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    return counts


def _start_engine(root: Path, shop: BigShop, stack: ExitStack) -> tuple[RunningEngine, Service, dict[str, Any]]:
    """Start an engine with a campaign; return it with the members of a filtered question as well."""
    s3 = FileS3(root / "s3")
    stack.callback(s3.close)
    engine = RunningEngine(root, s3.url)
    stack.callback(engine.stop)
    caller = Caller(engine.port)
    group = make_group(caller)
    import_dataset(caller, group, "Items", put_in_pieces(s3, "items.csv", shop.items_csv()))
    import_dataset(caller, group, "Interactions", put_in_pieces(s3, "events.csv", shop.interactions_csv()))
    campaign, seconds = deploy(caller, group)
    tracker = caller.control("CreateEventTracker", name="bench", datasetGroupArn=group)["trackingId"]
    named = caller.control("CreateFilter", name="bench", datasetGroupArn=group, filterExpression=FILTER)
    caller.settled("DescribeFilter", "filter", filterArn=named["filterArn"])
    question = {"campaignArn": campaign}
    filtered = {**question, "filterArn": named["filterArn"], "filterValues": {"MOST": "50"}}
    return engine, Service(engine.port, engine.process, seconds, question, {"trackingId": tracker}), filtered


def _start_peer(root: Path, shop: BigShop, stack: ExitStack) -> Service:
    arrays = root / "events.npz"
    np.savez(arrays, users=shop.users, items=shop.items)
    command = [str(ROOT / "build/env/peers/bin/python"), str(ROOT / "tests/load/peers/engine_service.py")]
    # Threads that wait for one another on one core would slow it down a hundredfold.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([*command, str(arrays), str(root)], env=environment, stdout=subprocess.PIPE, text=True)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    _, port, seconds = (process.stdout.readline() if process.stdout else "").split()
    return Service(int(port), process, float(seconds), {}, {})


def _latencies(name: str, outcome: Outcome) -> Figures:
    return {f"{name}: p50 (ms)": outcome.percentile(50), f"{name}: p99 (ms)": outcome.percentile(99)}


def _question(asked: dict[str, Any], number: int) -> bytes:
    return post("/recommendations", json.dumps({**asked, "userId": f"user-{number * 7 % USERS}"}).encode())
