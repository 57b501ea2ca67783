"""The input of a training as files, which the engine writes and the worker reads."""

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
    """The data of a dataset group at the start of a training.

    Attributes
    ----------
    columns : dict of Columns
        By dataset type: INTERACTIONS and ACTION_INTERACTIONS.
    rows : dict of dicts of rows
        By dataset type, ITEMS, USERS and ACTIONS, and by id.
    """

    columns: dict[str, Columns]
    rows: dict[str, dict[str, Row]]


def copy_input(group: DatasetGroup) -> Callable[[Path], None]:
    """Copy the data of a dataset group; the returned function writes it to a directory and may run in a thread."""
    snapshots = {INTERACTIONS: group.interactions.snapshot(), ACTION_INTERACTIONS: group.action_interactions.snapshot()}
    rows = {kind: by_id.all() for kind, by_id in group.rows.items()}

    def write(directory: Path) -> None:
        for kind, columns in snapshots.items():
            write_columns(directory / f"{kind}.npz", columns())
        for kind, by_id in rows.items():
            write_rows(directory / f"{kind}.jsonl", by_id.items())

    return write


def read_input(directory: Path) -> TrainingInput:
    """Read the input that `copy_input` wrote."""
    columns = {path.stem: read_columns(path) for path in directory.glob("*.npz")}
    return TrainingInput(columns, {path.stem: dict(read_rows(path)) for path in directory.glob("*.jsonl")})
