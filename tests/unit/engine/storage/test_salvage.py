"""Salvage: a damaged event log opens again with everything that is sound, and nothing is deleted."""

from __future__ import annotations

import asyncio

import pytest

from model.engine.personalize.errors import DamagedLogError
from model.engine.runtime.salvage import salvage
from model.engine.storage.checkpoint import FILE
from model.engine.storage.dataset_group import DatasetGroup
from model.engine.storage.disk.state_directory import StateDirectory
from model.engine.storage.event_ids import digest
from model.engine.storage.event_log import log as event_log
from model.engine.storage.event_log.records import EventRecord, encode
from model.engine.storage.event_log.segments import CUT, list_segments, read_segment
from model.engine.storage.salvage import salvage_group
from tests.factories.engine.event_logs import format_1

COUNT = 12
EVENTS = [EventRecord(f"e{number:02}", "user", "s", "View", f"i{number}", number) for number in range(COUNT)]


@pytest.fixture
def group(tmp_path, monkeypatch):
    """The directory of a dataset group with events in several segments, and a checkpoint after the eighth."""
    monkeypatch.setattr(event_log, "SEGMENT_BYTES", 300)

    async def fill():
        opened = await DatasetGroup.open(tmp_path / "groups" / "g", {})
        for number, event in enumerate(EVENTS):
            await opened.store_events([event])
            if number == 7:
                await opened.checkpoint()
        await opened.close()

    asyncio.run(fill())
    return tmp_path / "groups" / "g"


def stored(directory):
    """Open a dataset group, and return the numbers of the events that it has."""

    async def read():
        opened = await DatasetGroup.open(directory, {})
        found = [number for number in range(COUNT) if digest(f"e{number:02}") in opened.event_ids]
        count = opened.interactions.streamed_count
        await opened.close()
        assert count == len(found)
        return found

    return asyncio.run(read())


def damage(directory, *numbers):
    """Change the events with some numbers on disk."""
    for segment in list_segments(directory / "streamed"):
        content = segment.read_bytes()
        for number in numbers:
            content = content.replace(b"e%02d" % number, b"X%02d" % number)
        segment.write_bytes(content)


def without(*lost):
    return [number for number in range(COUNT) if number not in lost]


def test_all_sound_events_are_kept_and_the_damaged_segments_too(group):
    (group / FILE).unlink()
    damage(group, 1, 9)
    before = [path.read_bytes() for path in list_segments(group / "streamed")]
    with pytest.raises(DamagedLogError):
        stored(group)

    shown = salvage_group(group, write=False)

    assert len(shown) == 2
    assert all("is damaged at byte" in line for line in shown)
    assert [path.read_bytes() for path in list_segments(group / "streamed")] == before
    assert salvage_group(group, write=True) == shown
    assert stored(group) == without(1, 9)
    assert salvage_group(group, write=False) == []
    assert sorted(path.read_bytes() for path in (group / "streamed" / CUT).iterdir()) == sorted(before)


def test_a_checkpoint_keeps_the_events_that_the_log_has_lost(group):
    damage(group, 1, 6, 10)

    assert salvage_group(group, write=True)

    assert stored(group) == without(10)


@pytest.mark.parametrize("place", range(3))
def test_events_of_other_segments_are_kept_where_one_is_missing(group, place):
    segment = list_segments(group / "streamed")[place]
    lost = [number for number in range(COUNT) if b"e%02d" % number in segment.read_bytes()]
    segment.unlink()
    for keep_checkpoint in (True, False):
        if not keep_checkpoint:
            (group / FILE).unlink()
        salvage_group(group, write=True)

        assert stored(group) == without(*(number for number in lost if number > 7 or not keep_checkpoint))


def test_a_log_that_ends_before_its_checkpoint_is_continued(group):
    for segment in list_segments(group / "streamed")[1:]:
        segment.unlink()
    with pytest.raises(DamagedLogError, match="a checkpoint refers to it"):
        stored(group)

    assert "ends before its checkpoint" in salvage_group(group, write=True)[0]

    assert stored(group) == list(range(8))


def test_a_log_of_an_earlier_version_is_salvaged(tmp_path):
    directory = tmp_path / "group"
    (directory / "streamed").mkdir(parents=True)
    (directory / "streamed" / "00000001.log").write_bytes(format_1([[encode(event)] for event in EVENTS]))
    damage(directory, 4)

    assert salvage_group(directory, write=True)

    assert stored(directory) == without(4)


def test_a_torn_end_is_no_damage(group):
    segment = list_segments(group / "streamed")[-1]
    segment.write_bytes(read_segment(segment).content[:-1])

    assert salvage_group(group, write=True) == []
    assert stored(group) == without(COUNT - 1)


def test_the_command_shows_damage_and_repairs_it(group, tmp_path, capsys):
    StateDirectory.open(tmp_path).close()
    arguments = ["--directory", str(tmp_path)]
    assert salvage(arguments) == 0
    damage(group, 9)

    assert salvage(arguments) == 1
    assert salvage([*arguments, "--write"]) == 0
    assert salvage(arguments) == 0

    printed = capsys.readouterr().out
    assert "Every event log is sound." in printed.splitlines()[0]
    assert "--write keeps the sound frames" in printed
    assert stored(group) == without(9)


def test_the_command_refuses_the_directory_of_a_running_engine(tmp_path, capsys):
    running = StateDirectory.open(tmp_path)

    assert salvage(["--directory", str(tmp_path), "--write"]) == 2

    running.close()
    assert "another engine is running" in capsys.readouterr().err
