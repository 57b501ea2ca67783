"""Counts the events at every stage of the pipeline."""

from __future__ import annotations

import re
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import awswrangler

from backend.contract import write_instant
from backend.contract.rules.event_types import FORWARDED_TYPES, IMPRESSION
from deployment.local.demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from deployment.workflow import Progress

_POLL_SECONDS = 1.0
_TIMEOUT_SECONDS = 240.0

_COUNT = """
SELECT count(*) AS all_rows,
       count(DISTINCT event_id) AS distinct_events,
       count(DISTINCT IF(event_type IN ({types})
           OR (event_type <> '{impression}' AND user_id IS NOT NULL AND session_id IS NOT NULL),
           event_id)) AS forwarded,
       count(DISTINCT IF(received_at >= timestamp :since, event_id)) AS in_run
FROM events
""".format(types=", ".join(f"'{name}'" for name in sorted(FORWARDED_TYPES)), impression=IMPRESSION)

_COUNT_BAD_ROWS = """
SELECT count(*) AS bad_rows
FROM bad_rows
WHERE written_by = 'collect' AND ingest_date >= :day AND received_at >= :since
"""


@dataclass(frozen=True)
class LakeCounts:
    """Counts of events in the raw lake.

    Parameters
    ----------
    rows
        Rows, including repeated deliveries.
    forwarded
        Distinct event ids that reach the event tracker: of its types, or of a user in a session.
    distinct_in_run
        Distinct event ids that the API received since the run began.
    """

    rows: int
    distinct: int
    forwarded: int
    distinct_in_run: int


class AthenaClient:
    """Runs queries on Athena, as an analyst does from Python."""

    def __init__(self, database: str, workgroup: str) -> None:
        self._database = database
        self._workgroup = workgroup

    def rows(self, sql: str, **parameters: str) -> list[dict[str, Any]]:
        """Run a query, with `:name` for each parameter, and return its rows."""
        frame = awswrangler.athena.read_sql_query(
            sql, database=self._database, workgroup=self._workgroup, ctas_approach=False, params=parameters or None
        )
        return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)]

    def count(self, since: datetime) -> LakeCounts:
        """Count the events of the raw lake, and those received since a time."""
        row = self.rows(_COUNT, since=since.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3])[0]
        return LakeCounts(int(row["all_rows"]), int(row["distinct_events"]), int(row["forwarded"]), int(row["in_run"]))

    def count_bad_rows(self, since: datetime) -> int:
        """Count what the API has refused and kept since a time."""
        (row,) = self.rows(_COUNT_BAD_ROWS, day=f"{since:%Y-%m-%d}", since=write_instant(since))
        return int(row["bad_rows"])


def count_tracked_events(engine_url: str, dataset_group: str) -> int:
    """Return the number of distinct events in a dataset group's event tracker, from the engine's metrics."""
    with urllib.request.urlopen(f"{engine_url}/metrics", timeout=10) as answer:  # noqa: S310 - our own URL
        text = answer.read().decode()
    pattern = rf'^personalize_events_stored{{[^}}]*dataset_group="[^"]*{re.escape(dataset_group)}"[^}}]*}} (\S+)$'
    sample = re.search(pattern, text, re.MULTILINE)
    if not sample:
        raise DemoError(f"The engine counts no events for dataset group {dataset_group}: see {engine_url}/metrics.")
    return int(float(sample[1]))


def wait_for_count(count: Callable[[], int], expected: int, progress: Progress) -> int:
    """Poll a count until it reaches the expected one, or has not changed for minutes; return the last count."""
    last, changed = -1, time.monotonic()
    while True:
        now = count()
        progress.show(now, expected)
        if now >= expected:
            return now
        if now != last:
            last, changed = now, time.monotonic()
        elif time.monotonic() - changed > _TIMEOUT_SECONDS:
            return now
        time.sleep(_POLL_SECONDS)
