from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from deployment.workers.mapping.settings import UNLIMITED, read_mapping
from tests.factories.workers.records import FUNCTION_ARN, STREAM_ARN


def answer(**changes: Any) -> dict[str, Any]:
    return {
        "UUID": "m-1",
        "EventSourceArn": STREAM_ARN,
        "FunctionArn": FUNCTION_ARN,
        "State": "Enabled",
        "StartingPosition": "TRIM_HORIZON",
        "LastModified": datetime(2026, 2, 1, tzinfo=UTC),
        "LastProcessingResult": "OK",
        **changes,
    }


def test_missing_settings_have_the_documented_defaults():
    mapping = read_mapping(answer())

    assert mapping is not None
    assert (mapping.batch_size, mapping.window_seconds, mapping.lanes) == (100, 0, 1)
    assert (mapping.maximum_retries, mapping.maximum_age_seconds) == (UNLIMITED, UNLIMITED)
    assert not mapping.bisect
    assert not mapping.report_failures
    assert mapping.failure_destination is None


def test_all_settings_are_parsed():
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    mapping = read_mapping(
        answer(
            StartingPosition="AT_TIMESTAMP",
            StartingPositionTimestamp=moment,
            BatchSize=7,
            MaximumBatchingWindowInSeconds=3,
            ParallelizationFactor=2,
            MaximumRetryAttempts=0,
            MaximumRecordAgeInSeconds=60,
            BisectBatchOnFunctionError=True,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::bad"}},
            FilterCriteria={"Filters": [{"Pattern": "{}"}]},
        )
    )

    assert mapping is not None
    assert mapping.start_moment == moment.timestamp()
    assert (mapping.batch_size, mapping.window_seconds, mapping.lanes) == (7, 3, 2)
    assert (mapping.maximum_retries, mapping.maximum_age_seconds) == (0, 60)
    assert mapping.bisect
    assert mapping.report_failures
    assert mapping.failure_destination == "arn:aws:s3:::bad"
    assert mapping.patterns == ("{}",)


@pytest.mark.parametrize("changes", [{"State": "Disabled"}, {"EventSourceArn": "arn:aws:sqs:eu-central-1:0:q"}])
def test_a_mapping_that_is_off_or_of_another_source_is_ignored(changes: dict[str, Any]):
    assert read_mapping(answer(**changes)) is None


def test_what_changes_with_every_batch_does_not_make_it_another_mapping():
    assert read_mapping(answer(LastProcessingResult="FAILED")) == read_mapping(answer())
