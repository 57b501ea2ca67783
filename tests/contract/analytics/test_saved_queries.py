"""The saved queries over the curated tables; those over the raw lake are tested with its tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.emulator.curated_lake import LAKE, CuratedLake

QUERIES = {file.stem: file.read_text() for file in (LAKE / "queries").glob("*.sql")}
DAY = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
OLD = (datetime.now(UTC) - timedelta(days=40)).date().isoformat()


def event(day: str, index: int, event_type: str):
    return {
        "event_date": day,
        "event_id": f"{day}-{index}",
        "event_type": event_type,
        "user_key": "u1",
        "visit": "v1",
        "visit_index": index,
        "item_id": "i1",
        "timestamp": datetime.fromisoformat(f"{day}T10:00:0{index}"),
    }


@pytest.fixture(scope="module")
def curated(cloud):
    lake = CuratedLake(cloud, "saved_queries")
    types = ("View", "View", "AddToCart", "Purchase")
    lake.put("clean_events", [event(day, *step) for day in (DAY, OLD) for step in enumerate(types, 1)])
    item_day = {"item_id": "i1", "views": 2, "adds": 1, "purchases": 1, "revenue": 5.0}
    lake.put("item_days", [item_day | {"event_date": day} for day in (DAY, OLD)])
    visit = {"event_date": DAY, "user_key": "u2", "started_at": datetime.now(UTC), "ended_at": datetime.now(UTC)}
    lake.put("visits", [visit | {"visit": name, "events": 500, "is_bot": name == "v2"} for name in ("v2", "v3")])
    return lake


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bots", [("u2", "v2", 500)]),
        ("events-per-day-and-type", [(DAY, "View", 2, 1), (DAY, "AddToCart", 1, 1), (DAY, "Purchase", 1, 1)]),
        (
            "funnel",
            [(DAY, variant, 1, 1, 0, 1, 1, 100.0, 2.0, 1.0) for variant in ("any_item", "same_item")],
        ),
        ("top-items", [("i1", 2, 1, 1, 5.0)]),
    ],
)
def test_a_saved_query_counts_the_last_days(curated, name, expected):
    records = curated.records(QUERIES[name])

    assert [tuple(record.values())[: len(row)] for record, row in zip(records, expected, strict=True)] == expected
