"""A fitted model on disk: one file of arrays and one JSON document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

ARRAYS = "model.npz"
DOCUMENT = "model.json"


def write_model(directory: Path, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> None:
    """Write the arrays and the document into a directory.

    Parameters
    ----------
    directory : Path
    arrays : mapping of names to arrays
    document : mapping
        Anything JSON can hold.
    """
    with (directory / ARRAYS).open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # names of arrays, never allow_pickle
    (directory / DOCUMENT).write_text(json.dumps(document), encoding="utf-8")


def read_model(directory: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read what `write_model` wrote.

    Parameters
    ----------
    directory : Path

    Returns
    -------
    arrays, document
    """
    with np.load(directory / ARRAYS, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    document: dict[str, Any] = json.loads((directory / DOCUMENT).read_text(encoding="utf-8"))
    return arrays, document
