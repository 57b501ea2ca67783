"""Where the events are: counted at every stage, and added up."""

from __future__ import annotations

import re
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import awswrangler

from deployment.local.demo.failure import DemoError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from deployment.local.provision import Progress

_POLL_SECONDS = 1.0
_PATIENCE_SECONDS = 240.0

_COUNT = """
SELECT count(*) AS all_rows,
       count(DISTINCT event_id) AS distinct_events,
       count(DISTINCT IF(received_at >= timestamp :since, event_id)) AS in_run
FROM events
"""


@dataclass(frozen=True)
class Lake:
    """Events in the raw lake.

    Parameters
    ----------
    rows
        Rows, those delivered twice included.
    distinct
        Different event ids.
    distinct_in_run
        Different event ids among those that the door took since the run began.
    """

    rows: int
    distinct: int
    distinct_in_run: int


class Lakehouse:
    """Asks Athena, as an analyst would from Python.

    Parameters
    ----------
    database
        Glue database.
    workgroup
        Athena work group; its limit on what a query may scan holds here too.
    """

    def __init__(self, database: str, workgroup: str) -> None:
        self._database = database
        self._workgroup = workgroup

    def rows(self, sql: str, **parameters: str) -> list[dict[str, Any]]:
        """Run a query, with `:name` for each parameter, and return its rows."""
        frame = awswrangler.athena.read_sql_query(
            sql, database=self._database, workgroup=self._workgroup, ctas_approach=False, params=parameters or None
        )
        return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)]

    def count(self, since: datetime) -> Lake:
        """Count the events of the raw lake, and those that the door took since a moment."""
        row = self.rows(_COUNT, since=since.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3])[0]
        return Lake(int(row["all_rows"]), int(row["distinct_events"]), int(row["in_run"]))


def tracked(engine_url: str, dataset_group: str) -> int:
    """Return how many different events the event tracker of a dataset group holds, from the engine's metrics.

    Raises
    ------
    DemoError
        If the engine does not tell.
    """
    with urllib.request.urlopen(f"{engine_url}/metrics", timeout=10) as answer:  # noqa: S310 - our own URL
        text = answer.read().decode()
    pattern = rf'^personalize_events_stored{{[^}}]*dataset_group="[^"]*{re.escape(dataset_group)}"[^}}]*}} (\S+)$'
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise DemoError(f"The engine counts no events for dataset group {dataset_group}: see {engine_url}/metrics.")
    return int(float(found[1]))


def wait_until(count: Callable[[], int], wanted: int, progress: Progress) -> int:
    """Count again until all have come, or until none has come for minutes; return the last count."""
    last, changed = -1, time.monotonic()
    while True:
        now = count()
        progress.show(now, wanted)
        if now >= wanted:
            return now
        if now != last:
            last, changed = now, time.monotonic()
        elif time.monotonic() - changed > _PATIENCE_SECONDS:
            return now
        time.sleep(_POLL_SECONDS)
