"""What a training starts from, as files: the engine writes them, the worker reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.datasets.columns import Columns, read_columns, write_columns
from model.datasets.dataset_types import ACTION_INTERACTIONS, INTERACTIONS
from model.engine.storage.import_part import read_rows, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model.engine.storage.dataset_group import DatasetGroup
    from model.engine.storage.import_part import Row


@dataclass(frozen=True)
class TrainingInput:
    """All that a dataset group held when the training began.

    Attributes
    ----------
    columns : dict of Columns
        By dataset type: INTERACTIONS and ACTION_INTERACTIONS.
    rows : dict of dicts of rows
        By dataset type, ITEMS, USERS and ACTIONS, and by id.
    """

    columns: dict[str, Columns]
    rows: dict[str, dict[str, Row]]


def take_input(group: DatasetGroup) -> Callable[[Path], None]:
    """Take what a training starts from, as it is now.

    Returns
    -------
    callable
        Writes it into a directory; a thread may call it.
    """
    taken = {INTERACTIONS: group.interactions.snapshot(), ACTION_INTERACTIONS: group.action_interactions.snapshot()}
    rows = {kind: one.all() for kind, one in group.rows.items()}

    def write(directory: Path) -> None:
        for kind, columns in taken.items():
            write_columns(directory / f"{kind}.npz", columns())
        for kind, by_id in rows.items():
            write_rows(directory / f"{kind}.jsonl", by_id.items())

    return write


def read_input(directory: Path) -> TrainingInput:
    """Read what `take_input` wrote."""
    columns = {path.stem: read_columns(path) for path in directory.glob("*.npz")}
    return TrainingInput(columns, {path.stem: dict(read_rows(path)) for path in directory.glob("*.jsonl")})
