"""Runs over windows in any order, some of which overlap, over a damaged file, and after one that was killed.

The tables equal those of the reference, which DuckDB builds at once from the whole lake. The lake and its windows are
drawn: `RIVULET_CURATED_SEEDS=10 python -m pytest tests/integration/curated/test_windows.py` tries ten of them.
"""

from __future__ import annotations

import csv
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow.parquet as pq
import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from scripts.arguments import Window
from scripts.curated import build as job
from scripts.curated import publication
from tests.factories.analytics import reference
from tests.factories.analytics.comparison import count_rows
from tests.factories.analytics.generated_lake import generate_lake
from tests.factories.analytics.hostile_lake import draw_rows, write_hostile
from tests.factories.analytics.lake import write_arrivals, write_served
from tests.factories.analytics.scenarios import SCENARIOS
from tests.factories.data_sets.lakes import write_lines
from tests.factories.data_sets.shared_data import FOLDER, shared
from tests.fakes.jobs.local_files import KilledError
from tests.integration.curated.builder import TABLES, Builder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.factories.analytics.scenario import Fields

CURRENCY = "EUR"
YOOCHOOSE = "yoochoose-100k"
SESSIONS = 1_000
SEEDS = range(int(os.environ.get("RIVULET_CURATED_SEEDS", "1")))

pytestmark = pytest.mark.timeout(900)  # The first test waits for runs of the job, of about 40 Spark jobs each.


class Built(NamedTuple):
    """The rows of both by table, the rows of `builds`, and by run the rows that arrived in its window and were read."""

    tables: dict[str, tuple[list[Fields], list[Fields]]]
    builds: list[Fields]
    read: list[tuple[int, int]]


@pytest.fixture(scope="module", params=SEEDS)
def built(spark, tmp_path_factory, request):
    """Build one lake by Spark, window by window, and by the reference."""
    rng = Random(request.param)
    build = Builder(spark, tmp_path_factory.mktemp("lake"))
    windows = _draw_windows(rng, *_write_lake(build.lake, rng), is_first=request.param == 0)
    arrivals = _read_arrivals(build.lake)
    whole = reference.build(build.lake, CURRENCY)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(job, "MAX_DAYS", 30)
        _fail_on_a_truncated_file(build, windows, rng)
        manifests = [_run(build, f"run-{number}", window) for number, window in enumerate(windows[:-1])]
    manifests.append(_run_after_a_killed_one(build, windows[-1], rng))
    expected = [sum(_is_within(moment, window) for moment in arrivals) for window in windows]
    return Built(
        {name: (build.read(name), whole[name].to_pylist()) for name in TABLES},
        build.read("builds"),
        list(zip(expected, [manifest["rows_in"] for manifest in manifests], strict=True)),
    )


@pytest.mark.parametrize("name", TABLES)
def test_the_table_equals_that_of_the_reference(name, built):
    rows, expected = built.tables[name]
    columns = list(expected[0]) if expected else []

    assert count_rows(rows, columns) == count_rows(expected, columns)


def test_every_row_that_arrived_is_read_and_accounted_for(built):
    keys = [(row["run_id"], row["table_name"], row["event_date"]) for row in built.builds]

    assert all(expected == found for expected, found in built.read)
    assert len(keys) == len({*keys})
    assert {row["unaccounted"] for row in built.builds} <= {0, None}


def test_the_clicks_of_a_real_shop_are_among_the_events(built):
    shared(YOOCHOOSE)
    events, _ = built.tables["clean_events"]

    assert len({row["session_id"] for row in events if "2014" <= row["event_date"] < "2015"}) == SESSIONS


def _run(build: Builder, run_id: str, window: Window) -> dict[str, Any]:
    """Run the job, and check that the files that it replaced have other rows than before."""
    before, rows = build.files(), _read_files(build)
    manifest = build(run_id, window.start, window.end, currency=CURRENCY)
    written = {path for path, _ in build.files().items() - before.items()}
    assert not [path for path in written if path in rows and rows[path].equals(pq.read_table(build.curated / path))]
    return manifest


def _fail_on_a_truncated_file(build: Builder, windows: list[Window], rng: Random) -> None:
    """Run the job on a window with a truncated file, check that it names the file and changes nothing, and mend it.

    It is the first window with a file: two cuts in one hour have none between them.
    """
    files = sorted(_event_files(build.lake))
    among = ((window, [path for path in files if _is_within(_partition(path), window)]) for window in windows)
    window, paths = next((window, paths) for window, paths in among if paths)
    damaged = rng.choice(paths)
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-100])
    with pytest.raises((Py4JJavaError, PySparkException)) as error:
        build("damaged", window.start, window.end)
    damaged.write_bytes(whole)
    assert damaged.name in str(error.value)
    assert not build.files()


def _run_after_a_killed_one(build: Builder, window: Window, rng: Random) -> dict[str, Any]:
    """Run the job, killed while it publishes; then once more, which completes the journal and finds no day to change.

    The killed run has not published the arrivals of days whose rows are all refused. A run that publishes few days may
    end before it is killed; the next has nothing to complete then.
    """
    recovered = ["killed"]
    with pytest.MonkeyPatch.context() as patched, suppress(KilledError):
        patched.setattr(publication, "replace", _replace_some(rng.randrange(4)))
        build("killed", window.start, window.end, currency=CURRENCY)
        recovered = []
    manifest = build("killed", window.start, window.end, currency=CURRENCY)
    assert manifest["recovered"] == recovered
    assert {table for table, days in manifest["rewritten"].items() if days} <= {"arrivals"}
    return manifest


def _replace_some(count: int) -> Any:
    """Return a replacement of `publication.replace` that ends the process after so many days of a journal."""
    replace = publication.replace
    done: list[None] = []

    def replace_some(files: Any, replacement: Any) -> None:
        if len(done) == count:
            raise KilledError
        done.append(replace(files, replacement))

    return replace_some


def _draw_windows(rng: Random, ordinary: list[Fields], hostile: list[Fields], *, is_first: bool) -> list[Window]:
    """Return windows of arrivals, which together are the whole lake; some overlap.

    The first lake has two: a large one, then a small one of earlier arrivals; others have up to four in any order.
    """
    cuts = [rng.choice(hostile)["received_at"]]
    if not is_first:
        cuts += [rng.choice([*ordinary, *hostile])["received_at"] for _ in range(rng.randrange(3))]
    cuts.sort()
    starts = [None, *(cut - timedelta(hours=rng.choice([0, 3, 30])) for cut in cuts)]
    windows = [Window(*window).in_hours() for window in zip(starts, [*cuts, None], strict=True)]
    windows.reverse()
    if not is_first:
        rng.shuffle(windows)
    return windows


def _is_within(moment: datetime, window: Window) -> bool:
    return (window.start is None or window.start <= moment) and (window.end is None or moment < window.end)


def _event_files(lake: Path) -> list[Path]:
    return sorted((lake / "events").rglob("*.parquet"))


def _partition(path: Path) -> datetime:
    """Return the hour of the partition of a file."""
    day, hour = (folder.name.partition("=")[2] for folder in (path.parents[1], path.parents[0]))
    return datetime.fromisoformat(f"{day}T{hour}:00:00+00:00")


def _read_arrivals(lake: Path) -> list[datetime]:
    """Return the time at which each row of the lake arrived."""
    arrivals: list[datetime] = []
    for path in _event_files(lake):
        table = pq.read_table(path, partitioning=None, coerce_int96_timestamp_unit="us")
        known = "received_at" in table.column_names
        moments = table["received_at"].to_pylist() if known else [None] * table.num_rows
        arrivals += [moment.replace(tzinfo=UTC) if moment else _partition(path) for moment in moments]
    return arrivals


def _read_files(build: Builder) -> dict[str, Any]:
    return {path: pq.read_table(build.curated / path) for path in build.files()}


def _write_lake(lake: Path, rng: Random) -> tuple[list[Fields], list[Fields]]:
    """Write scenarios, a generated shop, clicks of a real shop and hostile rows; return the last apart."""
    generated = generate_lake()
    clicks = _read_clicks() if (FOLDER / YOOCHOOSE).is_dir() else []
    ordinary = [*(row for scenario in SCENARIOS for row in scenario.events), *generated.events]
    write_arrivals(lake, [*ordinary, *clicks])
    hostile = draw_rows(rng, names=60)
    write_hostile(lake, hostile, rng)
    write_served(lake, [*(row for scenario in SCENARIOS for row in scenario.served), *generated.served])
    for kind in ("items", "users"):
        records = [row for scenario in SCENARIOS for row in getattr(scenario, kind)]
        write_lines(lake, kind, "request-1", *records, *getattr(generated, kind))
    return ordinary, hostile


def _read_clicks() -> list[Fields]:
    """Return clicks of a real shop as views, each received two seconds later and every hundredth once more."""
    with (FOLDER / YOOCHOOSE / "yoochoose-clicks-100k_train_full.txt").open(encoding="utf-8") as file:
        clicks = list(csv.DictReader(file, delimiter="\t"))
    sessions = set(list(dict.fromkeys(row["SessionId"] for row in clicks))[:SESSIONS])
    views = [_view(number, row) for number, row in enumerate(clicks) if row["SessionId"] in sessions]
    return [*views, *({**row, "received_at": row["received_at"] + timedelta(days=1)} for row in views[::100])]


def _view(number: int, row: dict[str, str]) -> Fields:
    moment = datetime.fromtimestamp(float(row["Time"]), UTC)
    return {
        "event_id": f"click-{number:06}",
        "session_id": row["SessionId"],
        "item_id": row["ItemId"],
        "timestamp": moment,
        "event_type": "View",
        "consent": "granted",
        "received_at": moment + timedelta(seconds=2),
    }
