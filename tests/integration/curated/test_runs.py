"""Runs over windows in any order, again, in chunks of days, and after one that was killed: the rows of one run."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.curated import build as job
from scripts.curated import publication
from tests.factories.analytics import reference
from tests.factories.analytics.comparison import count_rows
from tests.factories.analytics.events_and_visits import LATE, LATE_REWRITTEN, LATE_SECOND_RUN
from tests.factories.analytics.scenario import event
from tests.fakes.jobs.local_files import KilledError
from tests.integration.curated.builder import TABLES, Builder

MIDNIGHT = datetime(2026, 11, 2, tzinfo=UTC)
TYPES = ("View", "View", "Click", "Impression", "AddToCart", "Purchase", "Search")


def draw_events(rng, names):
    """Return events of a few sessions and users around three midnights, with copies, conflicts and late arrivals."""
    events = []
    for number in range(names * 12):
        name = rng.randrange(names)
        moment = MIDNIGHT + timedelta(days=rng.choice([0, 0, 0, 1, 2]), minutes=rng.randrange(-90, 90, 10))
        kind = rng.choice(TYPES)
        fields = {
            "user_id": rng.choice([None, f"u{name}", f"v{name}"]),
            "session_id": rng.choice([None, f"s{name}", f"s{name}", f"t{name}"]),
            "recommendation_id": rng.choice([None, f"r{name}"]),
            "impression": [f"i{name}", "j"] if kind == "Impression" or rng.random() < 0.2 else None,
            "event_value": 2.5 if kind == "Purchase" else None,
        }
        if fields["user_id"] is None and fields["session_id"] is None:
            fields["session_id"] = f"s{name}"
        item = None if kind in {"Impression", "Search"} else f"i{name}"
        row = event(f"e{number}", f"{moment:%Y-%m-%d %H:%M:%S}", kind, item, **fields)
        row["received_at"] = moment + timedelta(hours=rng.choice([0, 0, 0, 1, 30, 70]), seconds=rng.randrange(60))
        events.append(row)
        if rng.random() < 0.15:
            events.append({**row, "received_at": row["received_at"] + timedelta(hours=rng.choice([0, 1, 26]))})
        if rng.random() < 0.1:
            other = timedelta(days=rng.choice([0, -1, 1]))
            events.append({**row, "timestamp": moment + other, "received_at": row["received_at"] + timedelta(hours=2)})
    return events


@pytest.mark.timeout(900)  # Four runs of the job, one of them in chunks, of about 40 Spark jobs each.
@settings(max_examples=1, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_windows_in_any_order_and_a_killed_run_give_the_rows_of_one_run(spark, tmp_path_factory, monkeypatch, seed):
    # Given the tables that the reference builds at once from a lake
    rng = Random(seed)
    drawn = draw_events(rng, names=60)
    build = Builder(spark, tmp_path_factory.mktemp("parts"))
    build.write_events([*LATE.events, *drawn])
    whole = reference.build(build.lake)

    # When the earliest arrivals are merged, then the latest in chunks of days, and then those between by a killed run
    middle = rng.choice(drawn)["received_at"]
    build("earliest", None, LATE_SECOND_RUN)
    before = build.files()
    with monkeypatch.context() as patched:
        patched.setattr(job, "MAX_DAYS", 4)
        build("latest", middle, None)
    with monkeypatch.context() as patched, suppress(KilledError):
        patched.setattr(publication, "replace", _replace_one())
        build("between", LATE_SECOND_RUN, middle)
    manifest = build("between", LATE_SECOND_RUN, middle)

    # Then the last run has completed the journal and changed nothing, and only days with new rows have new files
    assert manifest["recovered"] == ["between"]
    assert not any(manifest["rewritten"].values())
    for name in TABLES:
        expected = whole[name].to_pylist()
        columns = list(expected[0]) if expected else []
        assert (name, count_rows(build.read(name), columns)) == (name, count_rows(expected, columns))
    keys = [(row["run_id"], row["table_name"], row["event_date"]) for row in build.read("builds")]
    assert len(keys) == len({*keys})
    written = {path for path, _ in build.files().items() - before.items()}
    of_march = {path.split("/")[1] for path in written if path.startswith("clean_events/event_date=2026-03")}
    assert of_march == {f"event_date={day}" for day in LATE_REWRITTEN}


def _replace_one():
    """Return a replacement of `publication.replace` that ends the process at the second day of a journal."""
    replace = publication.replace
    done: list[None] = []

    def replace_one(files, replacement):
        if done:
            raise KilledError
        done.append(replace(files, replacement))

    return replace_one
