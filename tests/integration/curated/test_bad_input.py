"""Lakes that are empty, damaged, of an earlier version, or stranger than any shop."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from scripts.curated import publication
from scripts.curated.build import NoEventsError
from tests.factories.analytics.lake import write_served
from tests.factories.analytics.scenario import event
from tests.factories.data_sets.lakes import FIRST_SCHEMA, SCHEMA, write_events, write_lines
from tests.fakes.jobs.local_files import KilledError
from tests.integration.curated.builder import Builder

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.timeout(900)  # A test waits for up to two runs of the job, of about 40 Spark jobs each.

STRANGE = [
    event("new", "2026-11-01 10:00:01", "View", "i", user_id="u", device="phone"),
    event("epoch", "1970-01-01 00:00:00", "View", "i", user_id="u"),
    event("apart", "2026-10-20 00:00:00", "View", "i", user_id="u"),
    event("denied", "2026-11-01 10:00:02", "View", "i", user_id="u", consent="denied"),
    event("userless", "2026-11-01 10:00:03", "View", "i"),
    {**event("typeless", "2026-11-01 10:00:03", "View", "i", user_id="u"), "event_type": None},
    {**event("timeless", "2026-11-01 10:00:03", "View", "i", user_id="u"), "timestamp": None},
    event("shown", "2026-11-01 10:00:05", "Impression", user_id="u", recommendation_id="r", impression=["i"]),
    *[event(f"many-{n}", "2026-11-01 10:00:06", "Purchase", "i", user_id="u", quantity=2**63 - 1) for n in (1, 2)],
    *[event("storm", "2026-11-01 10:00:04", "View", "i", user_id="u", session_id="s")] * 3_000,
]


RECORDS = [
    {"item_id": "i", "category": "Boots", "received_at": "2026-11-01T09:00:00.0009Z"},
    {"item_id": "i", "category": "Shoes", "price": "12.5", "received_at": "2026-11-01T09:00:00Z"},
    {"item_id": "j", "category": "Hats", "price": "free", "received_at": "yesterday"},
]


@pytest.fixture(scope="module")
def strange(spark, tmp_path_factory):
    """Build a lake of files of its first version and of this one, an event of 1970, and rows that are no events."""
    build = Builder(spark, tmp_path_factory.mktemp("strange"))
    write_events(build.lake, [event("old", "2026-11-01 10:00:00", "View", "i", user_id="u")], schema=FIRST_SCHEMA)
    write_events(build.lake, STRANGE)
    return build, build("strange", first_day=date(2026, 1, 1))


def test_a_lake_without_any_event_is_an_error(spark, tmp_path):
    with pytest.raises(NoEventsError, match="holds no event; post events"):
        Builder(spark, tmp_path)()


def test_strange_rows_are_kept_counted_or_refused(strange):
    build, manifest = strange

    assert (manifest["refused"], manifest["duplicates"], manifest["conflicts"]) == (4, 2_999, 0)
    assert (manifest["rows_out"], manifest["before_start"]) == (8, 1)
    events = {row["event_id"]: (row["event_date"], row["device"]) for row in build.read("clean_events")}
    assert events == {
        "old": ("2026-11-01", None),
        "new": ("2026-11-01", "phone"),
        "epoch": ("1970-01-01", None),
        "apart": ("2026-10-20", None),
        "storm": ("2026-11-01", None),
        "shown": ("2026-11-01", None),
        "many-1": ("2026-11-01", None),
        "many-2": ("2026-11-01", None),
    }
    refused = {row["event_date"]: row["refused"] for row in build.read("builds") if row["refused"]}
    assert refused == {"2026-11-01": 3, None: 1}


def test_a_column_of_another_type_fails_the_run_by_the_name_of_its_file_and_changes_nothing(strange):
    build, _ = strange
    before = build.files()
    row = event("more", "2026-11-05 10:00:00", "View", "i", user_id="u")
    text = SCHEMA.set(SCHEMA.get_field_index("event_value"), pa.field("event_value", pa.string()))
    write_events(build.lake, [row], schema=text)
    (damaged,) = (build.lake / "events/ingest_date=2026-11-05").rglob("*.parquet")

    with pytest.raises((Py4JJavaError, PySparkException)) as error:
        build("damaged")
    damaged.unlink()

    assert damaged.name in str(error.value)
    assert build.files() == before
    assert {row["run_id"] for row in build.read("builds")} == {"strange"}


def test_a_window_without_events_changes_nothing(strange):
    build, _ = strange
    before = build.files()

    manifest = build("empty", start=NOON, end=NOON + timedelta(hours=1))

    assert manifest["rows_in"] == 0
    assert not any(manifest["rewritten"].values())
    assert build.files() == before


def test_a_run_after_one_that_failed_and_one_that_was_killed_has_all_that_has_arrived(strange, monkeypatch):
    # Given a folder that is no day, a file of an older schema, days that were deleted, and a late event
    build, _ = strange
    (build.curated / "item_days/event_date=today").mkdir()
    notes = build.curated / "clean_events/notes.txt"
    notes.write_text("no table")
    (old,) = (build.curated / "clean_events/event_date=1970-01-01").glob("*.parquet")
    rows = pq.ParquetFile(old).read().drop_columns(["device", "slot"])
    pq.write_table(rows, old, use_deprecated_int96_timestamps=True)
    old.with_name(f".{old.name}.crc").unlink(missing_ok=True)
    visits = [row for row in build.read("visits") if row["event_date"] == "2026-10-20"]
    for table in ("visits", "user_days"):
        shutil.rmtree(build.curated / table / "event_date=2026-10-20")
    late = event("next", "1970-01-01 00:00:01", "View", "i", "2026-11-06 00:00:00", user_id="u")
    write_events(build.lake, [late])
    # and records and a served list that arrive after the events that they belong to
    write_lines(build.lake, "items", "late", *RECORDS)
    moment = datetime(2026, 11, 1, 10, tzinfo=UTC)
    listed = {"served_id": "1", "served_at": moment, "route": "a", "recommendation_id": "r", "version": "b"}
    write_served(build.lake, [listed])

    # When a run meets a foreign file, one without new events is killed after its first publication, and one completes
    foreign = old.with_name("export.csv")
    foreign.write_text("event_id")
    before = build.files()
    with pytest.raises((Py4JJavaError, PySparkException), match=r"export\.csv"):
        build("foreign", datetime(2026, 11, 6, tzinfo=UTC))
    assert build.files() == before
    foreign.unlink()
    with monkeypatch.context() as patched, suppress(KilledError):
        patched.setattr(publication, "publish", _publish_once())
        build("killed", NOON + timedelta(days=1), NOON + timedelta(days=1, hours=1))
    build("late")
    notes.unlink()

    # Then the days have the late event, the item's category and the served list, and what was deleted is built again
    events = {row["event_id"]: row["slot"] for row in build.read("clean_events") if row["event_date"] == "1970-01-01"}
    assert events == {"epoch": None, "next": None}
    versions = {
        (row["item_id"], row["category"], row["price"], f"{row['valid_from']:%m-%d %H:%M}")
        for row in build.read("item_versions")
    }
    assert versions == {("i", "Shoes", 12.5, "11-01 09:00"), ("j", "Hats", None, "11-01 00:00")}
    item_days = {row["event_date"]: (row["category"], row["units"]) for row in build.read("item_days")}
    assert item_days == {"1970-01-01": (None, 0), "2026-10-20": (None, 0), "2026-11-01": ("Shoes", 2**63 - 1)}
    (shown,) = build.read("exposures")
    assert (shown["served"], shown["served_route"], shown["served_version"]) == (True, "a", "b")
    assert [row for row in build.read("visits") if row["event_date"] == "2026-10-20"] == visits


def _publish_once():
    """Return a replacement of `publication.publish` that ends the process at its second call with changes."""
    publish = publication.publish
    done: list[None] = []

    def publish_once(files, run_id, replacements):
        if done and replacements:
            raise KilledError
        publish(files, run_id, replacements)
        done.extend([None] * bool(replacements))

    return publish_once
