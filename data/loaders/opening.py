"""Finds out what a source is by its content, and opens it."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from data.loaders.conversion import in_order_of_time, raw_events
from data.loaders.derived import derive
from data.loaders.forms import (
    MOVIELENS_RATINGS,
    YOOCHOOSE_BUYS,
    YOOCHOOSE_CLICKS,
    YOOCHOOSE_SESSIONS,
    payloads,
)
from data.loaders.mapping import EVENT_FIELDS, Mapping, mapped_csv, mapped_jsonl, read_mapping
from data.loaders.movielens import films
from data.loaders.retail import personas, products
from data.loaders.sources import UnknownSource, first_line, lines
from data.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from data.loaders.forms import Form
    from data.stream import RawEvent

Records = list[dict[str, object]]

ACCEPTED_FORMS = """\
accepted are, gzipped or not:
  JSONL of the contract's events (items.jsonl and users.jsonl beside it are read too)
  CSV whose columns are the contract's fields
  YooChoose: tab-separated SessionId, ItemId, Time, or the original clicks and buys files
  MovieLens: the folder, or its ratings.csv
  the retail demo store's folder with products.yaml
  any other CSV or JSONL with a mapping.yaml"""

_YOOCHOOSE_CLICK = re.compile(r"\d+,\d{4}-\d\d-\d\dT[^,]+,\d+,[^,]*$")
_YOOCHOOSE_BUY = re.compile(r"\d+,\d{4}-\d\d-\d\dT[^,]+,\d+,\d+,\d+$")


def open_stream(path: Path | str, mapping: Path | str | None = None) -> Stream:
    """Open a clickstream of any form the loaders know.

    Where the source has no items or users of its own they are derived: the id, and first seen as its creation.
    Lines that cannot be read stay in the stream as events that will be refused. All but the contract's own JSONL is
    held in memory and sorted by time.

    Parameters
    ----------
    path
        File or folder.
    mapping
        A `mapping.yaml` (`mapping.py`), for a file whose columns are not the contract's.

    Raises
    ------
    UnknownSource
        The content is in no known form; the message says what was found and what is accepted.
    """
    path = Path(path)
    if not path.exists():
        raise UnknownSource(f"{path} does not exist; give a file or a folder to read")
    if mapping is not None:
        return _mapped(path, read_mapping(Path(mapping)))
    return _folder(path) if path.is_dir() else _file(path)


def _folder(folder: Path) -> Stream:
    names = sorted(entry.name for entry in folder.iterdir())
    if ratings := _beside(folder, "ratings.csv"):
        return _file(ratings)
    if catalogue := _beside(folder, "products.yaml"):
        return _retail(catalogue)
    if events := _beside(folder, "events.jsonl"):
        return _file(events)
    sources = [folder / name for name in names if re.fullmatch(r"yoochoose-(clicks|buys)\.dat(\.gz)?", name)]
    if sources:
        return _held(
            "YooChoose", lambda: (payload for source in sources for payload in payloads(source, _form(source)))
        )
    raise UnknownSource(f"{folder} holds {names[:8]}, none of which says what it is; name one file\n{ACCEPTED_FORMS}")


def _file(path: Path) -> Stream:
    line = first_line(path)
    if line.startswith("{"):
        return _own_jsonl(path, line)
    if line.startswith("- id:"):
        return _retail(path)
    columns = line.split(",")
    if {"event_type", "timestamp"} <= set(columns) <= EVENT_FIELDS:
        return _mapped(path, Mapping({column: column for column in columns}))
    form = _form(path)
    name = f"{form.name} {path.name}"
    movies = _beside(path.parent, "movies.csv") if form is MOVIELENS_RATINGS else None
    return _held(name, lambda: payloads(path, form), items=(lambda: list(films(movies))) if movies else None)


def _form(path: Path) -> Form:
    line = first_line(path)
    if line.split("\t") == ["SessionId", "ItemId", "Time"]:
        return YOOCHOOSE_SESSIONS
    if line.split(",") == ["userId", "movieId", "rating", "timestamp"]:
        return MOVIELENS_RATINGS
    if _YOOCHOOSE_CLICK.match(line):
        return YOOCHOOSE_CLICKS
    if _YOOCHOOSE_BUY.match(line):
        return YOOCHOOSE_BUYS
    found = f"begins with {line[:120]!r}" if line else "is empty"
    raise UnknownSource(f"{path} {found}, which is no form known here\n{ACCEPTED_FORMS}")


def _own_jsonl(path: Path, line: str) -> Stream:
    try:
        fields = json.loads(line)
    except ValueError:
        # A broken first line does not tell what the file is; the contract will tell of each line.
        fields = {"event_type": ""}
    if "event_type" not in fields:
        raise UnknownSource(
            f"{path} is JSONL with the fields {sorted(fields)[:12]}, not event_type; give a mapping\n{ACCEPTED_FORMS}"
        )
    items, users = _beside(path.parent, "items.jsonl"), _beside(path.parent, "users.jsonl")

    def events() -> Iterable[RawEvent]:
        return raw_events(lines(path))

    return Stream(
        events=events,
        items=(lambda: map(json.loads, lines(items))) if items else lambda: derive(events(), "item_id"),
        users=(lambda: map(json.loads, lines(users))) if users else lambda: derive(events(), "user_id"),
        name=path.name,
    )


def _retail(path: Path) -> Stream:
    users = _beside(path.parent, "users.json")
    return Stream(
        items=lambda: products(path),
        users=lambda: personas(users) if users else [],
        events=list,
        name="retail demo store",
        size=0,
    )


def _mapped(path: Path, mapping: Mapping) -> Stream:
    is_json = first_line(path).startswith("{")
    return _held(path.name, lambda: (mapped_jsonl if is_json else mapped_csv)(path, mapping))


def _held(name: str, read: Callable[[], Iterable[bytes]], items: Callable[[], Records] | None = None) -> Stream:
    """Make a stream whose events are read and sorted once, when they are first asked for."""

    @cache
    def events() -> list[RawEvent]:
        return in_order_of_time(raw_events(read()))

    return Stream(
        events=events,
        items=items or cache(lambda: derive(events(), "item_id")),
        users=cache(lambda: derive(events(), "user_id")),
        name=name,
    )


def _beside(folder: Path, name: str) -> Path | None:
    """Return a file of that name in a folder, gzipped or not."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)
