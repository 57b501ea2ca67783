"""Detects the format of a file or folder by its content, and opens it as a stream."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from data.loaders.conversion import classify_payloads, sort_by_time
from data.loaders.derived_records import derive_records
from data.loaders.files import UnknownFormatError, read_first_line, read_lines
from data.loaders.formats import MOVIELENS_RATINGS, YOOCHOOSE_BUYS, YOOCHOOSE_CLICKS, YOOCHOOSE_SESSIONS, read_payloads
from data.loaders.mapping import EVENT_FIELDS, Mapping, read_mapped_csv, read_mapped_jsonl, read_mapping
from data.loaders.movielens import read_movies
from data.loaders.retail_demo_store import read_products, read_users
from data.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from data.loaders.formats import FileFormat
    from data.stream import RawEvent

Records = list[dict[str, object]]

ACCEPTED_FORMATS = """\
accepted formats, gzipped or not:
  JSONL with events of the contract (items.jsonl and users.jsonl beside it are read too)
  CSV with fields of the contract as columns
  YooChoose: tab-separated SessionId, ItemId, Time, or the original clicks and buys files
  MovieLens: the folder, or its ratings.csv
  the retail demo store's folder with products.yaml
  any other CSV or JSONL with a mapping.yaml"""

_YOOCHOOSE_CLICK = re.compile(r"\d+,\d{4}-\d\d-\d\dT[^,]+,\d+,[^,]*$")
_YOOCHOOSE_BUY = re.compile(r"\d+,\d{4}-\d\d-\d\dT[^,]+,\d+,\d+,\d+$")


def open_stream(path: Path | str, mapping: Path | str | None = None) -> Stream:
    """Open a clickstream in any supported format.

    Items and users that the source lacks are derived from its events: the id, created when it first appears.
    Unreadable lines stay in the stream as events that will be refused. Every format except the contract's own JSONL
    is held in memory and sorted by time.

    Parameters
    ----------
    mapping
        A `mapping.yaml` (`mapping.py`), for a file with other columns than the contract's fields.

    Raises
    ------
    UnknownFormatError
        No loader supports the content; the message names the content and the accepted formats.
    """
    path = Path(path)
    if not path.exists():
        raise UnknownFormatError(f"{path} does not exist; give a file or a folder to read")
    if mapping is not None:
        return _open_mapped(path, read_mapping(Path(mapping)))
    return _open_folder(path) if path.is_dir() else _open_file(path)


def _open_folder(folder: Path) -> Stream:
    names = sorted(entry.name for entry in folder.iterdir())
    if ratings := _find_file(folder, "ratings.csv"):
        return _open_file(ratings)
    if catalogue := _find_file(folder, "products.yaml"):
        return _open_retail_demo_store(catalogue)
    if events := _find_file(folder, "events.jsonl"):
        return _open_file(events)
    sources = [folder / name for name in names if re.fullmatch(r"yoochoose-(clicks|buys)\.dat(\.gz)?", name)]
    if sources:
        return _sorted_stream(
            "YooChoose",
            lambda: (payload for source in sources for payload in read_payloads(source, _detect_format(source))),
        )
    raise UnknownFormatError(
        f"{folder} holds {names[:8]}, from which no format follows; give one file\n{ACCEPTED_FORMATS}"
    )


def _open_file(path: Path) -> Stream:
    line = read_first_line(path)
    if line.startswith("{"):
        return _open_contract_jsonl(path, line)
    if line.startswith("- id:"):
        return _open_retail_demo_store(path)
    columns = line.split(",")
    if {"event_type", "timestamp"} <= set(columns) <= EVENT_FIELDS:
        return _open_mapped(path, Mapping({column: column for column in columns}))
    file_format = _detect_format(path)
    name = f"{file_format.name} {path.name}"
    movies = _find_file(path.parent, "movies.csv") if file_format is MOVIELENS_RATINGS else None
    return _sorted_stream(
        name, lambda: read_payloads(path, file_format), items=(lambda: list(read_movies(movies))) if movies else None
    )


def _detect_format(path: Path) -> FileFormat:
    line = read_first_line(path)
    if line.split("\t") == ["SessionId", "ItemId", "Time"]:
        return YOOCHOOSE_SESSIONS
    if line.split(",") == ["userId", "movieId", "rating", "timestamp"]:
        return MOVIELENS_RATINGS
    if _YOOCHOOSE_CLICK.match(line):
        return YOOCHOOSE_CLICKS
    if _YOOCHOOSE_BUY.match(line):
        return YOOCHOOSE_BUYS
    content = f"begins with {line[:120]!r}" if line else "is empty"
    raise UnknownFormatError(f"{path} {content}, which is no supported format\n{ACCEPTED_FORMATS}")


def _open_contract_jsonl(path: Path, line: str) -> Stream:
    try:
        fields = json.loads(line)
    except ValueError:
        # A broken first line does not identify the format; the contract refuses or accepts each line.
        fields = {"event_type": ""}
    if "event_type" not in fields:
        raise UnknownFormatError(
            f"{path} is JSONL with the fields {sorted(fields)[:12]}, not event_type; give a mapping\n{ACCEPTED_FORMATS}"
        )
    items, users = _find_file(path.parent, "items.jsonl"), _find_file(path.parent, "users.jsonl")

    def events() -> Iterable[RawEvent]:
        return classify_payloads(read_lines(path))

    return Stream(
        events=events,
        items=(lambda: map(json.loads, read_lines(items))) if items else lambda: derive_records(events(), "item_id"),
        users=(lambda: map(json.loads, read_lines(users))) if users else lambda: derive_records(events(), "user_id"),
        name=path.name,
    )


def _open_retail_demo_store(path: Path) -> Stream:
    users = _find_file(path.parent, "users.json")
    return Stream(
        items=lambda: read_products(path),
        users=lambda: read_users(users) if users else [],
        events=list,
        name="retail demo store",
        size=0,
    )


def _open_mapped(path: Path, mapping: Mapping) -> Stream:
    is_json = read_first_line(path).startswith("{")
    return _sorted_stream(path.name, lambda: (read_mapped_jsonl if is_json else read_mapped_csv)(path, mapping))


def _sorted_stream(
    name: str, read: Callable[[], Iterable[bytes]], items: Callable[[], Records] | None = None
) -> Stream:
    """Make a stream that reads and sorts its events once, on first use."""

    @cache
    def events() -> list[RawEvent]:
        return sort_by_time(classify_payloads(read()))

    return Stream(
        events=events,
        items=items or cache(lambda: derive_records(events(), "item_id")),
        users=cache(lambda: derive_records(events(), "user_id")),
        name=name,
    )


def _find_file(folder: Path, name: str) -> Path | None:
    """Return the path of a file in a folder, gzipped or not, or None."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)
