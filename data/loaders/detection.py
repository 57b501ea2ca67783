"""Detects the format of a file or folder by its content, and opens it as a stream."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from data.loaders.conversion import Payload, classify_payloads, sort_by_time
from data.loaders.derived_records import derive_records
from data.loaders.files import (
    UnknownFormatError,
    check_whole,
    find_file,
    find_repeated,
    number_lines,
    read_first_line,
    read_first_row,
    read_lines,
)
from data.loaders.formats import (
    MOVIELENS_1M,
    MOVIELENS_100K,
    MOVIELENS_RATINGS,
    YOOCHOOSE_BUYS,
    YOOCHOOSE_CLICKS,
    YOOCHOOSE_SESSIONS,
    read_payloads,
)
from data.loaders.mapping import Mapping, read_mapped_csv, read_mapped_jsonl
from data.loaders.mapping_rules import EVENT_FIELDS, check_jsonl, read_header, read_mapping
from data.loaders.movielens import read_movies, read_viewers
from data.loaders.retail_demo_store import read_products, read_users
from data.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from data.loaders.formats import FileFormat
    from data.stream import RawEvent

Record = dict[str, object]

ACCEPTED_FORMATS = """\
accepted formats, gzipped or not:
  JSONL with events of the contract (items.jsonl and users.jsonl beside it are read too)
  CSV with fields of the contract as columns
  YooChoose: tab-separated SessionId, ItemId, Time, or the original clicks and buys files
  MovieLens 100K, 1M, 10M, 25M and later: the folder, or its file of ratings
  the retail demo store's folder with products.yaml
  any other CSV or JSONL with a mapping.yaml (data/loaders/mappings has some)"""

_YOOCHOOSE_CLICK = re.compile(r"\d+,\d{4}-\d\d-\d\dT[^,]+,\d+,[^,]*$")
_MOVIELENS_100K_RATING = re.compile(r"\d+\t\d+\t[1-5]\t\d{9,10}$")
_MOVIELENS_1M_RATING = re.compile(r"\d+::\d+::[0-5](\.[05])?::\d{9,10}$")
_MOVIELENS = (MOVIELENS_RATINGS, MOVIELENS_100K, MOVIELENS_1M)
_MOVIELENS_FILES = ("ratings.csv", "ratings.dat", "u.data")
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
        known = read_mapping(Path(mapping))
        if path.is_dir():
            raise UnknownFormatError(f"{path} is a folder; a mapping is for one file")
        return _open_mapped(path, known)
    return _open_folder(path) if path.is_dir() else _open_file(path)


def _open_folder(folder: Path) -> Stream:
    names = sorted(entry.name for entry in folder.iterdir())
    if ratings := next(filter(None, (find_file(folder, name) for name in _MOVIELENS_FILES)), None):
        return _open_file(ratings)
    if catalogue := find_file(folder, "products.yaml"):
        return _open_retail_demo_store(catalogue)
    if events := find_file(folder, "events.jsonl"):
        return _open_file(events)
    sources = [folder / name for name in names if re.fullmatch(r"yoochoose-(clicks|buys)\.dat(\.gz)?", name)]
    if sources:
        for source in sources:
            check_whole(source)
        return _sorted_stream(
            "YooChoose",
            lambda: (
                payload._replace(line=0)
                for source in sources
                for payload in read_payloads(source, _detect_format(source))
            ),
        )
    raise UnknownFormatError(
        f"{folder} holds {names[:8]}, from which no format follows; give one file\n{ACCEPTED_FORMATS}"
    )


def _open_file(path: Path) -> Stream:
    check_whole(path)
    line = read_first_line(path)
    if line.startswith("{"):
        return _open_contract_jsonl(path, line)
    if line.startswith("- id:"):
        return _open_retail_demo_store(path)
    columns = _split_header(path)
    if {"event_type", "timestamp"} <= set(columns) <= EVENT_FIELDS:
        if repeated := find_repeated(columns):
            raise UnknownFormatError(f"{path} has several columns of the names {repeated}")
        return _open_mapped(path, Mapping({column: column for column in columns}))
    file_format = _detect_format(path)
    name = f"{file_format.name} {path.name}"
    is_movielens = file_format in _MOVIELENS
    return _sorted_stream(
        name,
        lambda: read_payloads(path, file_format),
        items=(lambda: read_movies(path.parent)) if is_movielens else None,
        users=(lambda: read_viewers(path.parent)) if is_movielens else None,
    )


def _split_header(path: Path, delimiter: str = ",") -> list[str]:
    """Return the values of the first row, or nothing where its quotes are not those of a row."""
    try:
        return read_first_row(path, delimiter)
    except UnknownFormatError:
        return []


def _detect_format(path: Path) -> FileFormat:
    line = read_first_line(path)
    if _split_header(path, "\t") == ["SessionId", "ItemId", "Time"]:
        return YOOCHOOSE_SESSIONS
    if _split_header(path) == ["userId", "movieId", "rating", "timestamp"]:
        return MOVIELENS_RATINGS
    by_first_line = {
        _MOVIELENS_100K_RATING: MOVIELENS_100K,
        _MOVIELENS_1M_RATING: MOVIELENS_1M,
        _YOOCHOOSE_CLICK: YOOCHOOSE_CLICKS,
        _YOOCHOOSE_BUY: YOOCHOOSE_BUYS,
    }
    for pattern, file_format in by_first_line.items():
        if pattern.match(line):
            return file_format
    content = f"begins with {line[:120]!r}" if line else "is empty"
    raise UnknownFormatError(f"{path} {content}, which is no supported format\n{ACCEPTED_FORMATS}")


def _open_contract_jsonl(path: Path, line: str) -> Stream:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        # A broken first line does not identify the format; the contract refuses or accepts each line.
        fields = {"event_type": ""}
    if "event_type" not in fields:
        raise UnknownFormatError(
            f"{path} is JSONL with the fields {sorted(fields)[:12]}, not event_type; give a mapping\n{ACCEPTED_FORMATS}"
        )
    items, users = find_file(path.parent, "items.jsonl"), find_file(path.parent, "users.jsonl")

    def events() -> Iterable[RawEvent]:
        return classify_payloads(Payload(line, number) for number, line in number_lines(path))

    return Stream(
        events=events,
        items=(lambda: _read_records(items)) if items else lambda: derive_records(events(), "item_id"),
        users=(lambda: _read_records(users)) if users else lambda: derive_records(events(), "user_id"),
        name=path.name,
    )


def _read_records(path: Path) -> Iterator[Record]:
    check_whole(path)
    for number, line in enumerate(read_lines(path), 1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise UnknownFormatError(f"{path}: record {number} is no JSON object")
        yield record


def _open_retail_demo_store(path: Path) -> Stream:
    users = find_file(path.parent, "users.json")
    return Stream(
        items=lambda: read_products(path),
        users=lambda: read_users(users) if users else [],
        events=list,
        name="retail demo store",
        size=0,
    )


def _open_mapped(path: Path, mapping: Mapping) -> Stream:
    check_whole(path)
    if not mapping.names and read_first_line(path).startswith("{"):
        check_jsonl(path, mapping)
        return _sorted_stream(path.name, lambda: read_mapped_jsonl(path, mapping))
    header = read_header(path, mapping)
    return _sorted_stream(path.name, lambda: read_mapped_csv(path, mapping, header))


def _sorted_stream(
    name: str,
    read: Callable[[], Iterable[Payload]],
    items: Callable[[], Iterable[Record] | None] | None = None,
    users: Callable[[], Iterable[Record] | None] | None = None,
) -> Stream:
    """Make a stream that reads and sorts its events once, on first use; records that it lacks are derived from them."""

    @cache
    def events() -> list[RawEvent]:
        return sort_by_time(classify_payloads(read()))

    @cache
    def records(given: Callable[[], Iterable[Record] | None] | None, id_field: str) -> list[Record]:
        found = None if given is None else given()
        return derive_records(events(), id_field) if found is None else list(found)

    return Stream(
        events=events, items=lambda: records(items, "item_id"), users=lambda: records(users, "user_id"), name=name
    )
