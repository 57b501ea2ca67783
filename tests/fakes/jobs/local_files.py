"""The files below a folder, as the job of curated tables sees them, which end the process after some changes."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class KilledError(Exception):
    """Stands for the end of the process."""


class LocalFiles:
    """Stands for `scripts.curated.files.Files`; a move that is killed has copied and not deleted, as on S3."""

    def __init__(self, folder: Path, changes: int | None = None) -> None:
        self.folder, self.changes_left = folder, changes

    def names(self, folder: str) -> list[str]:
        path = self.folder / folder
        return sorted(inner.name for inner in path.iterdir()) if path.exists() else []

    def exists(self, path: str) -> bool:
        return (self.folder / path).exists()

    def move(self, source: str, target: str) -> None:
        (self.folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.folder / source, self.folder / target)
        self._change()
        (self.folder / source).unlink()

    def delete(self, path: str) -> None:
        self._change()
        if (self.folder / path).is_dir():
            shutil.rmtree(self.folder / path)
        else:
            (self.folder / path).unlink(missing_ok=True)

    def write(self, path: str, content: bytes) -> None:
        (self.folder / path).write_bytes(content[: len(content) // 2])
        self._change()
        (self.folder / path).write_bytes(content)

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def _change(self) -> None:
        if self.changes_left == 0:
            raise KilledError
        if self.changes_left is not None:
            self.changes_left -= 1
