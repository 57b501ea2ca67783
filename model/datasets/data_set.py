"""Reads data sets in the contract's form: the folder that the datasets job writes, or JSON lines of events.

The first holds CSV files with the columns of `model/schemas` under `interactions/`, `items/` and `users/` (or
`interactions.csv` and so on), the second `events.jsonl` and, optionally, `items.jsonl` and `users.jsonl`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from backend.contract import Event, Item, Refusal, User, event_id_of, read_event, read_item, read_user
from backend.contract.rules.event_types import IMPRESSION, INTERACTION_TYPES, SEARCH
from backend.contract.rules.identity import identifies, name_session
from model.datasets.avro_schema import read_schema
from model.datasets.csv_import import read_rows, to_columns, to_rows
from model.datasets.errors import ImportFailedError
from model.datasets.identity.session_users import SessionUsers
from model.datasets.interactions import ContextColumn, from_columns
from model.datasets.training_data import catalogue_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from model.datasets.catalogue import Catalogue
    from model.datasets.interactions import Interactions

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"
LOADERS = "`python -m data.loaders SOURCE --out FOLDER` makes a data set of other clickstreams and columns"
ROW = "row number"  # the context column that keeps the position in the file during sorting


class UnknownDataError(ValueError):
    """A path holds no data set in the contract's form; the message names what was found and what is expected."""


@dataclass(frozen=True)
class DataSet:
    """A data set, read.

    Attributes
    ----------
    values : float32 array of shape (interactions,)
        EVENT_VALUE; NaN where there is none.
    left_out : dict of int
        How many lines are not interactions, by reason.
    """

    name: str
    interactions: Interactions
    values: NDArray[np.float32]
    items: Catalogue
    users: Catalogue
    left_out: dict[str, int]


def read_data_set(path: Path) -> DataSet:
    """Read a data set.

    Raises
    ------
    UnknownDataError
        There is no data set, it holds no interaction, or a CSV file does not follow its schema.
    """
    left_out: Counter[str] = Counter()
    if (path / "events.jsonl").is_file():
        rows: Iterable[dict[str, Any]] = _interactions(path / "events.jsonl", left_out)
        items = {row["ITEM_ID"]: row for row in _records(path / "items.jsonl", read_item, left_out)}
        users = {row["USER_ID"]: row for row in _records(path / "users.jsonl", read_user, left_out)}
    elif _files(path, "interactions"):
        rows = _csv_rows(path, "interactions")
        items = _by_id(path, "items")
        users = _by_id(path, "users")
    else:
        raise UnknownDataError(f"{path} {_lacking(path)}; {LOADERS}")
    try:
        interactions, values = _in_order(rows)
    except ImportFailedError as error:
        raise UnknownDataError(f"{path}: {error}; {LOADERS}") from None
    if not len(interactions):
        raise UnknownDataError(
            f"{path} holds no interaction, which is an event with an item and a user or session; "
            f"left out: {describe_left_out(left_out) or 'nothing, since it is empty'}"
        )
    return DataSet(
        path.resolve().name,
        interactions,
        values,
        catalogue_of(items, _schema_text("items"), ()),
        catalogue_of(users, _schema_text("users"), ()),
        dict(left_out),
    )


def describe_left_out(left_out: Mapping[str, int]) -> str:
    """Return in words how many lines were left out for which reason; empty if none were."""
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(left_out.items()))


def _lacking(path: Path) -> str:
    """Return in words what lies at a path that should hold a data set."""
    if path.is_dir():
        names = ", ".join(sorted(child.name for child in path.iterdir())[:4])
        return f"has neither events.jsonl nor interactions, but {names or 'nothing at all'}"
    return f"is a file; name the folder that holds it: {path.parent}" if path.exists() else "does not exist"


def _in_order(rows: Iterable[dict[str, Any]]) -> tuple[Interactions, NDArray[np.float32]]:
    """Return interactions sorted by user and time, without duplicates, and their values in the same order."""
    columns = to_columns(rows)
    places = ContextColumn([], np.arange(columns.times.size, dtype=np.int32))
    ids = (columns.user_ids, columns.item_ids, columns.event_types)
    known = from_columns(ids, columns.users, columns.items, columns.kinds, columns.times, {ROW: places})
    return replace(known, context={}), columns.values[known.context[ROW].codes]


def _schema_text(kind: str) -> str:
    return (SCHEMAS / f"{kind}.avsc").read_text(encoding="utf-8")


def _files(path: Path, kind: str) -> list[Path]:
    alone = path / f"{kind}.csv"
    return [alone] if alone.is_file() else sorted((path / kind).glob("*.csv"))


def _csv_rows(path: Path, kind: str) -> Iterator[dict[str, Any]]:
    schema = read_schema(_schema_text(kind))
    for file in _files(path, kind):
        with file.open(encoding="utf-8-sig", newline="") as lines:
            yield from read_rows(schema, [(file.name, lines)], of_earlier_version=True)


def _by_id(path: Path, kind: str) -> dict[str, dict[str, Any]]:
    try:
        return to_rows(read_schema(_schema_text(kind)), _csv_rows(path, kind))
    except ImportFailedError as error:
        raise UnknownDataError(f"{path}: {error}") from None


def _interactions(path: Path, left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    """Yield the events of a file as rows of the Interactions data set, as the datasets job would make them."""
    now = datetime.now(UTC)
    users = SessionUsers(partial(_identifying, path, now), lambda event: (event.timestamp, event_id_of(event)))
    for event in events_of(path, now, left_out):
        if reason := _no_interaction(event):
            left_out[reason] += 1
            continue
        yield {
            "USER_ID": users.of_event(event) or name_session(event.session_id or ""),
            "ITEM_ID": event.item_id,
            "TIMESTAMP": int(event.timestamp.timestamp()),
            "EVENT_TYPE": event.event_type,
            "EVENT_VALUE": event.event_value,
        }


def _no_interaction(event: Event) -> str:
    """Return why an event is no interaction, as the datasets job does; empty where it is one."""
    if event.event_type == IMPRESSION:
        return "impression"
    if event.item_id is None or event.event_type == SEARCH:
        return "no_item"
    return "" if event.event_type in INTERACTION_TYPES else "other_type"


def _identifying(path: Path, now: datetime) -> Iterator[Event]:
    return filter(identifies, events_of(path, now, Counter()))


def events_of(path: Path, now: datetime, left_out: Counter[str]) -> Iterator[Event]:
    """Yield the valid events of a file whose users have not denied consent.

    Parameters
    ----------
    now : datetime
        The time that events are validated against; timezone-aware.
    left_out : Counter
        Counts the other lines, by reason.
    """
    for line in _lines(path):
        event = read_event(line, now=now)
        if isinstance(event, Refusal):
            left_out[event.reason] += 1
        elif event.consent == "denied":
            left_out["no_consent"] += 1
        else:
            yield event


def _records(
    path: Path, read: Callable[[bytes], Item | User | Refusal], left_out: Counter[str]
) -> Iterator[dict[str, Any]]:
    """Yield items or users of a file as rows of their data sets."""
    if not path.is_file():
        return
    for line in _lines(path):
        record = read(line)
        if isinstance(record, Refusal):
            left_out[f"{path.stem}: {record.reason}"] += 1
            continue
        row = {name.upper(): getattr(record, name) for name in record.__struct_fields__}
        created = row.pop("CREATED_AT")
        row["CREATION_TIMESTAMP"] = max(0, int(created.timestamp())) if created else 0
        yield row


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from (line for line in file if line.strip())
