"""Puts a run's new files in place so that a run that is killed leaves no day half-way for good.

All new files are written below `_staging/<run_id>/`, which Athena and Spark ignore. Then a journal names every day's
new files and the old ones that go; before it exists, nothing that a reader sees has changed. Then, day by day, the new
files are moved into place. The files of a day have the same names in each run, so that a new file replaces the old one
at once: a reader of a day that fits one file, as most do, sees its rows as before or as after, also where the run is
killed. A day of several files may be seen with some of each. If the run ends in between, the next run completes the
journal first. Only one run at a time may write the tables: Glue's limit of concurrent runs ensures that, and a lock on
local disks.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Protocol

STAGING = "_staging"
JOURNAL = "commit.json"


class FilesBelow(Protocol):
    """The files below a folder, by paths relative to it; `scripts.curated.files` has those of Hadoop."""

    def names(self, folder: str) -> list[str]:
        """Return the names of the files and folders in a folder."""

    def exists(self, path: str) -> bool:
        """Return whether a file or folder exists."""

    def move(self, source: str, target: str) -> None:
        """Move a file, replacing one of the same name."""

    def delete(self, path: str) -> None:
        """Delete a file or folder, if it exists."""

    def write(self, path: str, content: bytes) -> None:
        """Write a file."""

    def read(self, path: str) -> bytes:
        """Read a small file."""


@dataclass(frozen=True)
class Replacement:
    """The files of a day, or of a table without days, that replace others.

    Attributes
    ----------
    folder
        Where the files belong.
    source
        Where they were written.
    added
        Names of the new files in `folder`, with those that they were written with.
    removed
        Names of the old files that no new one replaces.
    """

    folder: str
    source: str
    added: dict[str, str]
    removed: list[str]


def publish(files: FilesBelow, run_id: str, replacements: list[Replacement]) -> None:
    """Write a journal of a run and complete it; the folder of the run's staged files remains."""
    if replacements:
        journal = f"{STAGING}/{run_id}/{JOURNAL}"
        # On a local disk a file grows while it is written; a move is a whole.
        files.write(f"{journal}.partial", json.dumps([asdict(each) for each in replacements]).encode())
        files.move(f"{journal}.partial", journal)
        for replacement in replacements:
            replace(files, replacement)
        files.delete(journal)


def recover(files: FilesBelow) -> list[str]:
    """Complete the journals that earlier runs left, delete files without a journal, and return the completed runs."""
    completed = []
    for run_id in files.names(STAGING):
        journal = f"{STAGING}/{run_id}/{JOURNAL}"
        if files.exists(journal):
            for fields in json.loads(files.read(journal)):
                replace(files, Replacement(**fields))
            completed.append(run_id)
        files.delete(f"{STAGING}/{run_id}")
    return completed


def replace(files: FilesBelow, replacement: Replacement) -> None:
    """Move new files into place and delete the old ones; what is done already is skipped."""
    for name, written in replacement.added.items():
        source, target = f"{replacement.source}/{written}", f"{replacement.folder}/{name}"
        if files.exists(source):
            files.move(source, target)
        elif not files.exists(target):
            raise FileNotFoundError(f"{source} is in the journal of a run, but neither there nor at {target}")
    for name in replacement.removed:
        files.delete(f"{replacement.folder}/{name}")
