"""The input of a training as files, which the engine writes and the worker reads.

Where several users were identified in a session, the worker reads the streamed interactions from the event log, since
memory has them by their users in order of arrival, and a training takes those in order of time.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from model.datasets.columns import Columns, concatenate, read_columns, write_columns
from model.datasets.dataset_types import ACTION_INTERACTIONS, INTERACTIONS
from model.engine.storage.event_log.segments import LogReader
from model.engine.storage.import_part import read_rows, write_rows
from model.engine.storage.interactions.time_order import RECORDS, read_streamed, user_of_import, users_in_time_order

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model.engine.storage.dataset_group import DatasetGroup
    from model.engine.storage.import_part import Row

LOG, LOG_DOCUMENT = "log", "log.json"  # the segments, and which datasets to read from them up to which position


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
    stores = {INTERACTIONS: group.interactions, ACTION_INTERACTIONS: group.action_interactions}
    shared = [kind for kind, store in stores.items() if store.has_shared_sessions]
    snapshots = {
        kind: store.snapshot_imported() if kind in shared else store.snapshot() for kind, store in stores.items()
    }
    rows = {kind: by_id.all() for kind, by_id in group.rows.items()}
    segments, end = group.log_until_now()

    def write(directory: Path) -> None:
        if shared:
            (directory / LOG_DOCUMENT).write_text(json.dumps({"datasets": shared, "end": end}), encoding="utf-8")
            (directory / LOG).mkdir()
            for segment in segments:
                os.link(segment, directory / LOG / segment.name)
        for kind, columns in snapshots.items():
            write_columns(directory / f"{kind}.npz", columns())
        for kind, by_id in rows.items():
            write_rows(directory / f"{kind}.jsonl", by_id.items())

    return write


def read_input(directory: Path) -> TrainingInput:
    """Read the input that `copy_input` wrote."""
    columns = {path.stem: read_columns(path) for path in directory.glob("*.npz")}
    if (directory / LOG_DOCUMENT).exists():
        document = json.loads((directory / LOG_DOCUMENT).read_bytes())
        log = LogReader(sorted((directory / LOG).iterdir()), end=tuple(document["end"]))
        columns |= {kind: _in_time_order(columns[kind], log, kind) for kind in document["datasets"]}
    return TrainingInput(columns, {path.stem: dict(read_rows(path)) for path in directory.glob("*.jsonl")})


def _in_time_order(imported: Columns, log: LogReader, dataset_type: str) -> Columns:
    """Return imported interactions and those of a log with the users of their sessions by time."""
    users = users_in_time_order(log, RECORDS[dataset_type])
    user_ids = [user_of_import(user_id, users) for user_id in imported.user_ids]
    return concatenate([replace(imported, user_ids=user_ids), read_streamed(log, dataset_type, users)])
