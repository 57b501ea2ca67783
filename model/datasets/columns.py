"""Interactions of a dataset group as columns in a file: an import part, or the input of a training."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from model.datasets.interactions import ContextColumn

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NAMES, ARRAYS = ("user_ids", "item_ids", "event_types"), ("users", "items", "kinds", "times", "values")
CONTEXT, CODES = "context-", "codes-"  # prefixes of the arrays of a context column in a file


@dataclass(frozen=True)
class Columns:
    """Interactions in order of arrival.

    Attributes
    ----------
    user_ids, item_ids, event_types : list of str
        By number.
    users, items, kinds : integer arrays of shape (n,)
    times : int64 array of shape (n,)
        Epoch seconds.
    values : float32 array of shape (n,)
        EVENT_VALUE; NaN for a missing value.
    context : dict of ContextColumn
        Categorical metadata, by the name of the column in the schema.
    """

    user_ids: list[str]
    item_ids: list[str]
    event_types: list[str]
    users: NDArray[np.int32]
    items: NDArray[np.int32]
    kinds: NDArray[np.int16]
    times: NDArray[np.int64]
    values: NDArray[np.float32]
    context: dict[str, ContextColumn] = field(default_factory=dict)

    def where(self, kept: NDArray[np.bool_]) -> Columns:
        """Return the interactions for which `kept`, of shape (n,), is true; the lists of ids stay as they are."""
        context = {name: column.at(kept) for name, column in self.context.items()}
        arrays = {name: getattr(self, name)[kept] for name in ARRAYS}
        return replace(self, **arrays, context=context)


def write_columns(path: Path, columns: Columns) -> None:
    """Write columns to a file."""
    arrays: dict[str, NDArray[Any]] = {name: getattr(columns, name) for name in ARRAYS}
    for name in NAMES:
        arrays[name] = as_bytes(getattr(columns, name))
    for name, column in columns.context.items():
        arrays[CONTEXT + name] = as_bytes(column.values)
        arrays[CODES + name] = column.codes
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # names of arrays, never allow_pickle


def read_columns(path: Path) -> Columns:
    """Read columns that `write_columns` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        names: dict[str, Any] = {name: as_strings(stored[name]) for name in NAMES}
        contexts = [name.removeprefix(CONTEXT) for name in stored.files if name.startswith(CONTEXT)]
        context = {name: ContextColumn(as_strings(stored[CONTEXT + name]), stored[CODES + name]) for name in contexts}
        return Columns(**names, **{name: stored[name] for name in ARRAYS}, context=context)


def as_bytes(strings: list[str]) -> NDArray[np.uint8]:
    """Return strings as one array of bytes; in an array of strings each would take the size of the longest."""
    return np.frombuffer(msgspec.json.encode(strings), np.uint8)


def as_strings(array: NDArray[np.uint8]) -> list[str]:
    """Return the strings that `as_bytes` encoded."""
    strings: list[str] = msgspec.json.decode(array.tobytes())
    return strings


def concatenate(parts: list[Columns]) -> Columns:
    """Concatenate columns with different numberings of ids into one numbering."""
    number_of: tuple[dict[str, int], ...] = ({}, {}, {})
    lists: tuple[list[NDArray[Any]], ...] = ([], [], [], [], [])
    for part in parts:
        names = (part.user_ids, part.item_ids, part.event_types)
        numbers: tuple[NDArray[Any], ...] = (part.users, part.items, part.kinds)
        for known, ids, column, collected in zip(number_of, names, numbers, lists[:3], strict=True):
            renumbered = np.array([known.setdefault(name, len(known)) for name in ids], column.dtype)
            collected.append(renumbered[column] if column.size else column)
        lists[3].append(part.times)
        lists[4].append(part.values)
    kinds = (np.int32, np.int32, np.int16, np.int64, np.float32)
    arrays: dict[str, Any] = {
        name: np.concatenate(column).astype(kind, copy=False) if column else np.empty(0, kind)
        for name, column, kind in zip(ARRAYS, lists, kinds, strict=True)
    }
    user_ids, item_ids, event_types = (list(known) for known in number_of)
    return Columns(user_ids, item_ids, event_types, **arrays, context=_concatenate_context(parts))


def append_columns(first: Columns, second: Columns) -> Columns:
    """Append columns to others with the same numbering of ids."""
    arrays: dict[str, Any] = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in ARRAYS}
    return replace(first, **arrays, context=_concatenate_context([first, second]))


def _concatenate_context(parts: list[Columns]) -> dict[str, ContextColumn]:
    """Concatenate the context columns; a part without a column has missing values in it."""
    columns: dict[str, ContextColumn] = {}
    for name in dict.fromkeys(name for part in parts for name in part.context):
        known: dict[str, int] = {}
        codes = []
        for part in parts:
            column = part.context.get(name)
            if column is None:
                codes.append(np.full(part.times.size, -1, np.int32))
                continue
            # The last number is for the code -1 of missing values.
            renumbered = np.array([*(known.setdefault(value, len(known)) for value in column.values), -1], np.int32)
            codes.append(renumbered[column.codes])
        columns[name] = ContextColumn(list(known), np.concatenate(codes))
    return columns
