"""Checkpoints: the state of a dataset group at a position of its event log, so that a start need not replay it all.

The log is authoritative: a checkpoint that is missing, unreadable or of another version only makes the start slower.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from model.engine.monitoring.logs import log
from model.engine.storage.disk.durability import sync_directory
from model.engine.storage.event_log.log import LOG_START
from model.engine.storage.interactions.state import InteractionState, read_state

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from model.engine.storage.event_log.log import Position
    from model.engine.storage.import_part import Row

VERSION = 2
ONLY_IDS = 1  # a version that lacks the first users of sessions: of it only the ids of events are used
FILE, UNFINISHED = "checkpoint.npz", "checkpoint.npz.new"


@dataclass
class Checkpoint:
    """The streamed data of a dataset group at a position of its event log.

    Attributes
    ----------
    position : (segment, byte)
        End of the records that the checkpoint contains.
    interactions : dict of InteractionState
        By dataset type: INTERACTIONS and ACTION_INTERACTIONS.
    rows : dict of dicts of rows
        Streamed rows, by dataset type and id.
    event_ids : uint64 array of shape (2, n)
        See `EventIds`.
    """

    position: Position
    interactions: dict[str, InteractionState]
    rows: dict[str, dict[str, Row]]
    event_ids: NDArray[np.uint64]


def write_checkpoint(directory: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint durably, in place of the previous one."""
    head = {"version": VERSION, "position": checkpoint.position, "people": list(checkpoint.interactions)}
    arrays: dict[str, NDArray[Any]] = {
        "head": np.frombuffer(msgspec.json.encode(head), np.uint8),
        "rows": np.frombuffer(msgspec.json.encode(checkpoint.rows), np.uint8),
        "event_ids": checkpoint.event_ids,
    }
    for kind, state in checkpoint.interactions.items():
        arrays |= {f"{kind}/{name}": array for name, array in state.arrays().items()}
    with (directory / UNFINISHED).open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # names of arrays, never allow_pickle
        file.flush()
        os.fsync(file.fileno())
    (directory / UNFINISHED).rename(directory / FILE)
    sync_directory(directory)


def read_checkpoint(directory: Path) -> Checkpoint | None:
    """Return the checkpoint, or None if there is none, or it is unreadable or of another version.

    Of the earlier version it is one at the beginning of the log with nothing but the ids of events: the log lacks those
    of erased users.
    """
    try:
        with np.load(directory / FILE, allow_pickle=False) as stored:
            # Read completely: the checksum of an array covers all its bytes.
            arrays = {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        log("checkpoint", usable=False, reason=type(error).__name__)
        return None
    head = msgspec.json.decode(arrays["head"].tobytes())
    if head["version"] == ONLY_IDS:
        return Checkpoint(LOG_START, {}, {}, arrays["event_ids"])
    if head["version"] != VERSION:
        return None
    segment, place = head["position"]
    interactions = {
        kind: read_state(
            {name.removeprefix(f"{kind}/"): array for name, array in arrays.items() if name.startswith(f"{kind}/")}
        )
        for kind in head["people"]
    }
    rows = msgspec.json.decode(arrays["rows"].tobytes())
    return Checkpoint((segment, place), interactions, rows, arrays["event_ids"])


def remove_checkpoint(directory: Path) -> None:
    """Remove the checkpoint durably."""
    for name in (FILE, UNFINISHED):
        (directory / name).unlink(missing_ok=True)
    sync_directory(directory)
