"""Rows that no shop means to send, in files of several schemas: what faults and old versions leave in a lake."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from tests.factories.analytics.scenario import event
from tests.factories.data_sets.lakes import FIRST_SCHEMA, SCHEMA, write_events

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.factories.analytics.scenario import Fields

MIDNIGHT = datetime(2013, 11, 2, tzinfo=UTC)
"""Before all other events of tests, so that windows in which many rows are hostile are small."""

_TYPES = ("View", "View", "Click", "Impression", "AddToCart", "Purchase", "Search")
_FAULTS: tuple[Fields, ...] = (
    {"event_id": None},
    {"timestamp": None},
    {"event_type": None},
    {"user_id": None, "session_id": None},
    {"consent": "denied"},
    {"event_type": "Hover"},
    {"event_type": ""},
    {"user_id": ""},
    {"user_id": "session#s1"},
    {"session_id": "s1#2"},
    {"session_id": "s" * 300},
    {"item_id": 'a|b#"\n\u00fc\U0001f6d2'},
    {"event_value": float("nan")},
    {"event_value": float("-inf")},
    {"event_value": -1e300},
    {"quantity": -3},
    {"quantity": 1_000_000},
    {"currency": "XTS"},
    {"impression": []},
    {"impression": [None, "j", None, "j"], "positions": [3]},
    {"positions": [None, -1, 2**40]},
    {"impression": [f"j{number % 300}" for number in range(400)]},
    {"order_id": "o", "quantity": 0},
)
_OPTIONAL = ("session_id", "impression", "event_value", "recommendation_id", "received_at", "properties", "consent")


def draw_rows(rng: Random, names: int) -> list[Fields]:
    """Return events of a few sessions and users around three midnights, with copies, conflicts, late and strange rows.

    Sessions have several users and last for days; one sends more events in a minute than a user can.
    """
    rows = [_draw_row(rng, number, rng.randrange(names)) for number in range(names * 12)]
    rows += _draw_burst(rng)
    rows += [_draw_conflict(rng, row) for row in rows if rng.random() < 0.1]
    rows = [{**row, **rng.choice(_FAULTS)} if rng.random() < 0.12 else row for row in rows]
    rows += _draw_broken_clocks(rng)
    delays = (timedelta(hours=rng.choice([0, 1, 26])) for _ in rows)
    copies = [{**row, "received_at": row["received_at"] + next(delays)} for row in rows if rng.random() < 0.15]
    return rows + copies


def write_hostile(lake: Path, rows: list[Fields], rng: Random) -> None:
    """Write rows by day of arrival, in files of this schema, of the first one, without a column, and with another."""
    days: defaultdict[str, list[Fields]] = defaultdict(list)
    for row in rows:
        days[f"{row['received_at']:%Y-%m-%d}/{rng.randrange(2)}"].append(row)
    for part in days.values():
        write_events(lake, part, schema=_draw_schema(rng))
    write_events(lake, [])


def _draw_row(rng: Random, number: int, name: int) -> Fields:
    moment = MIDNIGHT + timedelta(days=rng.choice([0, 0, 0, 1, 2]), minutes=rng.randrange(-90, 90, 10))
    kind = rng.choice(_TYPES)
    fields: Fields = {
        "user_id": rng.choice([None, f"u{name}", f"v{name}"]),
        "session_id": rng.choice([None, f"s{name}", f"s{name}", f"t{name}"]),
        "recommendation_id": rng.choice([None, f"r{name}"]),
        "impression": [f"i{name}", "j"] if kind == "Impression" or rng.random() < 0.2 else None,
        "event_value": 2.5 if kind == "Purchase" else None,
    }
    if fields["user_id"] is None and fields["session_id"] is None:
        fields["session_id"] = f"s{name}"
    row = event(f"e{number}", _text(moment), kind, None if kind in {"Impression", "Search"} else f"i{name}", **fields)
    row["received_at"] = moment + timedelta(hours=rng.choice([0, 0, 0, 1, 30, 70]), seconds=rng.randrange(60))
    return row


def _draw_conflict(rng: Random, row: Fields) -> Fields:
    """Return a row of the same event with another content, which arrives before, with or after it."""
    later = timedelta(hours=rng.choice([-2, 0, 2]))
    changed = rng.choice(
        [
            {"timestamp": row["timestamp"] + timedelta(days=rng.choice([0, -1, 1]))},
            {"session_id": "s0", "user_id": "v0"},
            {"device": "phone"},
            {"event_type": "Purchase", "item_id": "i0", "event_value": 1.5},
        ]
    )
    return {**row, **changed, "received_at": row["received_at"] + later}


def _draw_broken_clocks(rng: Random) -> list[Fields]:
    """Return events of 1970 and 2199, in sessions of their own, which arrive among the others."""
    moments = ("1970-01-01 00:00:00", "1970-01-01 23:59:59", "1970-01-02 00:00:00", "2199-12-31 23:59:59")
    rows = []
    for number, moment in enumerate(moments):
        row = event(f"c{number}", moment, "View", "i1", user_id="u1", session_id=rng.choice([None, f"c{moment[:4]}"]))
        row["received_at"] = MIDNIGHT + timedelta(hours=rng.randrange(70))
        rows.append(row)
    return rows


def _draw_burst(rng: Random) -> list[Fields]:
    """Return more views in a minute than a user can send, of which each may arrive with another window."""
    rows = []
    for number in range(125):
        row = event(f"b{number}", _text(MIDNIGHT + timedelta(seconds=number % 59)), "View", "i2", session_id="burst")
        row["received_at"] = MIDNIGHT + timedelta(hours=rng.choice([1, 40]))
        rows.append(row)
    return rows


def _draw_schema(rng: Random) -> pa.Schema:
    chance = rng.random()
    if chance < 0.5:
        return SCHEMA
    if chance < 0.7:
        return FIRST_SCHEMA
    if chance < 0.9:
        return SCHEMA.remove(SCHEMA.get_field_index(rng.choice(_OPTIONAL)))
    return SCHEMA.append(pa.field("shelf", pa.int64()))


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
