"""Builds the curated tables from a window of arrivals: merges, derives, checks, publishes and counts."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts import lake
from scripts.curated import publication
from scripts.curated.accounts import Accounts
from scripts.curated.builds import write_builds
from scripts.curated.context import find_context
from scripts.curated.events import count_copies, count_raw, read_raw, split_copies
from scripts.curated.marts import arrivals
from scripts.curated.marts.staging import Marts
from scripts.curated.marts.versions import has_records, read_versions
from scripts.curated.sessions import (
    EVENT_ORDER,
    add_facts,
    add_order,
    add_parts,
    add_users,
    add_visits,
    mark_busy_days,
)
from scripts.curated.tables import DAY, Tables, changed_days, compare, run_together, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import DataFrame, SparkSession

    from scripts.curated.context import Context
    from scripts.curated.options import CurateOptions

MAX_DAYS = 100
"""Event days that are built and published at a time, the oldest first."""

ROWS_PER_TASK = 250_000
"""Events that a task sorts in memory."""


class NoEventsError(RuntimeError):
    """The lake has no event at all."""


def curate(spark: SparkSession, options: CurateOptions) -> dict[str, Any]:
    """Merge the events that arrived within a window into the curated tables, and return the run's manifest.

    The rows of the tables do not depend on how arrivals are divided into windows, on the order of the windows, or on
    how often one runs.
    """
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    # A run that failed in the same session has left tables that were kept, with lists of the files of that time.
    spark.catalog.clearCache()
    options = replace(options, window=options.window.in_hours())
    tables = Tables(spark, options.curated, options.run_id)
    with tables.files.lock():
        return _curate(tables, options)


def _curate(tables: Tables, options: CurateOptions) -> dict[str, Any]:
    recovered = publication.recover(tables.files)
    raw = read_raw(tables.spark, options.lake, options.window)
    before = tables.latest_whole("item_versions")
    versions = ("item_versions", "user_versions")
    counted, *staged = run_together(
        partial(count_raw, raw), *(partial(_stage_versions, tables, options, table) for table in versions)
    )
    accounts = Accounts(options.window, counted)
    for table, built in zip(versions, staged, strict=True):
        accounts.add_built(table, built)
    has_events = accounts.read or tables.days("clean_events")
    if not has_events and not lake.has_files(tables.spark, f"{options.lake}events/"):
        raise NoEventsError(f"{options.lake}events/ holds no event; post events, and wait for Firehose to deliver them")
    first = _find_first_change(tables, before)
    days = accounts.days_to_merge()
    for some in _in_chunks(days):
        _build_days(tables, options, raw, some, accounts)
    _publish_arrivals(tables, accounts, {day for day in accounts.read if day} - {*days})
    if first:
        _publish_item_days(tables, options, accounts, first)
    _publish_served(tables, options, accounts)
    # Last, so that a run after one that was killed finds the versions changed, and builds the days that they change.
    publication.publish(tables.files, tables.run_id, tables.replacements_whole())
    accounts.check_published(tables)
    write_builds(tables, options, accounts.rows())
    return {"recovered": recovered, **accounts.manifest(options)}


def _build_days(tables: Tables, options: CurateOptions, raw: DataFrame, new_days: set[str], accounts: Accounts) -> None:
    """Merge the new events of some days, and publish all days that change."""
    spark = tables.spark
    tables.staged = {}
    new = raw.where(~F.col("is_refused") & F.col(DAY).isin(sorted(new_days))).drop("is_refused")
    context = find_context(tables, new, new_days)
    known = tables.published("clean_events", context.inner)
    in_window = lake.is_within("received_at", options.window)
    counts = known.groupBy(DAY).agg(F.count("*"), F.sum(in_window.cast("long"))).collect()
    accounts.add_known({row[0]: row[2] for row in counts})
    tables.sizes = {row[0]: row[1] for row in counts}
    for day in new_days:
        tables.sizes[day] = tables.sizes.get(day, 0) + accounts.read[day][0]
    partitions = max(spark.sparkContext.defaultParallelism, sum(tables.sizes.values()) // ROWS_PER_TASK)
    spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    unique, copies = split_copies(known, new)
    accounts.add_copies(count_copies(copies, options.window) if copies else {}, new_days)
    events = _resolve(unique, copies, context)
    is_late = F.date_format("received_at", "yyyy-MM-dd") > F.col(DAY)
    facts = {
        "arrived": F.count_if(in_window),
        "late": F.count_if(in_window & is_late),
        "bots": F.count_if(in_window & F.col("is_bot")),
    }
    built = tables.stage("clean_events", events, context.inner, EVENT_ORDER, mark_busy_days, **facts)
    accounts.add_built("clean_events", built)
    accounts.check_staged()
    run_together(
        partial(_stage_arrivals, tables, accounts, new_days),
        partial(Marts(tables, options, accounts).stage, context),
    )
    publication.publish(tables.files, tables.run_id, tables.replacements())
    spark.catalog.clearCache()


def _resolve(unique: DataFrame, copies: DataFrame | None, context: Context) -> DataFrame:
    """Return the clean events of the inner days, but for the marks of busy days."""
    events = unique.drop("is_new")
    if copies:
        events = events.unionByName(copies.where("copy = 1").select(*events.columns))
    if context.outer_days:
        events = events.unionByName(context.outer.select(*events.columns))
    events = add_visits(add_users(add_parts(add_order(events))))
    return add_facts(events.where(F.col(DAY).isin(sorted(context.inner))))


def _stage_versions(tables: Tables, options: CurateOptions, table: str) -> dict[None, dict[str, Any]]:
    """Stage the versions of items or users, where the raw lake has records of them, and return what was built."""
    if not has_records(tables.spark, options.lake, table):
        return {}
    rows = read_versions(tables.spark, options.lake, table)
    return {None: tables.stage_whole(table, rows, schema_of(table).names[:2])}


def _find_first_change(tables: Tables, before: DataFrame) -> str | None:
    """Return the first day whose items have other versions than before."""
    if "item_versions" not in tables.staged_whole or not tables.days("item_days"):
        return None
    compared = (F.date_format("valid_from", "yyyy-MM-dd").alias("day"), "item_id", "valid_from", "category", "brand")
    new, old = tables.latest_whole("item_versions").select(*compared), before.select(*compared)
    return next(iter(changed_days(*compare(new, old, "day"))), None)


def _stage_arrivals(tables: Tables, accounts: Accounts, days: set[str]) -> None:
    rows = arrivals.to_arrivals(tables, accounts.arrivals, days)
    accounts.add_built("arrivals", tables.stage("arrivals", rows, days, arrivals.ORDER))


def _publish_arrivals(tables: Tables, accounts: Accounts, days: set[str]) -> None:
    """Publish the arrivals of days whose rows are all refused, so that the days are not built."""
    for some in _in_chunks(days):
        tables.staged = {}
        _stage_arrivals(tables, accounts, some)
        publication.publish(tables.files, tables.run_id, tables.replacements())


def _in_chunks(days: Iterable[str]) -> Iterable[set[str]]:
    """Return at most so many days at a time, the oldest first."""
    ordered = sorted(days)
    return ({*ordered[start : start + MAX_DAYS]} for start in range(0, len(ordered), MAX_DAYS))


def _publish_served(tables: Tables, options: CurateOptions, accounts: Accounts) -> None:
    """Publish the days of exposures that no new event has changed but whose served lists have arrived."""
    for some in _in_chunks(Marts(tables, options, accounts).find_served_days()):
        tables.staged = {}
        Marts(tables, options, accounts).stage_served(some)
        publication.publish(tables.files, tables.run_id, tables.replacements())
    tables.spark.catalog.clearCache()


def _publish_item_days(tables: Tables, options: CurateOptions, accounts: Accounts, first: str) -> None:
    """Publish the days of items that no new event has changed but whose items have other versions."""
    later = {day for day in tables.days("item_days") - {*accounts.built["item_days"]} if day >= first}
    for some in _in_chunks(later):
        tables.staged = {}
        Marts(tables, options, accounts).stage_items(some)
        publication.publish(tables.files, tables.run_id, tables.replacements())
