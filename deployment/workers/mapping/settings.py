"""The settings of an event-source mapping, parsed from the API's response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping as Answer

DEFAULT_BATCH_SIZE = 100
"""Lambda developer guide, "Lambda parameters for Amazon Kinesis Data Streams event source mappings"."""

UNLIMITED = -1
"""The default of retries and of record age: retry until the record expires from the stream."""

REPORT_FAILURES = "ReportBatchItemFailures"


@dataclass(frozen=True)
class Mapping:
    """One enabled mapping from a stream to a function; two that are equal need no restart.

    Parameters
    ----------
    uuid, stream_arn, function_arn
        The mapping, its source and its function (with a version or alias where it names one).
    latest
        Whether it begins at its creation rather than at the oldest record.
    start_moment
        Epoch seconds to begin at, for AT_TIMESTAMP.
    lanes
        The number of batches of one shard that are processed at once, each with its own partition keys.
    maximum_retries, maximum_age_seconds
        The limits after which a batch is discarded, or `UNLIMITED`.
    failure_destination
        ARN of the destination of discarded batches, or None.
    patterns
        Filter patterns, of which a record must match one; without any, every record passes.
    """

    uuid: str
    stream_arn: str
    function_arn: str
    latest: bool = False
    start_moment: float | None = None
    batch_size: int = DEFAULT_BATCH_SIZE
    window_seconds: int = 0
    lanes: int = 1
    maximum_retries: int = UNLIMITED
    maximum_age_seconds: int = UNLIMITED
    bisect: bool = False
    report_failures: bool = False
    failure_destination: str | None = None
    patterns: tuple[str, ...] = ()

    @property
    def reader(self) -> str:
        """The name under which its positions are stored."""
        return f"mapping/{self.uuid}"


def read_mapping(answer: Answer[str, Any]) -> Mapping | None:
    """Parse an entry of ListEventSourceMappings; None if it is not enabled or its source is not a Kinesis stream."""
    stream_arn = answer.get("EventSourceArn", "")
    if answer.get("State") != "Enabled" or not _is_stream(stream_arn):
        return None
    moment = answer.get("StartingPositionTimestamp")
    destination = (answer.get("DestinationConfig") or {}).get("OnFailure") or {}
    filters = (answer.get("FilterCriteria") or {}).get("Filters") or []
    return Mapping(
        uuid=answer["UUID"],
        stream_arn=stream_arn,
        function_arn=answer["FunctionArn"],
        latest=answer.get("StartingPosition") == "LATEST",
        start_moment=moment.timestamp() if moment is not None else None,
        batch_size=answer.get("BatchSize") or DEFAULT_BATCH_SIZE,
        window_seconds=answer.get("MaximumBatchingWindowInSeconds") or 0,
        lanes=answer.get("ParallelizationFactor") or 1,
        maximum_retries=_limit(answer.get("MaximumRetryAttempts")),
        maximum_age_seconds=_limit(answer.get("MaximumRecordAgeInSeconds")),
        bisect=bool(answer.get("BisectBatchOnFunctionError")),
        report_failures=REPORT_FAILURES in (answer.get("FunctionResponseTypes") or []),
        failure_destination=destination.get("Destination"),
        patterns=tuple(filter_["Pattern"] for filter_ in filters if filter_.get("Pattern")),
    )


def _limit(value: int | None) -> int:
    return UNLIMITED if value is None else value


def _is_stream(arn: str) -> bool:
    # A stream consumer's ARN (enhanced fan-out) continues after the stream's name: .../consumer/name:1
    return arn.startswith("arn:") and arn.split(":")[2] == "kinesis" and "/consumer/" not in arn
