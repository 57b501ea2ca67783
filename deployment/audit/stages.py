"""The sightings of events in the ledger and at each stage, one by one, whatever their number."""

from __future__ import annotations

import csv
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from backend.contract import Refusal, event_id_of, read_instant, read_streamed_event
from backend.contract.accounting.ledger import read_ledger
from backend.replay.sources import Objects, StreamWindow, failure_sources
from deployment.audit.comparison import FAILED, HISTORY, LAKE, STREAM, TRACKER
from deployment.audit.partitions import Sighting
from model.engine.storage.event_log.records import EventRecord
from model.engine.storage.event_log.segments import LogReader, list_segments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from backend.contract import Event

DAY_SECONDS = 24 * 60 * 60

MARGIN = timedelta(hours=1)
"""Around the window, for clocks that differ and for events that were sent at its ends."""

_ROWS = """
SELECT event_id, coalesce(user_id, ''), coalesce(session_id, ''), cast("timestamp" AS varchar), ingest_date, ingest_hour
FROM events
WHERE ingest_date BETWEEN '{first_day}' AND '{last_day}'
  AND received_at >= timestamp '{since}' AND received_at < timestamp '{until}'
"""
_POLL_SECONDS = 0.5


class Window:
    """The sendings of the ledger that an audit compares, by the time of the API's answer; `ledger` fits it to them."""

    def __init__(self, since: datetime | None = None, until: datetime | None = None) -> None:
        self._limits = (since, until)
        self.first = self.last = since or datetime.now(UTC)
        self.sendings: Counter[str] = Counter()
        self.without_id = 0

    def ledger(self, lines: Iterable[bytes]) -> Iterator[Sighting]:
        """Yield the sendings in the window that have an event id; fit the window to all, and count them by outcome."""
        since, until = self._limits
        is_empty = True
        for entry in read_ledger(lines):
            answered_at, sent_at = read_instant(entry.answered_at), read_instant(entry.sent_at)
            if (since is not None and answered_at < since) or (until is not None and answered_at >= until):
                continue
            self.first = sent_at if is_empty else min(self.first, sent_at)
            self.last = answered_at if is_empty else max(self.last, answered_at)
            is_empty = False
            self.sendings[entry.outcome] += 1
            if entry.event_id is not None:
                yield Sighting(entry.event_id, entry.outcome, answered_at.timestamp(), event_type=entry.event_type)
            elif entry.outcome == "accepted":
                self.without_id += 1


def in_stream(client: Any, stream: str, window: Window, now: datetime) -> Iterator[Sighting]:
    """Yield what the stream holds; aggregates one by one, and what is no event not at all."""
    source = StreamWindow("stream", client, stream, window.first - MARGIN, now)
    for chunk in source.chunks(None):
        for record in chunk.records:
            arrived_at = record.arrived_at or now
            event = read_streamed_event(record.payload, arrived_at=arrived_at)
            if not isinstance(event, Refusal):
                yield Sighting(event_id_of(event), STREAM, arrived_at.timestamp(), _identity_of(event))


def is_beyond_retention(client: Any, stream: str, window: Window, now: datetime) -> bool:
    """Return whether the stream has deleted events of the window."""
    summary = client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    return window.first < now - timedelta(hours=summary["RetentionPeriodHours"])


def in_lake(athena: Any, s3: Any, database: str, workgroup: str, window: Window) -> Iterator[Sighting]:
    """Yield the rows of the lake that were received in the window; the hour of their partition is their arrival."""
    since, until = window.first - MARGIN, window.last + MARGIN
    sql = _ROWS.format(
        first_day=f"{since:%Y-%m-%d}",
        last_day=f"{datetime.now(UTC):%Y-%m-%d}",
        since=f"{since:%Y-%m-%d %H:%M:%S}.000",
        until=f"{until:%Y-%m-%d %H:%M:%S}.000",
    )
    for event_id, user_id, session_id, moment, day, hour in _query(athena, s3, sql, database, workgroup):
        # Of an arrival only the hour is known; its end would make events late that are not.
        arrived_at = datetime.fromisoformat(day).replace(hour=int(hour), tzinfo=UTC).timestamp()
        yield Sighting(event_id, LAKE, arrived_at, f"{user_id}\n{session_id}\n{moment}")


def failed(s3: Any, bad_rows_bucket: str, lake_bucket: str, window: Window) -> Iterator[Sighting]:
    """Yield the accepted events that forward refused or gave back, and that Firehose could not deliver."""
    for source in failure_sources(s3, bad_rows_bucket, lake_bucket, window.first - MARGIN):
        if isinstance(source, Objects) and source.prefix == "collect/":
            continue  # what collect refuses it does not accept
        for chunk in source.chunks(None):
            for record in chunk.records:
                event = read_streamed_event(record.payload, arrived_at=record.arrived_at or window.last)
                if not isinstance(event, Refusal):
                    place = FAILED[LAKE if record.stage == "lake" else TRACKER]
                    yield Sighting(event_id_of(event), place)


def in_engine(directory: Path) -> Iterator[Sighting]:
    """Yield every event in the logs of an engine's directory, which may be running."""
    for log in sorted((directory / "groups").glob("*/streamed")):
        for record in LogReader(list_segments(log), growing=True):
            if type(record) is EventRecord:
                yield Sighting(record.event_id, TRACKER)


def in_history(dynamodb: Any, table: str, days: int, window: Window, now: datetime) -> Iterator[Sighting]:
    """Yield the history of events that arrived since the window began; `days` after their arrival they expire.

    It reads the whole table, which costs half a read unit per 4 KiB, about 0.04 USD a million events.
    """
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="expires_at BETWEEN :first AND :last",
        ExpressionAttributeValues={
            ":first": {"N": str(int((window.first - MARGIN).timestamp()) + days * DAY_SECONDS)},
            ":last": {"N": str(int(now.timestamp()) + days * DAY_SECONDS + DAY_SECONDS)},
        },
    )
    for page in pages:
        for item in page["Items"]:
            moment, _, event_id = item["moment"]["S"].partition("#")
            if moment.isdecimal():  # others are notes of forward
                user = item["person"]["S"]
                yield Sighting(event_id, HISTORY, None, f"{user}\n{moment}")


def forward_counts(
    cloudwatch: Any, namespace: str, names: Iterable[str], window: Window, now: datetime
) -> dict[str, int]:
    """Return forward's outcomes since the window began, from its metrics."""
    ids = {f"m{number}": name for number, name in enumerate(names)}
    queries = [
        {
            "Id": each,
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace,
                    "MetricName": name,
                    "Dimensions": [{"Name": "service", "Value": "forward"}],
                },
                "Period": 3600,
                "Stat": "Sum",
            },
        }
        for each, name in ids.items()
    ]
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=window.first.replace(minute=0, second=0, microsecond=0), EndTime=now
    )
    counts = dict.fromkeys(ids.values(), 0)
    for page in pages:
        for result in page["MetricDataResults"]:
            counts[ids[result["Id"]]] += int(sum(result["Values"]))
    return counts


def _identity_of(event: Event) -> str:
    return f"{event.user_id or ''}\n{event.session_id or ''}\n{event.timestamp.isoformat()}"


def _query(athena: Any, s3: Any, sql: str, database: str, workgroup: str) -> Iterator[list[str]]:
    """Run a query and yield its rows from the file of its results."""
    started = athena.start_query_execution(
        QueryString=sql, QueryExecutionContext={"Database": database}, WorkGroup=workgroup
    )
    while True:
        execution = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
        state = execution["Status"]["State"]
        if state == "SUCCEEDED":
            break
        if state in {"FAILED", "CANCELLED"}:
            raise QueryFailedError(f"Athena: {state} {execution['Status'].get('StateChangeReason', '')}")
        time.sleep(_POLL_SECONDS)
    bucket, _, key = execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
    lines = s3.get_object(Bucket=bucket, Key=key)["Body"].iter_lines()
    rows = csv.reader(line.decode() for line in lines)
    next(rows, None)
    yield from rows


class QueryFailedError(Exception):
    """Athena could not run the query; the message has its reason."""
