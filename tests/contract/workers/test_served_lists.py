"""Served lists by direct puts: the workers write them as Parquet with the contract's columns, for Athena to read."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from backend.aws.deadline import Deadline
from backend.contract.lines.served_lists import ServedList
from backend.recommend.served_lists import ServedLists
from tests.fakes.emulator.deliveries import make_bucket, make_delivery_stream, parquet_settings
from tests.fakes.emulator.process import ROOT

if TYPE_CHECKING:
    import pytest

    from tests.fakes.emulator.workers import Laptop

COLUMNS = json.loads((ROOT / "infrastructure/modules/lake/generated/columns.json").read_text())["served_lists"]
LISTED = ServedList(
    served_id="request-1",
    served_at="2026-01-31 12:00:00.125",
    route="similar-items",
    source="cache",
    items=["mug", "köln"],
    recommendation_id="RID-1",
    model="similar-items",
    session_id="s-1",
    item_id="cup",
    schema_version="1",
)


def test_a_served_list_becomes_a_row_of_the_table(laptop: Laptop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("backend.recommend.served_lists.WRITE_SECONDS", 20)
    target = make_bucket(laptop)
    stream = make_delivery_stream(
        laptop,
        target,
        None,
        Prefix="raw/served_lists/ingest_date=!{timestamp:yyyy-MM-dd}/",
        ErrorOutputPrefix="undelivered/served_lists/!{firehose:error-output-type}/",
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 1},
        DataFormatConversionConfiguration=parquet_settings(
            laptop, {column["name"]: column["type"] for column in COLUMNS}
        ),
    )
    served_lists = ServedLists(laptop.client("firehose"), stream)

    assert served_lists.write(LISTED, Deadline.after(20))
    longest = ServedList(
        served_id="r", served_at="", route="", source="cache", items=["x" * 1024_000], schema_version="1"
    )
    assert not served_lists.write(longest, Deadline.after(20))

    [(key, body)] = laptop.wait_until(lambda: laptop.objects(target)).items()
    assert key.startswith(f"raw/served_lists/ingest_date={datetime.now(UTC):%Y-%m-%d}/")
    [row] = pq.read_table(io.BytesIO(body)).to_pylist()
    assert [*row] == [column["name"] for column in COLUMNS]
    assert {name: value for name, value in row.items() if value is not None} == {
        "served_id": "request-1",
        "served_at": datetime.fromisoformat("2026-01-31T12:00:00.125"),
        "route": "similar-items",
        "source": "cache",
        "items": ["mug", "köln"],
        "recommendation_id": "RID-1",
        "model": "similar-items",
        "session_id": "s-1",
        "item_id": "cup",
        "schema_version": "1",
    }
