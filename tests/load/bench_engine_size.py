"""Memory and time of the engine with 5 million events and 200,000 items: `make bench ONLY=engine_size`."""

from __future__ import annotations

import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes.s3 import FileS3
from tests.load.big_shop import BigShop
from tests.load.engine.http_load import drive
from tests.load.engine.running_engine import (
    Caller,
    RunningEngine,
    deploy,
    import_dataset,
    make_group,
    put_in_pieces,
    put_of_ten,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ITEMS, USERS, EVENTS = 200_000, 100_000, 5_000_000
STREAMED, SENDERS = 1_000_000, 32


def run() -> list[dict[str, Any]]:
    """Fill an engine, train, stream a million events, restart it, and return one row per figure."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        s3 = FileS3(root / "s3")
        engine = RunningEngine(root, s3.url)
        try:
            shop = BigShop.draw(ITEMS, USERS, EVENTS)
            figures = _fill(engine, s3, shop)
            small = engine.resident_mib()
            tracker = Caller(engine.port).control("ListEventTrackers")["eventTrackers"][0]["eventTrackerArn"]
            described = Caller(engine.port).control("DescribeEventTracker", eventTrackerArn=tracker)["eventTracker"]
            named = {"trackingId": described["trackingId"]}
            puts = [put_of_ten(shop, number, **named) for number in range(STREAMED // 10)]
            outcome = drive(engine.port, puts, connections=SENDERS)
            figures["events streamed per second"] = round(outcome.per_second * 10)
            figures["memory per million streamed events (MiB)"] = round(engine.resident_mib() - small)
            figures["engine, most resident memory (MiB)"] = round(engine.peak_mib())
            engine.process.kill()
            engine.process.wait()
            figures["start again after SIGKILL (s)"] = round(engine.start(), 1)
            figures["engine after the start (MiB)"] = round(engine.resident_mib())
            figures["engine while it started, at most (MiB)"] = round(engine.peak_mib())
        finally:
            engine.stop()
            s3.close()
    return [{"measure": name, "5 million events, 200,000 items": value} for name, value in figures.items()]


def _fill(engine: RunningEngine, s3: FileS3, shop: BigShop) -> dict[str, float]:
    caller = Caller(engine.port)
    group = make_group(caller)
    items = put_in_pieces(s3, "items.csv", shop.items_csv())
    events = put_in_pieces(s3, "events.csv", shop.interactions_csv())
    figures = {"import of the items (s)": round(import_dataset(caller, group, "Items", items), 1)}
    figures["import of the events (s)"] = round(import_dataset(caller, group, "Interactions", events), 1)
    figures["engine after the imports (MiB)"] = round(engine.resident_mib())
    with _worker_memory(engine) as samples:
        _, seconds = deploy(caller, group)
    figures["training, with hold-out (s)"] = round(seconds, 1)
    figures["training process, most resident memory (MiB)"] = round(max(samples))
    figures["engine with a campaign (MiB)"] = round(engine.resident_mib())
    caller.control("CreateEventTracker", name="bench", datasetGroupArn=group)
    return figures


@contextmanager
def _worker_memory(engine: RunningEngine) -> Iterator[list[float]]:
    """Sample the memory of the engine's workers in MiB, ten times a second."""
    samples = [0.0]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            samples.extend(engine.workers_mib())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()
