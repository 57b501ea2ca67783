"""A lake whose events are all those of one user, in one session that never ends: the most that one task can get."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.factories.data_sets.lakes import SCHEMA, write_lines

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

START = datetime(2026, 10, 1, tzinfo=UTC)
DAYS = 30
ITEMS = 5_000
COPIES = 100
"""Of so many events one arrives twice."""

_MS_PER_DAY = 86_400_000
_TYPES = np.array(["View"] * 15 + ["Click"] * 2 + ["AddToCart", "Purchase", "Impression"])
_DELAY_MS = 2_000
_SHOWN = 3


def write_lake(lake: Path, count: int, rows_per_file: int = 100_000) -> dict[str, int]:
    """Write so many events; return the numbers of rows of the lake, and of the curated tables and data sets."""
    rng = np.random.default_rng(13)
    start_ms = int(START.timestamp()) * 1_000
    found: Counter[str] = Counter()
    for first in range(0, count, rows_per_file):
        numbers = np.arange(first, min(first + rows_per_file, count))
        moments = start_ms + numbers * (DAYS * _MS_PER_DAY) // count
        types = _TYPES[rng.integers(0, len(_TYPES), numbers.size)]
        found.update(types.tolist())
        rows = _to_table(numbers, moments, types, rng.zipf(1.3, numbers.size) % ITEMS)
        copies = rows.filter(pa.array(numbers % COPIES == 0))
        hour = datetime.fromtimestamp((int(moments[-1]) + _DELAY_MS) / 1_000, UTC)
        folder = lake / f"events/ingest_date={hour:%Y-%m-%d}/ingest_hour={hour:%H}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"part-{first:09}.parquet"
        pq.write_table(pa.concat_tables([rows, copies]), path, use_deprecated_int96_timestamps=True)
    write_lines(lake, "items", "request-1", *({"item_id": f"i{number}", "category": "c"} for number in range(ITEMS)))
    write_lines(lake, "users", "request-1", {"user_id": "u"})
    return {
        "rows_in": count + -(-count // COPIES),
        "clean_events": count,
        "visits": DAYS,
        "exposures": _SHOWN * found["Impression"],
        "conversions": found["AddToCart"] + found["Purchase"],
        "user_days": DAYS,
        "interactions": count - found["Impression"],
        "items": ITEMS,
        "users": 1,
    }


def _to_table(numbers: NDArray[Any], moments: NDArray[Any], types: NDArray[Any], items: NDArray[Any]) -> pa.Table:
    """Return rows of the lake; an Impression is a list of its own, and a Click names that of the event before it."""
    is_list = types == "Impression"
    shown = [
        [f"i{item + place}" for place in range(_SHOWN)] if row else None
        for row, item in zip(is_list, items, strict=True)
    ]
    columns = {
        "event_id": _name("e", numbers),
        "item_id": pc.if_else(pa.array(is_list), None, _name("i", items)),
        "event_type": pa.array(types.tolist()),
        "event_value": pa.array(np.where(types == "Purchase", 2.5, np.nan), from_pandas=True),
        "impression": pa.array(shown, pa.list_(pa.string())),
        "recommendation_id": pc.if_else(
            pa.array(is_list | (types == "Click")), _name("r", np.where(is_list, numbers, numbers - 1)), None
        ),
        "timestamp": pa.array(moments * 1_000_000),
        "received_at": pa.array((moments + _DELAY_MS) * 1_000_000),
    }
    for name, value in {"user_id": "u", "session_id": "s", "consent": "granted", "schema_version": "1"}.items():
        columns[name] = pa.array([value] * numbers.size)
    absent = pa.nulls(numbers.size)
    return pa.table([columns.get(field.name, absent).cast(field.type) for field in SCHEMA], schema=SCHEMA)


def _name(letter: str, numbers: NDArray[Any]) -> pa.Array:
    return pc.binary_join_element_wise(letter, pa.array(numbers).cast("string"), "")
