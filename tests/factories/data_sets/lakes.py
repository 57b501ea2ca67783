"""Writes small lakes for the Spark job, in the layout of Firehose and collect, and reads its data sets."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("user_id", pa.string()),
        ("session_id", pa.string()),
        ("item_id", pa.string()),
        ("timestamp", pa.timestamp("ns")),
        ("event_type", pa.string()),
        ("event_value", pa.float64()),
        ("impression", pa.list_(pa.string())),
        ("recommendation_id", pa.string()),
        ("properties", pa.string()),
        ("consent", pa.string()),
        ("schema_version", pa.string()),
        ("received_at", pa.timestamp("ns")),
        ("bot", pa.bool_()),
        ("visitor_id", pa.string()),
        ("order_id", pa.string()),
        ("quantity", pa.int64()),
        ("currency", pa.string()),
        ("position", pa.int64()),
        ("positions", pa.list_(pa.int64())),
        ("slot", pa.string()),
        ("variation", pa.string()),
        ("model", pa.string()),
        ("source", pa.string()),
        ("device", pa.string()),
        ("producer", pa.string()),
    ]
)
FIRST_SCHEMA = pa.schema([SCHEMA.field(index) for index in range(SCHEMA.get_field_index("bot"))])
"""The columns of the files that the lake's first version wrote."""


def event(number: int, **fields: Any) -> dict[str, Any]:
    """Return a row of the lake's table of events; a field given as None is absent."""
    moment = NOON + timedelta(seconds=number)
    return {
        "event_id": f"e-{number:04d}",
        "user_id": "u-1",
        "session_id": "s-1",
        "item_id": "i-1",
        "timestamp": moment,
        "event_type": "View",
        "consent": "granted",
        "schema_version": "1",
        "received_at": moment + timedelta(seconds=1),
        **fields,
    }


def write_events(lake: Path, *parts: list[dict[str, Any]], schema: pa.Schema = SCHEMA) -> None:
    """Write each part as a Parquet file like Firehose's, into the partition of its arrival."""
    for number, part in enumerate(parts):
        rows = [{name: _plain(value) for name, value in row.items()} for row in part]
        arrived = max((row["received_at"] for row in part if row.get("received_at")), default=NOON)
        folder = lake / f"events/ingest_date={arrived:%Y-%m-%d}/ingest_hour={arrived:%H}"
        folder.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pylist(rows, schema=schema)
        path = folder / f"part-{number}-{len(list(folder.iterdir()))}.parquet"
        pq.write_table(table, path, use_deprecated_int96_timestamps=True)


def write_lines(lake: Path, kind: str, name: str, *lines: dict[str, Any] | str, day: str = "2026-11-01") -> None:
    """Write records, or lines given as text, as one JSON-lines file of a day's partition."""
    folder = lake / f"{kind}/ingest_date={day}"
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join((line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)) + "\n" for line in lines)
    (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")


def read_csv(folder: Path) -> list[dict[str, str]]:
    """Read a data set as Personalize does: quoted text, with backslashes before quotes and backslashes."""
    rows: list[dict[str, str]] = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows += csv.DictReader(file, escapechar="\\", doublequote=False)
    return rows


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
