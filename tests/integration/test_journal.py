"""The emulator's journals on a real file system survive torn writes, damage and a full disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployment.emulator.persistence import journal

ENTRIES = st.lists(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    ),
    max_size=5,
)


def append(path: Path, entries: list[Any]) -> None:
    file = journal.Journal(path)
    for entry in entries:
        file.append(entry)
    file.close()


@given(entries=ENTRIES)
def test_appended_entries_are_read_back(entries: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal"

        append(path, entries)

        assert list(journal.read(path)) == entries


@given(entries=ENTRIES, more=ENTRIES, data=st.data())
def test_a_torn_journal_keeps_its_complete_entries_and_accepts_more(
    entries: list[Any], more: list[Any], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        append(path, entries)
        size = path.stat().st_size
        os.truncate(path, data.draw(st.integers(0, size)))

        kept = list(journal.read(path))
        append(path, more)

        assert kept == entries[: len(kept)]
        assert list(journal.read(path)) == kept + more


@given(entries=ENTRIES.filter(bool), data=st.data())
def test_damaged_entries_are_never_read(entries: list[Any], data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        append(path, entries)
        content = bytearray(path.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)

        kept = list(journal.read(path))

        assert kept == entries[: len(kept)]
        assert len(kept) < len(entries)


def test_a_missing_journal_has_no_entries(tmp_path: Path) -> None:
    assert list(journal.read(tmp_path / "missing")) == []


def test_a_full_disk_leaves_the_journal_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"
    file = journal.Journal(path)
    file.append("kept")
    write = os.write

    def write_half_then_fail(descriptor: int, content: bytes) -> int:
        if len(content) > 20:
            return write(descriptor, content[:20])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write_half_then_fail)
        with pytest.raises(OSError, match="No space"):
            file.append("x" * 16)
    file.append("next")

    assert list(journal.read(path)) == ["kept", "next"]


def test_rewriting_replaces_all_entries(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    append(path, [1, 2, 3])

    journal.rewrite(path, [4])

    assert list(journal.read(path)) == [4]
