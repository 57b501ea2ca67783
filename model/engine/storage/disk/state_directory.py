"""The directory that holds all state: used by one process at a time, in one version of the layout.

```
engine.json        version of the layout
lock               held while a process runs
control.sqlite     resources of the control plane
groups/<id>/       one dataset group: streamed/ (event log), bulk/ (import parts), checkpoint.npz (see `checkpoint`)
jobs/<id>/         a running import or training
versions/<id>/     a trained solution version
```
Names that clients choose never become part of a path; the ids are random.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from typing import TYPE_CHECKING, Self

from model.engine.personalize.errors import DirectoryInUseError
from model.engine.storage.disk.durability import sync_directory, sync_file

if TYPE_CHECKING:
    from pathlib import Path

LAYOUT_VERSION = 3
READABLE_VERSIONS = (2, 3)  # version 2 has segments of the event log in format 1 only


class StateDirectory:
    """The opened state directory; `close` releases its lock."""

    def __init__(self, root: Path, lock: int) -> None:
        self.root = root
        self._lock = lock

    @classmethod
    def open(cls, root: Path) -> Self:
        """Lock the directory, after creating it if it does not exist.

        Raises
        ------
        DirectoryInUseError
            Another process uses it, or another version of the layout wrote it.
        """
        root.mkdir(parents=True, exist_ok=True)
        lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise DirectoryInUseError(f"another engine is running on {root}: stop it or choose another one") from None
        _check_version(root)
        for name in ("groups", "jobs", "versions"):
            (root / name).mkdir(exist_ok=True)
        sync_directory(root)
        return cls(root, lock)

    @property
    def control(self) -> Path:
        """The database of the control plane."""
        return self.root / "control.sqlite"

    def group(self, group_id: str) -> Path:
        """Return the directory of a dataset group."""
        return self.root / "groups" / group_id

    def job(self, job_id: str) -> Path:
        """Return the directory of a running import or training."""
        return self.root / "jobs" / job_id

    def version(self, version_id: str) -> Path:
        """Return the directory of a trained solution version."""
        return self.root / "versions" / version_id

    def close(self) -> None:
        """Release the lock of the directory."""
        os.close(self._lock)


def new_id() -> str:
    """Return a random id of 16 hexadecimal digits."""
    return secrets.token_hex(8)


def _check_version(root: Path) -> None:
    marker = root / "engine.json"
    if not marker.exists():
        if (root / "control.sqlite").exists():
            raise DirectoryInUseError(f"{marker} is missing, so the version of {root} is unknown")
        _write_version(marker)
        return
    layout = json.loads(marker.read_text(encoding="utf-8")).get("layout")
    if layout not in READABLE_VERSIONS:
        raise DirectoryInUseError(f"{root} has layout version {layout}; this engine reads version {LAYOUT_VERSION}")
    if layout != LAYOUT_VERSION:
        _write_version(marker)


def _write_version(marker: Path) -> None:
    fresh = marker.with_name("engine.json.new")
    fresh.write_text(json.dumps({"layout": LAYOUT_VERSION}), encoding="utf-8")
    sync_file(fresh)
    fresh.rename(marker)
    sync_directory(marker.parent)
