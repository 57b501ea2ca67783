"""Counts the outcome of every raw row of a run: refused, a duplicate, or a clean event."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from scripts import lake
from scripts.curated.tables import DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Row

    from scripts.arguments import Window
    from scripts.curated.options import CurateOptions
    from scripts.curated.tables import Tables

Day = str | None
Facts = dict[str, dict[str, Any]]


class UnaccountedError(RuntimeError):
    """Rows of a source are neither in the table that is built from it nor counted as left out."""


class Accounts:
    """The counts of a run, by event day.

    Attributes
    ----------
    arrivals
        From `count_raw`.
    read
        Rows of the raw lake within the window, and the refused among them, by day; None is the day of rows without a
        time.
    built
        By table and day: the rows, whether the day's files are replaced, and sums over its rows.
    """

    def __init__(self, window: Window, arrivals: list[Row]) -> None:
        self.window = window
        self.arrivals = arrivals
        self.read: dict[Day, tuple[int, int]] = {}
        for row in arrivals:
            read, refused = self.read.get(row[DAY], (0, 0))
            self.read[row[DAY]] = (read + row["rows_in"], refused + row["refused"])
        self.merged: set[str] = set()
        self.known: dict[str, int] = {}
        self.superseded: Counter[str] = Counter()
        self.duplicates: Counter[str] = Counter()
        self.conflicts: Counter[str] = Counter()
        self.built: defaultdict[str, dict[Day, dict[str, Any]]] = defaultdict(dict)

    def days_to_merge(self) -> list[str]:
        """Return the days with a new event that is not refused, the oldest first."""
        return sorted(day for day, (read, refused) in self.read.items() if day is not None and read > refused)

    def add_known(self, counts: Mapping[str, int]) -> None:
        """Record how many published events of days arrived within the window, before the run changes them."""
        for day, known in counts.items():
            self.known.setdefault(day, 0 if day in self.merged else known)

    def add_copies(self, counts: Mapping[str, Mapping[str, int]], new_days: set[str]) -> None:
        """Record the copies that are not kept; `new_days` are the days whose new events are merged now."""
        for day, found in counts.items():
            self.duplicates[day] += found["duplicates"]
            self.conflicts[day] += found["conflicts"]
            if day in self.merged:  # the known events of the window are rows that this run has read
                self.duplicates[day] += found["superseded"]
                self.conflicts[day] += found["superseded_conflicts"]
            else:
                self.superseded[day] += found["superseded"]
        self.merged |= new_days

    def add_built(self, table: str, built: Mapping[Any, dict[str, Any]]) -> None:
        """Record the days of a table that were built."""
        for day, facts in built.items():
            earlier = self.built[table].get(day, {})
            self.built[table][day] = {**facts, "changed": facts["changed"] or earlier.get("changed", False)}

    def check_staged(self) -> None:
        """Compare the staged clean events with the raw rows, and the visits with the clean events."""
        for day, facts in self.built["clean_events"].items():
            self._check("clean_events", day, self._unaccounted(day, facts["arrived"] or 0))

    def check_source(self, table: str, source: Mapping[str, int], measure: str = "rows") -> None:
        """Compare a table's rows, or a sum over them, with a count of its source by day."""
        for day, expected in source.items():
            facts = self.built[table].setdefault(day, {"rows": 0, measure: 0, "changed": False})
            facts["source"], facts["unaccounted"] = expected, expected - (facts[measure] or 0)
            self._check(table, day, facts["unaccounted"])

    def check_published(self, tables: Tables) -> None:
        """Compare the clean events, read back from the table, with the raw rows."""
        days = [day for day in self.built["clean_events"] if day]
        arrived = tables.published("clean_events", days).where(lake.is_within("received_at", self.window))
        found = {row[DAY]: row["count"] for row in arrived.groupBy(DAY).count().collect()}
        for day in days:
            self.built["clean_events"][day]["arrived"] = found.get(day, 0)
            self._check("clean_events", day, self._unaccounted(day, found.get(day, 0)))

    def rows_out(self, day: Day) -> int:
        """Return the clean events of a day that are rows of this run's window."""
        arrived = self.built["clean_events"].get(day, {}).get("arrived")
        return int(arrived or 0) - self._older(day)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row of the table of builds for each table and day that the run read or changed."""
        changed = {day for day, facts in self.built["clean_events"].items() if facts["changed"]}
        found = [self._events_row(day) for day in sorted({*self.read, *changed}, key=str)]
        for table, days in self.built.items():
            if table != "clean_events":
                found += [_derived_row(table, day, facts) for day, facts in days.items() if facts["changed"]]
        return found

    def manifest(self, options: CurateOptions) -> dict[str, Any]:
        """Return the sums of the run as JSON values."""
        events = [row for row in self.rows() if row["table_name"] == "clean_events"]
        sums = ("rows_in", "duplicates", "conflicts", "refused", "late", "bots", "rows_out", "unaccounted")
        first_day = str(options.first_day) if options.first_day else ""
        return {
            "run_id": options.run_id,
            "window": options.window.as_dict(),
            **{name: sum(row[name] for row in events) for name in sums},
            "before_start": sum(
                row["rows_out"] for row in events if row["event_date"] and row["event_date"] < first_day
            ),
            "rewritten": {
                table: sorted(day for day, facts in days.items() if day and facts["changed"])
                for table, days in self.built.items()
            },
        }

    def _events_row(self, day: Day) -> dict[str, Any]:
        facts = self.built["clean_events"].get(day, {})
        read, refused = self.read.get(day, (0, 0))
        duplicates = self.duplicates[day] if day else 0
        out = self.rows_out(day)
        return {
            "table_name": "clean_events",
            "event_date": day,
            "rows_in": read,
            "duplicates": duplicates,
            "conflicts": self.conflicts[day] if day else 0,
            "refused": refused,
            "late": facts.get("late") or 0,
            "bots": facts.get("bots") or 0,
            "rows_out": out,
            "unaccounted": read - refused - duplicates - out,
            "rewritten": facts.get("changed", False),
        }

    def _unaccounted(self, day: Day, arrived: int) -> int:
        read, refused = self.read.get(day, (0, 0)) if day in self.merged else (0, 0)
        return read - refused - (self.duplicates[day] if day else 0) - (arrived - self._older(day))

    def _older(self, day: Day) -> int:
        """Return the published events of the window that the run has not read, as the raw lake lacks them."""
        return self.known.get(day, 0) - self.superseded[day] if day else 0

    def _check(self, table: str, day: Day, unaccounted: int) -> None:
        if unaccounted:
            raise UnaccountedError(
                f"{table} of {day}: {unaccounted} rows of its source are neither in it nor counted as left out; "
                "run the same window again, and look for another run that writes the tables at the same time"
            )


def _derived_row(table: str, day: Day, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "table_name": table,
        "event_date": day,
        "rows_in": facts.get("source"),
        "duplicates": 0,
        "conflicts": 0,
        "refused": 0,
        "late": 0,
        "bots": 0,
        "rows_out": facts["rows"],
        "unaccounted": facts.get("unaccounted"),
        "rewritten": True,
    }
