"""The packaged job, started as Glue starts it, on a generated stream; compared with an oracle in plain Python."""

import json
import subprocess
import sys
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backend.contract import Event, event_id_of, read_event
from backend.contract.rules.identity import find_owners, in_time_order
from data.generator import Settings, generate
from scripts.event_types import INTERACTION_TYPES
from tests.factories.data_sets.lakes import read_csv, write_events, write_lines
from tests.factories.data_sets.small_spark import glue_environment

ROOT = Path(__file__).parents[3]
SETTINGS = Settings(
    items=120, users=80, events=4_000, days=6, until=datetime(2026, 11, 1, tzinfo=UTC), repeated=0.1, late=0.1
)


def accepted_rows() -> list[dict[str, Any]]:
    """Return the rows that collect and Firehose would write to the lake, some of them twice."""
    rows = []
    for number, raw in enumerate(generate(SETTINGS).events):
        if raw.outcome == "accepted":
            event = read_event(raw.payload, now=datetime.now(UTC))
            assert isinstance(event, Event)
            row = msgspec.structs.asdict(event)
            row["event_id"] = event_id_of(event)
            row["properties"] = None
            row["received_at"] = datetime.fromtimestamp(raw.arrival_ms / 1000, UTC)
            rows.append(row)
            if number % 50 == 0:
                rows.append({**row, "received_at": row["received_at"] + timedelta(minutes=3)})
    return rows


def expected_interactions(rows: list[dict[str, Any]]) -> Counter[tuple[str, ...]]:
    first: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["received_at"]):
        first.setdefault(row["event_id"], row)
    events = in_time_order(Event(**{**row, "properties": None}) for row in first.values())
    owners = dict(zip((event.event_id for event in events), find_owners(events), strict=True))
    interactions: Counter[tuple[str, ...]] = Counter()
    for row in first.values():
        if row["event_type"] in INTERACTION_TYPES:
            user = owners[row["event_id"]]
            value = "" if row["event_value"] is None else str(float(row["event_value"]))
            moment = str(int(row["timestamp"].timestamp()))
            shown = "|".join(row["impression"] or [])
            recommendation_id = row["recommendation_id"] or ""
            context = (row["device"] or "", f"{row['timestamp'].hour:02d}")
            row_of = (user, row["item_id"], moment, row["event_type"], value, shown, recommendation_id, *context)
            interactions[row_of] += 1
    return interactions


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run the packaged job in a separate interpreter with the arguments that Glue passes; return its folder."""
    folder = tmp_path_factory.mktemp("glue")
    rows = accepted_rows()
    by_hour: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_hour.setdefault(f"{row['received_at']:%Y%m%d%H}", []).append(row)
    stream = generate(SETTINGS)
    write_events(folder / "raw", *by_hour.values())
    write_lines(folder / "raw", "items", "request-1", *stream.items)
    write_lines(folder / "raw", "users", "request-2", *stream.users)
    with zipfile.ZipFile(folder / "rivulet.zip", "w") as package:
        for path in sorted((ROOT / "scripts").rglob("*.py")):
            package.write(path, path.relative_to(ROOT))
    script = folder / "datasets.py"
    script.write_bytes((ROOT / "scripts/datasets.py").read_bytes())
    arguments = ["--JOB_NAME", "rivulet-test-datasets", "--JOB_ID", "j", "--enable-metrics", "true"]
    arguments += ["--lake", f"{folder}/raw/", "--datasets", f"{folder}/datasets/", "--run_id", "run"]
    finished = subprocess.run(
        [sys.executable, "-P", str(script), *arguments],
        cwd=folder,
        env=glue_environment(folder / "rivulet.zip"),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    return folder / "datasets/run", rows


def test_the_interactions_equal_those_of_the_oracle(run):
    folder, rows = run

    written = Counter(tuple(row.values()) for row in read_csv(folder / "interactions"))

    assert written == expected_interactions(rows)


def test_the_manifests_counts_equal_the_streams_expected_outcomes(run):
    folder, rows = run
    expected = generate(SETTINGS).expected

    manifest = json.loads((folder / "manifest.json").read_text())

    assert manifest["events_read"] == len(rows)
    assert manifest["distinct"] == expected.distinct
    assert manifest["distinct"] == manifest["written"]["interactions"] + sum(manifest["dropped"].values())
    assert set(manifest["dropped"]) == {"no_item", "other_type"}
    assert manifest["written"]["items"] == SETTINGS.items
    assert manifest["written"]["users"] == SETTINGS.users


def test_every_item_and_user_is_written(run):
    folder, _ = run
    stream = generate(SETTINGS)

    items = {row["ITEM_ID"]: row for row in read_csv(folder / "items")}

    for item in stream.items:
        row = items[str(item["item_id"])]
        assert (row["TITLE"], row["CATEGORY"], row["BRAND"]) == (item["title"], item["category"], item["brand"])
        assert (float(row["PRICE"]), row["AVAILABILITY"]) == (item["price"], item["availability"])
        assert row["DESCRIPTION"] == item["description"]
        assert int(row["CREATION_TIMESTAMP"]) == int(datetime.fromisoformat(str(item["created_at"])).timestamp())
    users = {row["USER_ID"]: row for row in read_csv(folder / "users")}
    assert all(users[str(user["user_id"])]["INTERESTS"] == user.get("interests", "") for user in stream.users)
