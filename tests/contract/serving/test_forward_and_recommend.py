"""recommend reads the tables that forward writes: an event changes the next answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from backend.aws.deadline import Deadline
from backend.forward.forwarding import ForwardDependencies, forward_batch
from backend.forward.tracking_id import TrackingId
from backend.http import NotFoundError
from backend.recommend.filters import PublishedFilters
from backend.recommend.health import check_health
from backend.recommend.models.custom import CustomModel
from backend.recommend.requests import RecommendationRequest
from backend.recommend.serve import RecommendDependencies, serve
from backend.recommend.served_lists import ServedLists
from backend.recommend.visitors.fact_lists import FactLists
from tests.factories.lambda_events import kinesis_record
from tests.factories.records import numbered_event
from tests.fakes.functions.firehose import FakeFirehose
from tests.fakes.functions.serving import TABLES, campaign_arns
from tests.fakes.personalize import FakeRuntime, FakeTracker

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator

KEYS = {"history": ("person", "moment"), "entities": ("entity",), "answers": ("question",)}
PARAMETER = "/rivulet/local/tracking-id"
NOW = 1_800_000_000_000


class Pipeline:
    """Forward and recommend over one emulator, and over a tracker and campaigns in memory."""

    def __init__(self, emulator: Emulator) -> None:
        self.dynamodb = emulator.client("dynamodb")
        self.s3 = emulator.client("s3")
        self.ssm = emulator.client("ssm")
        self.tracker = FakeTracker("tracker-1")
        self.firehose = FakeFirehose("served-lists")
        self.runtime = FakeRuntime([f"item-{n}" for n in range(50)])
        fakes: Any = self
        self.forward_dependencies = ForwardDependencies(
            events=fakes.tracker,
            dynamodb=self.dynamodb,
            s3=self.s3,
            tracking_id=TrackingId(self.ssm, PARAMETER, time.monotonic),
            history_table="history",
            history_days=30,
            bad_rows_bucket="bad-rows",
        )
        filters = PublishedFilters(self.ssm, "/rivulet/local/filters", time.monotonic)
        self.dependencies = RecommendDependencies(
            self.dynamodb,
            fakes.runtime,
            TABLES,
            campaign_arns(),
            {},
            CustomModel(lambda: None, self.dynamodb, TABLES),
            frozenset(campaign_arns().values()),
            filters,
            ServedLists(fakes.firehose, "served-lists"),
            FactLists(lambda: self.s3, "datasets", time.monotonic),
        )

    def create(self) -> None:
        for table, keys in KEYS.items():
            self.dynamodb.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                KeySchema=[
                    {"AttributeName": key, "KeyType": role} for key, role in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
            )
        self.s3.create_bucket(
            Bucket="bad-rows", CreateBucketConfiguration={"LocationConstraint": self.s3.meta.region_name}
        )

    def forward(self, *records: dict[str, Any]) -> Any:
        return forward_batch(records, self.forward_dependencies, Deadline.after(30))

    def ask(self, at: int) -> Any:
        return serve(RecommendationRequest("recommendations", user_id="ann"), self.dependencies, at, "request-1").body


@pytest.fixture(scope="module")
def pipeline(shared_emulator: Emulator) -> Pipeline:
    pipeline = Pipeline(shared_emulator)
    pipeline.create()
    return pipeline


def test_an_event_changes_the_next_answer(pipeline: Pipeline):
    # Without a tracker nothing is lost, and no user is known.
    records = [kinesis_record(0, *(numbered_event(n) for n in range(30))), kinesis_record(1, b"}", numbered_event(40))]
    assert pipeline.forward(*records).retried == 32
    with pytest.raises(NotFoundError):
        pipeline.ask(NOW)

    # With one, events arrive, bad rows are kept, and the user is known.
    pipeline.ssm.put_parameter(Name=PARAMETER, Value="tracker-1", Type="String")
    outcome = pipeline.forward(*records)
    assert (outcome.forwarded, outcome.bad, outcome.unaccounted, outcome.first_failed) == (31, 1, 0, None)
    bad_rows = pipeline.s3.list_objects_v2(Bucket="bad-rows")["Contents"]
    assert [listed["Key"].split("/")[0] for listed in bad_rows] == ["forward"]
    assert pipeline.ask(NOW)["source"] == "recommender"
    assert pipeline.ask(NOW + 1000)["source"] == "cache"

    # The same batch again changes nothing; a new event changes the next answer.
    pipeline.forward(*records)
    assert pipeline.ask(NOW + 1000)["source"] == "cache"
    pipeline.forward(kinesis_record(2, numbered_event(50)))
    assert pipeline.ask(NOW + 1001)["source"] == "recommender"

    # The last good answer is the fallback while the recommender fails.
    pipeline.runtime.missing.add(pipeline.dependencies.campaigns["recommendations"])
    assert pipeline.ask(NOW + 10_000)["source"] == "last_good"


def test_health(pipeline: Pipeline):
    assert check_health(pipeline.dependencies, NOW)["status"] == "ready"
