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
FORGOTTEN = ""  # stands where an id was: the numbers of the others must not move


def write_model(directory: Path, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> None:
    """Write the arrays and the document into a directory.

    Parameters
    ----------
    document : mapping
        Anything JSON can hold. Ids of users are in the lists `users` and `users`, and nowhere else.
    """
    with (directory / ARRAYS).open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # names of arrays, never allow_pickle
    (directory / DOCUMENT).write_text(json.dumps(document), encoding="utf-8")


def read_model(directory: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read what `write_model` wrote.

    Returns
    -------
    arrays, document
    """
    with np.load(directory / ARRAYS, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    document: dict[str, Any] = json.loads((directory / DOCUMENT).read_text(encoding="utf-8"))
    return arrays, document


def forget_users(directory: Path, users: Collection[str]) -> bool:
    """Take ids of users out of a model, for good.

    Parameters
    ----------
    directory : Path
        What `write_model` wrote.

    Returns
    -------
    bool
        Whether it named any of them. A model that was read before names them still.
    """
    document: dict[str, Any] = json.loads((directory / DOCUMENT).read_text(encoding="utf-8"))
    lists = {name: document[name] for name in USERS if name in document}
    left = {name: [FORGOTTEN if one in users else one for one in ids] for name, ids in lists.items()}
    if left == lists:
        return False
    with (directory / REWRITTEN).open("w", encoding="utf-8") as file:
        json.dump({**document, **left}, file)
        file.flush()
        os.fsync(file.fileno())
    (directory / REWRITTEN).replace(directory / DOCUMENT)
    return True
