"""What a dataset group's event log has come to up to a position, in one file, so that a start need not read it all.

The log is the truth: a checkpoint that is missing, unreadable or of another version only makes the start slower.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from model.engine.monitoring.logs import log
from model.engine.storage.interactions.state import UsersState, state_of
from model.engine.storage.state_directory import sync_directory

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from model.engine.storage.bulk_part import Row
    from model.engine.storage.event_log import Position

VERSION = 1
FILE, UNFINISHED = "checkpoint.npz", "checkpoint.npz.new"


@dataclass
class Checkpoint:
    """The state at a position.

    Attributes
    ----------
    position : (segment, byte)
        Up to where the log is contained.
    users : dict of UsersState
        By dataset type: INTERACTIONS and ACTION_INTERACTIONS.
    rows : dict of dicts of rows
        Those that were streamed, by dataset type and id.
    event_ids : uint64 array of shape (2, n)
        See `EventIds`.
    """

    position: Position
    users: dict[str, UsersState]
    rows: dict[str, dict[str, Row]]
    event_ids: NDArray[np.uint64]


def write_checkpoint(directory: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, durably, in place of the one before."""
    head = {"version": VERSION, "position": checkpoint.position, "people": list(checkpoint.users)}
    arrays: dict[str, NDArray[Any]] = {
        "head": np.frombuffer(msgspec.json.encode(head), np.uint8),
        "rows": np.frombuffer(msgspec.json.encode(checkpoint.rows), np.uint8),
        "event_ids": checkpoint.event_ids,
    }
    for kind, state in checkpoint.users.items():
        arrays |= {f"{kind}/{name}": array for name, array in state.arrays().items()}
    with (directory / UNFINISHED).open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # names of arrays, never allow_pickle
        file.flush()
        os.fsync(file.fileno())
    (directory / UNFINISHED).rename(directory / FILE)
    sync_directory(directory)


def read_checkpoint(directory: Path) -> Checkpoint | None:
    """Read what `write_checkpoint` wrote.

    Returns
    -------
    Checkpoint or None
        None where there is none that can be used.
    """
    try:
        with np.load(directory / FILE, allow_pickle=False) as stored:
            # Read whole: the checksum of an array is that of all its bytes.
            arrays = {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        log("checkpoint", usable=False, reason=type(error).__name__)
        return None
    head = msgspec.json.decode(arrays["head"].tobytes())
    if head["version"] != VERSION:
        return None
    segment, place = head["position"]
    users = {
        kind: state_of(
            {name.removeprefix(f"{kind}/"): one for name, one in arrays.items() if name.startswith(f"{kind}/")}
        )
        for kind in head["people"]
    }
    rows = msgspec.json.decode(arrays["rows"].tobytes())
    return Checkpoint((segment, place), users, rows, arrays["event_ids"])


def remove_checkpoint(directory: Path) -> None:
    """Remove the checkpoint, for good."""
    for name in (FILE, UNFINISHED):
        (directory / name).unlink(missing_ok=True)
    sync_directory(directory)
