"""The publication of a run that is killed after any number of changes to files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts.curated.publication import Replacement, publish, recover
from tests.fakes.jobs.local_files import KilledError, LocalFiles

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = {
    "visits/event_date=2026-11-01": {"part-0": "a", "part-1": "b"},
    "visits/event_date=2026-11-02": {"part-0": "c"},
    "users": {"part-0": "d"},
}
AFTER = {
    "visits/event_date=2026-11-01": {"part-0": "e"},
    "visits/event_date=2026-11-02": {},
    "users": {"part-0": "f", "part-1": "g"},
}
STAGED = "_staging/run-1"
CHANGES = 8
"""Of a publication: two for the journal, a move for each of 3 new files, 2 deletions, and that of the journal."""


def read(folder: Path) -> dict[str, dict[str, str]]:
    return {inner: {path.name: path.read_text() for path in (folder / inner).iterdir()} for inner in BEFORE}


def replacements() -> list[Replacement]:
    """Return the change from BEFORE to AFTER; a new file is written with its content as its name."""
    return [
        Replacement(inner, f"{STAGED}/{inner}", new, sorted({*BEFORE[inner]} - {*new})) for inner, new in AFTER.items()
    ]


@pytest.fixture
def folder(tmp_path):
    for inner, old in BEFORE.items():
        for place in (tmp_path / inner, tmp_path / STAGED / inner):
            place.mkdir(parents=True)
        for name, content in old.items():
            (tmp_path / inner / name).write_text(content)
        for content in AFTER[inner].values():
            (tmp_path / STAGED / inner / content).write_text(content)
    return tmp_path


def test_a_publication_replaces_files_and_leaves_no_journal(folder):
    publish(LocalFiles(folder, CHANGES), "run-1", replacements())

    assert read(folder) == AFTER
    assert recover(LocalFiles(folder)) == []


@pytest.mark.parametrize("changes", range(CHANGES))
def test_after_a_kill_the_next_run_has_all_or_nothing(folder, changes):
    with pytest.raises(KilledError):
        publish(LocalFiles(folder, changes), "run-1", replacements())
    has_journal = (folder / STAGED / "commit.json").exists()
    seen = read(folder)

    completed = recover(LocalFiles(folder))

    assert completed == (["run-1"] if has_journal else [])
    assert read(folder) == (AFTER if has_journal else BEFORE)
    assert not list((folder / "_staging").iterdir())
    # A file has the old rows or the new ones, and no day has both beside each other.
    day = "visits/event_date=2026-11-02"
    assert seen[day] in (BEFORE[day], AFTER[day])
    assert seen["users"]["part-0"] in "df"


@pytest.mark.parametrize("changes", range(CHANGES))
def test_a_recovery_that_is_killed_is_completed_by_another(folder, changes):
    with pytest.raises(KilledError):
        publish(LocalFiles(folder, 4), "run-1", replacements())
    try:
        recover(LocalFiles(folder, changes))
    except KilledError:
        recover(LocalFiles(folder))

    assert read(folder) == AFTER


def test_a_journal_without_its_files_names_them(folder):
    with pytest.raises(KilledError):
        publish(LocalFiles(folder, 2), "run-1", replacements())
    (folder / STAGED / "users/g").unlink()

    with pytest.raises(FileNotFoundError, match="users/g is in the journal"):
        recover(LocalFiles(folder))
