"""What a served list adds to the time of an answer, on the laptop's AWS.

The same answers with and without their served lists, in turns, of the emulator's DynamoDB and Firehose and of campaigns
that answer at once. An answer of the recommender is stored at the same time; one of the cache is not, so that it waits
for its served list alone. On loopback a call takes the emulator's time, on AWS that of the network and of Firehose.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.recommend.filters import PublishedFilters
from backend.recommend.lookup import Tables
from backend.recommend.models.custom import CustomModel
from backend.recommend.requests import RecommendationRequest
from backend.recommend.serve import RecommendDependencies, serve
from backend.recommend.served_lists import ServedLists
from backend.recommend.visitors.fact_lists import FactLists
from tests.fakes.emulator.process import Emulator, free_port
from tests.fakes.functions.serving import campaign_arns
from tests.fakes.personalize import FakeRuntime

if TYPE_CHECKING:
    from collections.abc import Callable

    from backend.aws.deadline import Deadline
    from backend.contract.lines.served_lists import ServedList

ANSWERS = 400
STREAM = "served-lists"
KEYS = {"history": ("person", "moment"), "entities": ("entity",), "answers": ("question",)}
MINUTE = 60_000


@dataclass(frozen=True)
class NoServedLists(ServedLists):
    """Accepts every served list without a call."""

    def write(self, served: ServedList, deadline: Deadline) -> bool:
        """Do nothing."""
        return True


def run() -> list[dict[str, Any]]:
    """Measure answers of the recommender and of the cache."""
    with tempfile.TemporaryDirectory() as folder:
        emulator = Emulator(Path(folder) / "cloud", free_port())
        try:
            emulator.start()
            with_lists = _dependencies(emulator)
            without = replace(with_lists, served_lists=NoServedLists(with_lists.served_lists.client, STREAM))
            return [
                # Each asks again when the stored answer is older than a minute, or within it.
                _row("recommender", with_lists, without, lambda number: number * 2 * MINUTE),
                _row("cache", with_lists, without, lambda _: ANSWERS * 4 * MINUTE),
            ]
        finally:
            if emulator.process is not None:
                emulator.process.kill()
                emulator.process.wait()


def _row(
    source: str, with_lists: RecommendDependencies, without: RecommendDependencies, moment_of: Callable[[int], int]
) -> dict[str, Any]:
    seconds: dict[bool, list[float]] = {True: [], False: []}
    lost = 0
    numbers = itertools.count(1)
    for _ in range(ANSWERS):
        for is_listing in (True, False):
            now = 1_800_000_000_000 + moment_of(next(numbers))
            began = time.perf_counter()
            answered = serve(RecommendationRequest("popular"), with_lists if is_listing else without, now, "request-1")
            seconds[is_listing].append(time.perf_counter() - began)
            lost += not answered.is_listed
    p50 = {kind: statistics.median(times) * 1000 for kind, times in seconds.items()}
    p99 = {kind: statistics.quantiles(times, n=100)[98] * 1000 for kind, times in seconds.items()}
    return {
        "answers from": source,
        "answers": ANSWERS,
        "p50 ms with": p50[True],
        "p50 ms without": p50[False],
        "added p50 ms": p50[True] - p50[False],
        "added p99 ms": p99[True] - p99[False],
        "lost": lost,
    }


def _dependencies(emulator: Emulator) -> RecommendDependencies:
    dynamodb, firehose = emulator.client("dynamodb"), emulator.client("firehose")
    for table, keys in KEYS.items():
        roles = zip(keys, ("HASH", "RANGE"), strict=False)
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[{"AttributeName": key, "KeyType": role} for key, role in roles],
        )
    destination = {"RoleARN": "arn:aws:iam::000000000000:role/delivery", "BucketARN": "arn:aws:s3:::none"}
    firehose.create_delivery_stream(DeliveryStreamName=STREAM, ExtendedS3DestinationConfiguration=destination)
    runtime: Any = FakeRuntime([f"item-{number}" for number in range(100)])
    tables = Tables(*KEYS)
    return RecommendDependencies(
        dynamodb,
        runtime,
        tables,
        campaign_arns(),
        {},
        CustomModel(lambda: None, dynamodb, tables),
        frozenset(campaign_arns().values()),
        PublishedFilters(emulator.client("ssm"), "/filters", time.monotonic),
        ServedLists(firehose, STREAM),
        FactLists(lambda: emulator.client("s3"), "datasets", time.monotonic),
    )
