"""Rows of a raw lake from the generated shop, with lists that were seen, long sessions, events of servers and bots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

import msgspec

from backend.contract import Event, event_id_of, read_event
from data.generator import Settings, generate

if TYPE_CHECKING:
    from tests.factories.analytics.scenario import Fields

_LISTS = ("home", "cart", None)
_MODELS = ("popularity", "personal", None)
_VARIATIONS = ("control", "test", None)
_DAY = datetime(2026, 10, 27, tzinfo=UTC)


@dataclass(frozen=True)
class GeneratedLake:
    """Rows in order of arrival, and the records of the catalogue."""

    events: list[Fields]
    served: list[Fields]
    items: list[Fields]
    users: list[Fields]


def generate_lake(events: int = 3_000) -> GeneratedLake:
    """Generate rows of six days; the same number of events gives the same rows."""
    until = datetime(2026, 11, 1, tzinfo=UTC)
    settings = Settings(items=60, users=40, events=events, days=6, until=until, repeated=0.05, late=0.1, bots=0.1)
    stream, rng = generate(settings), Random(7)
    rows: list[Fields] = []
    served: list[Fields] = []
    for raw in stream.events:
        if raw.outcome == "accepted":
            event = read_event(raw.payload, now=until)
            assert isinstance(event, Event)
            row = msgspec.structs.asdict(event) | {"event_id": event_id_of(event), "properties": None}
            row["received_at"] = datetime.fromtimestamp(raw.arrival_ms / 1000, UTC)
            _change(row, rng)
            rows += [row, *_list_of(row, served, rng), *_copies(row, rng)]
    rows += _crawl("crawler-5000", 5_000) + _crawl("crawler-5001", 5_001) + _refused(rows[0])
    rows.sort(key=lambda row: row["received_at"])
    return GeneratedLake(rows, served, _versions(list(stream.items)), _versions(list(stream.users)))


def _change(row: Fields, rng: Random) -> None:
    """Give an event what the generator leaves out, by its session where all its events must agree."""
    of_session = Random(row["session_id"])
    if row["session_id"] and of_session.random() < 0.3:
        # Whole seconds, so that events of one session have the same time.
        row["timestamp"] = row["timestamp"].replace(microsecond=0)
    if row["session_id"] and row["user_id"] and of_session.random() < 0.1:
        # An application that keeps a session for ever, for several users.
        row["session_id"] = f"application-{of_session.randrange(4)}"
    if row["event_type"] in {"Purchase", "AddToCart"} and row["user_id"] and rng.random() < 0.4:
        row["session_id"] = None
    if row["event_type"] == "AddToCart":
        row |= {"event_value": rng.choice([None, 2.5, 10.0]), "quantity": rng.choice([None, 1, 3])}
    if row["event_type"] == "Purchase":
        row["currency"] = rng.choice(["EUR", "EUR", "SEK", None])
        row["recommendation_id"] = rng.choice([None, None, None, "R-mail"])
    if row["event_type"] == "Click" and row["impression"]:
        number = of_session.randrange(3)
        row["recommendation_id"] = f"R-{row['session_id']}-{number}" if rng.random() < 0.7 else None
        row |= {"slot": _LISTS[number], "model": _MODELS[number], "source": rng.choice(["recommender", None])}
        row["variation"] = rng.choice(_VARIATIONS)
        if rng.random() < 0.5:
            row["position"] = None


def _list_of(click: Fields, served: list[Fields], rng: Random) -> list[Fields]:
    """Return the Impressions of a click's list: before it as a rule, sometimes after it, sometimes none."""
    if click["event_type"] != "Click" or not click["impression"] or rng.random() < 0.3:
        return []
    seen = click["impression"][: rng.randrange(1, len(click["impression"]) + 1)]
    first = rng.randrange(3)
    positions = [first + place for place in range(1, len(seen) + 1)] if first else None
    # Rarely as long before the click as it may be, which splits the session.
    before = timedelta(seconds=86_400 if rng.random() < 0.01 else rng.choice([0, 1, 5, 90, -30]))
    shown = {
        **click,
        "event_id": f"{click['event_id']}-list",
        "event_type": "Impression",
        "timestamp": click["timestamp"] - before,
        "impression": seen,
        "positions": positions,
        "item_id": None,
        "position": None,
        "model": rng.choice([click["model"], None]),
    }
    if click["recommendation_id"] and rng.random() < 0.6:
        served += [_served(click, len(served) + attempt, rng) for attempt in range(rng.randrange(1, 3))]
    return [shown, *([{**shown, "event_id": f"{shown['event_id']}-again"}] if rng.random() < 0.2 else [])]


def _served(click: Fields, number: int, rng: Random) -> Fields:
    """Return an answer with a click's list; two of them can have the same time."""
    return {
        "served_id": f"request-{number:05}",
        "served_at": click["timestamp"] - timedelta(minutes=rng.choice([1, 2])),
        "route": rng.choice(["recommendations", "rerank"]),
        "source": "recommender",
        "items": click["impression"],
        "recommendation_id": click["recommendation_id"],
        "version": rng.choice(["v1", None]),
        "schema_version": "1",
    }


def _copies(row: Fields, rng: Random) -> list[Fields]:
    """Return further rows of an event: later, or at the same time with another content, or both."""
    if rng.random() > 0.05:
        return []
    copy = {**row, "received_at": row["received_at"] + timedelta(hours=rng.choice([0, 0, 1, 30]))}
    changed = rng.choice(["visitor_id", "device", "source", "timestamp"])
    copy[changed] = row["timestamp"] + timedelta(hours=20) if changed == "timestamp" else rng.choice(["x", None])
    return [copy]


def _crawl(session: str, count: int) -> list[Fields]:
    """Return a day's views of a crawler that is slower than 120 a minute."""
    moments = (_DAY + timedelta(seconds=15 * number) for number in range(count))
    return [
        {
            "event_id": f"{session}-{number:04}",
            "session_id": session,
            "user_id": None,
            "item_id": f"item-{number % 60:05d}",
            "timestamp": moment,
            "event_type": "View",
            "consent": "granted",
            "received_at": moment + timedelta(seconds=2),
        }
        for number, moment in enumerate(moments)
    ]


def _refused(row: Fields) -> list[Fields]:
    """Return rows that are no event."""
    return [
        {**row, "event_id": None},
        {**row, "event_id": "without-time", "timestamp": None},
        {**row, "event_id": "without-type", "event_type": None},
        {**row, "event_id": "without-user", "user_id": None, "session_id": None},
        {**row, "event_id": "denied", "consent": "denied"},
    ]


def _versions(records: list[Fields]) -> list[Fields]:
    """Return each record at its first arrival, and some again: the same, or with another category or country."""
    lines = []
    for number, record in enumerate(records):
        for version, day in enumerate((26, 28, 30)[: 1 + number % 3]):
            changed = {"category": "Other", "country": "XX"} if version == 1 and number % 2 else {}
            lines.append(
                {name: changed.get(name, value) for name, value in record.items()}
                | {"received_at": f"2026-10-{day}T0{number % 10}:00:00.000Z"}
            )
    return lines
