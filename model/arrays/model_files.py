"""A fitted model on disk: one file of arrays and one JSON document."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

ARRAYS = "model.npz"
DOCUMENT, REWRITTEN = "model.json", "model.json.new"
USERS = ("persons", "users")  # members of documents that list ids of users
FORGOTTEN = ""  # replaces a deleted id, so that the positions of the others do not change


def write_model(directory: Path, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> None:
    """Write arrays and a JSON document into a directory.

    The document lists ids of users only under the keys `persons` and `users`.
    """
    with (directory / ARRAYS).open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # names of arrays, never allow_pickle
    (directory / DOCUMENT).write_text(json.dumps(document), encoding="utf-8")


def read_model(directory: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays and the document that `write_model` wrote."""
    with np.load(directory / ARRAYS, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    document: dict[str, Any] = json.loads((directory / DOCUMENT).read_text(encoding="utf-8"))
    return arrays, document


def forget_users(directory: Path, users: Collection[str]) -> bool:
    """Delete ids of users from a saved model; return whether it held any.

    A model that is already in memory still holds them.
    """
    document: dict[str, Any] = json.loads((directory / DOCUMENT).read_text(encoding="utf-8"))
    lists = {name: document[name] for name in USERS if name in document}
    left = {name: [FORGOTTEN if user in users else user for user in ids] for name, ids in lists.items()}
    if left == lists:
        return False
    with (directory / REWRITTEN).open("w", encoding="utf-8") as file:
        json.dump({**document, **left}, file)
        file.flush()
        os.fsync(file.fileno())
    (directory / REWRITTEN).rename(directory / DOCUMENT)
    # Without this a power cut may bring the deleted ids back.
    names = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(names)
    finally:
        os.close(names)
    return True
