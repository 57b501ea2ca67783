"""Interactions of a dataset group as columns in a file: an imported part, or what a training starts from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Columns:
    """Interactions in the order in which they came.

    Attributes
    ----------
    user_ids, item_ids, event_types : list of str
        What the numbers stand for.
    users, items, kinds : integer arrays of shape (n,)
    times : int64 array of shape (n,)
        Epoch seconds.
    values : float32 array of shape (n,)
        EVENT_VALUE; NaN where there is none.
    """

    user_ids: list[str]
    item_ids: list[str]
    event_types: list[str]
    users: NDArray[np.int32]
    items: NDArray[np.int32]
    kinds: NDArray[np.int16]
    times: NDArray[np.int64]
    values: NDArray[np.float32]


def write_columns(path: Path, columns: Columns) -> None:
    """Write columns into a file.

    Parameters
    ----------
    path : Path
    columns : Columns
    """
    arrays: dict[str, NDArray[Any]] = {
        name: getattr(columns, name) for name in ("users", "items", "kinds", "times", "values")
    }
    for name in ("user_ids", "item_ids", "event_types"):
        # As JSON: arrays of strings would give every id the room of the longest.
        arrays[name] = np.frombuffer(json.dumps(getattr(columns, name)).encode(), np.uint8)
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # names of arrays, never allow_pickle


def read_columns(path: Path) -> Columns:
    """Read what `write_columns` wrote.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Columns
    """
    with np.load(path, allow_pickle=False) as stored:
        names = {name: json.loads(stored[name].tobytes()) for name in ("user_ids", "item_ids", "event_types")}
        return Columns(
            **names,
            users=stored["users"],
            items=stored["items"],
            kinds=stored["kinds"],
            times=stored["times"],
            values=stored["values"],
        )


def joined(parts: list[Columns]) -> Columns:
    """Put parts one after the other, with one numbering of ids.

    Parameters
    ----------
    parts : list of Columns

    Returns
    -------
    Columns
    """
    number_of: tuple[dict[str, int], ...] = ({}, {}, {})
    lists: tuple[list[NDArray[Any]], ...] = ([], [], [], [], [])
    for part in parts:
        names = (part.user_ids, part.item_ids, part.event_types)
        numbers: tuple[NDArray[Any], ...] = (part.users, part.items, part.kinds)
        for known, ids, column, collected in zip(number_of, names, numbers, lists[:3], strict=True):
            anew = np.array([known.setdefault(one, len(known)) for one in ids], column.dtype)
            collected.append(anew[column] if column.size else column)
        lists[3].append(part.times)
        lists[4].append(part.values)
    kinds = (np.int32, np.int32, np.int16, np.int64, np.float32)
    stacked = [
        np.concatenate(column).astype(kind, copy=False) if column else np.empty(0, kind)
        for column, kind in zip(lists, kinds, strict=True)
    ]
    user_ids, item_ids, event_types = (list(known) for known in number_of)
    return Columns(user_ids, item_ids, event_types, *stacked)
