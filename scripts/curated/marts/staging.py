"""Stages the tables that follow from the clean events, on the days that changed events can change them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts import lake
from scripts.curated.context import DAYS_AROUND
from scripts.curated.days import around, span
from scripts.curated.events import broadcast_if_small
from scripts.curated.generated import ATTRIBUTION_DAYS
from scripts.curated.marts import conversions, days, exposures, visits
from scripts.curated.tables import DAY, run_together, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import DataFrame

    from scripts.curated.accounts import Accounts
    from scripts.curated.context import Context
    from scripts.curated.options import CurateOptions
    from scripts.curated.tables import Tables

_SOURCES = {
    "visits": ("visit_index = 1", "rows"),
    "conversions": ("event_type IN ('AddToCart', 'Purchase')", "rows"),
    "user_days": ("true", "events"),
    "item_days": ("item_id IS NOT NULL AND NOT is_bot AND event_type <> 'Impression'", "interactions"),
}
"""Which clean events a table is built from, and what must be as many: its rows, or a sum over them."""


@dataclass(frozen=True)
class Marts:
    """Stages tables of a run; each reads the ones before it as they will be published."""

    tables: Tables
    options: CurateOptions
    accounts: Accounts

    def stage(self, context: Context) -> None:
        """Stage all tables that follow from the clean events, on the staged days and those whose users' days are lost.

        A day with events has rows of users' days, so that a folder that was deleted is noticed without a read.
        """
        lost = self._with_events(context.inner) - self.tables.days("user_days")
        changed = self._changed("clean_events") | lost
        if not changed:
            return
        self._stage_visits(context)
        reached = self._days_of_visits()
        self._stage_exposures(changed, reached)
        moved = changed | self._changed("exposures")
        run_together(
            partial(self._stage_conversions, moved, reached),
            partial(self._stage_user_days, moved),
            partial(self._stage_item_days, moved),
        )
        self._check_sources(context.inner)

    def stage_items(self, wanted: set[str]) -> None:
        """Stage the days of items alone, whose versions have changed."""
        self._stage_item_days(wanted)
        self._check_sources(set())

    def stage_served(self, wanted: set[str]) -> None:
        """Stage the days of exposures alone, whose served lists have arrived."""
        self._stage_exposures(set(), wanted)

    def find_served_days(self) -> set[str]:
        """Return the days of published exposures that are not served and whose list is among the window's arrivals."""
        tables, folder = self.tables, self.options.lake
        arrived = lake.find_days_of_served_lists(tables.spark, folder, self.options.window, exposures.DELIVERY_DAYS)
        nearby = around(arrived, exposures.DELIVERY_DAYS, DAYS_AROUND) & tables.days("exposures")
        if not nearby:
            return set()
        served = lake.read_served_lists(tables.spark, folder, arrived).select("recommendation_id").distinct()
        unserved = tables.published("exposures", nearby).where("NOT served")
        found = unserved.join(broadcast_if_small(served), "recommendation_id", "left_semi").select(DAY).distinct()
        return {row[DAY] for row in found.collect()}

    def _stage_item_days(self, wanted: set[str]) -> None:
        tables = self.tables
        events, shown = tables.latest("clean_events", wanted), tables.latest("exposures", wanted)
        rows = days.to_item_days(events, shown, tables.latest_whole("item_versions"), self.options.currency)
        built = tables.stage("item_days", rows, wanted, days.ITEM_ORDER, interactions=F.sum("interactions"))
        self.accounts.add_built("item_days", built)

    def _stage_visits(self, context: Context) -> None:
        """Stage the visits with an event on an inner day; one that began on another day replaces its row there."""
        tables = self.tables
        outer = context.outer.select(*schema_of("clean_events").names)
        events = tables.latest("clean_events", context.inner).unionByName(outer)
        rows = visits.to_visits(events, context.inner, self.options.currency)
        if context.outer_days:
            kept = tables.published("visits", context.outer_days)
            kept = kept.join(rows.select("visit"), "visit", "left_anti")
            rows = rows.select(*kept.columns).unionByName(kept)
        last = F.max(F.date_format("ended_at", "yyyy-MM-dd"))
        built = tables.stage("visits", rows, context.inner | context.outer_days, visits.ORDER, last=last)
        self.accounts.add_built("visits", built)

    def _stage_exposures(self, changed: set[str], reached: set[str]) -> None:
        tables = self.tables
        wanted = self._with_events(around(changed, 1, 0) | reached | self._days_of_lists(changed))
        # A showing after the first counts for the day of the first.
        later = self._with_events(around(wanted, 0, DAYS_AROUND))
        served = lake.read_served_lists(
            tables.spark, self.options.lake, around(wanted, DAYS_AROUND, exposures.DELIVERY_DAYS)
        )
        events = tables.latest("clean_events", later)
        rows = exposures.to_exposures(events, self._bots(later), exposures.collect_served(served))
        rows = rows.where(F.col(DAY).isin(sorted(wanted)))
        before = around(wanted, DAYS_AROUND, 0) - wanted
        earlier = tables.published("exposures", before).select(*exposures.KEY)
        rows = rows.join(earlier, [*exposures.KEY], "left_anti")
        built = tables.stage("exposures", rows, wanted | changed, exposures.ORDER)
        self.accounts.add_built("exposures", built)

    def _stage_conversions(self, moved: set[str], reached: set[str]) -> None:
        tables = self.tables
        wanted = self._with_events(around(moved, 0, ATTRIBUTION_DAYS) | reached)
        events = tables.latest("clean_events", around(wanted, ATTRIBUTION_DAYS, 0))
        shown = tables.latest("exposures", around(wanted, ATTRIBUTION_DAYS + 1, 0))
        rows = conversions.to_conversions(events, shown, self._bots(wanted), wanted)
        built = tables.stage("conversions", rows, wanted | moved, conversions.ORDER)
        self.accounts.add_built("conversions", built)

    def _stage_user_days(self, wanted: set[str]) -> None:
        tables = self.tables
        events, shown = tables.latest("clean_events", wanted), tables.latest("exposures", wanted)
        rows = days.to_user_days(events, shown, self.options.currency)
        built = tables.stage("user_days", rows, wanted, days.USER_ORDER, events=F.sum("events"))
        self.accounts.add_built("user_days", built)

    def _check_sources(self, inner: set[str]) -> None:
        """Compare the tables that were built with counts of the clean events that they follow from."""
        days_of = {"visits": inner} | {
            table: {day for day in self.accounts.built[table] if day} for table in _SOURCES if table != "visits"
        }
        events = self.tables.latest("clean_events", set().union(*days_of.values()))
        sums = [F.count_if(F.expr(condition)).alias(table) for table, (condition, _) in _SOURCES.items()]
        counted = {row[DAY]: row for row in events.groupBy(DAY).agg(*sums).collect()}
        for table, (_, measure) in _SOURCES.items():
            source = {day: counted[day][table] for day in days_of[table] if day in counted}
            self.accounts.check_source(table, source, measure)

    def _changed(self, table: str) -> set[str]:
        return {*self.tables.staged.get(table, {})}

    def _with_events(self, wanted: Iterable[str]) -> set[str]:
        return {*wanted} & (self.tables.days("clean_events") | self._changed("clean_events"))

    def _days_of_visits(self) -> set[str]:
        """Return the days of the visits that start on changed days: their marks are those of all their events."""
        built = self.accounts.built["visits"]
        last = {day: built[day]["last"] for day in self._changed("visits") if built[day]["last"]}
        return {day for first, end in last.items() for day in span(first, end)}

    def _days_of_lists(self, changed: set[str]) -> set[str]:
        """Return the days of the published exposures of what is or was shown on changed days."""
        tables = self.tables
        beside = around(changed, DAYS_AROUND, DAYS_AROUND) - changed
        if not beside & tables.days("exposures"):
            return set()
        shown = tables.latest("clean_events", changed).unionByName(tables.published("clean_events", changed))
        keys = broadcast_if_small(exposures.find_showings(shown).select(*exposures.KEY).distinct())
        found = tables.published("exposures", beside)
        found = found.join(keys, [*exposures.KEY], "left_semi").select(DAY).distinct()
        return {row[DAY] for row in found.collect()}

    def _bots(self, wanted: Iterable[str]) -> DataFrame:
        """Return `visit` and `is_bot` of the bots' visits with events on some days."""
        visits_before = self.tables.latest("visits", around(wanted, DAYS_AROUND, 0))
        return visits_before.where("is_bot").select("visit", "is_bot")
