"""The rows of an Items, Users or Actions dataset by id: imported rows on disk, streamed rows in memory.

Memory holds only the id and the offset of an imported row, so long descriptions take no memory. The rows of a small
part are in memory: a file that is mapped keeps a descriptor, of which frequent imports would take all.
"""

from __future__ import annotations

import mmap
from array import array
from collections import ChainMap
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

import msgspec

from model.engine.storage.import_part import ROWS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Row = dict[str, Any]
SMALL_BYTES = 64 * 1024

_ids: msgspec.json.Decoder[tuple[str, msgspec.Raw]] = msgspec.json.Decoder(tuple[str, msgspec.Raw])
_rows: msgspec.json.Decoder[tuple[str, Row]] = msgspec.json.Decoder(tuple[str, Row])


class ImportedRows(Mapping[str, Row]):
    """Rows of import parts, oldest first, read from disk on access; the last part with an id determines its row."""

    def __init__(self, parts: list[Path]) -> None:
        self._files: list[mmap.mmap | bytes] = []
        self._number_of: dict[str, int] = {}
        self._file_of, self._offsets = array("H"), array("q")
        for part in parts:
            self._add(part / ROWS_FILE)

    def __getitem__(self, row_id: str) -> Row:
        number = self._number_of[row_id]
        file, offset = self._files[self._file_of[number]], self._offsets[number]
        return _rows.decode(file[offset : file.find(b"\n", offset)])[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._number_of)

    def __len__(self) -> int:
        return len(self._number_of)

    def __contains__(self, row_id: object) -> bool:
        return row_id in self._number_of

    def _add(self, path: Path) -> None:
        lines: Iterable[bytes]
        if path.stat().st_size <= SMALL_BYTES:
            content = path.read_bytes()
            self._files.append(content)
            lines = BytesIO(content)
        else:
            with path.open("rb") as opened:
                mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
            self._files.append(mapped)
            lines = iter(mapped.readline, b"")
        offset = 0
        for line in lines:
            number = self._number_of.setdefault(_ids.decode(line)[0], len(self._offsets))
            if number == len(self._offsets):
                self._offsets.append(offset)
                self._file_of.append(len(self._files) - 1)
            else:
                self._offsets[number], self._file_of[number] = offset, len(self._files) - 1
            offset += len(line)


class Rows:
    """All rows of a dataset; a streamed row takes precedence over an imported one."""

    def __init__(self) -> None:
        self.imported: Mapping[str, Row] = {}
        self.streamed: dict[str, Row] = {}

    def get(self, row_id: str) -> Row | None:
        """Return a row, values by column; None if the id has no row."""
        row = self.streamed.get(row_id)
        return self.imported.get(row_id) if row is None else row

    def all(self) -> Mapping[str, Row]:
        """Return all present rows by id, for use in a thread too; an imported row is read on access."""
        return ChainMap(dict(self.streamed), self.imported)  # type: ignore[arg-type]  # only the first is ever written to
