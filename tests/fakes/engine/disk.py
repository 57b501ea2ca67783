"""A disk whose calls fail: the calls of `os` that write files, with failures at chosen places."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    import pytest

CALLS = ("open", "write", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "close")


class FailingDisk:
    """Counts the calls that write, and fails some of them.

    A failed `close` closes the descriptor all the same, as Linux does. A failed `write` may have written a part. After
    each failure another part of the process opens a file, which takes the lowest free descriptor.

    Parameters
    ----------
    failing : collection of int
        Numbers of the calls that fail, counted from 0.
    error : int
        The `errno` of their failure.
    folder : Path
        For the files of others.
    """

    def __init__(self, failing: Collection[int], error: int, folder: Path) -> None:
        self._failing, self._error, self._folder = failing, error, folder
        self._real = {name: getattr(os, name) for name in CALLS}
        self.calls: list[str] = []
        self.foreign: dict[int, os.stat_result] = {}

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Replace the calls."""
        for name in CALLS:
            patch.setattr(os, name, self._call(name))

    def check_foreign_files(self) -> None:
        """Check that the files of others are open and unwritten, and close them."""
        for descriptor, opened in self.foreign.items():
            now = os.fstat(descriptor)
            assert (now.st_ino, now.st_size) == (opened.st_ino, 0), "a foreign descriptor was written or closed"
            self._real["close"](descriptor)

    def _call(self, name: str) -> Callable[..., Any]:
        real = self._real[name]

        def call(*arguments: Any, **options: Any) -> Any:
            self.calls.append(name)
            if len(self.calls) - 1 not in self._failing:
                return real(*arguments, **options) if name not in {"fsync", "fdatasync"} else None
            if name == "close":
                real(*arguments)
            if name == "write":
                real(arguments[0], arguments[1][: len(arguments[1]) // 2])
            path = self._folder / f"foreign-{len(self.calls)}"
            descriptor = self._real["open"](path, os.O_RDWR | os.O_CREAT)
            self.foreign[descriptor] = os.fstat(descriptor)
            raise OSError(self._error, os.strerror(self._error))

        return call
