"""Zip archives whose bytes depend on their content only."""

from __future__ import annotations

import hashlib
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# A fixed time, the earliest of the zip format, and a fixed mode: neither the clock nor the umask affects an archive.
_MOMENT = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644 << 16
_UNIX = 3

# Files of the installer; they differ between machines and no import needs them.
_LEFT_OUT_NAMES = {"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"}
_LEFT_OUT_FOLDERS = {"__pycache__", "bin"}


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the archive name and path of every file to pack below a folder, in no particular order."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file() and path.name not in _LEFT_OUT_NAMES and not _LEFT_OUT_FOLDERS.intersection(name.parts):
            yield name.as_posix(), path


def write_archive(target: Path, files: Mapping[str, Path | bytes]) -> str:
    """Write a zip of files, or their content, by their names in it, sorted by name, and return its SHA-256 in hex.

    The target is replaced only once the new archive is complete.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".partial")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _MODE
            entry.create_system = _UNIX
            content = files[name]
            archive.writestr(entry, content if isinstance(content, bytes) else content.read_bytes())
    unfinished.replace(target)
    return hashlib.sha256(target.read_bytes()).hexdigest()
