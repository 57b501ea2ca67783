"""The event log on a disk that fails: what was acknowledged survives, and no foreign file is written or closed."""

from __future__ import annotations

import asyncio
import errno
import os

import pytest

from model.engine.storage.event_log import log as event_log
from model.engine.storage.event_log.log import EventLog
from tests.factories.engine.event_logs import read_records, write_log
from tests.fakes.engine.disk import FailingDisk

RECORDS = [b"%04d" % number * 8 for number in range(12)]


@pytest.fixture
def small_segments(monkeypatch):
    """Make segments of three records."""
    monkeypatch.setattr(event_log, "SEGMENT_BYTES", 150)


async def append_all(log, records):
    acknowledged = []
    for record in records:
        try:
            await log.append([record])
        except OSError:
            continue
        acknowledged.append(record)
    return acknowledged


def run_on(folder, failing, error):
    """Append all records on a disk with failures; return what was acknowledged, and the disk."""
    folder.mkdir()
    disk = FailingDisk(failing, error, folder)

    async def run():
        log = EventLog(folder / "log")
        assert not list(log.replay())
        with pytest.MonkeyPatch.context() as patch:
            disk.install(patch)
            acknowledged = await append_all(log, RECORDS)
        await log.close()
        return acknowledged

    return asyncio.run(run()), disk


@pytest.mark.parametrize(("error", "length"), [(errno.EMFILE, 1), (errno.ENOSPC, 2), (errno.EIO, 7)])
def test_acknowledged_records_survive_any_failing_calls(tmp_path, small_segments, error, length):
    _, sound = run_on(tmp_path / "sound", (), error)
    for first in range(len(sound.calls)):
        folder = tmp_path / str(first)

        acknowledged, disk = run_on(folder, range(first, first + length), error)

        disk.check_foreign_files()
        found = read_records(folder / "log")
        assert [record for record in found if record in acknowledged] == acknowledged, disk.calls[first]
        assert found == sorted(set(found)), disk.calls[first]


def test_a_rotation_that_fails_is_tried_again_and_leaves_no_segment(tmp_path, small_segments):
    _, sound = run_on(tmp_path / "sound", (), errno.EMFILE)
    for step in ("open", "fsync", "rename"):
        folder = tmp_path / step

        acknowledged, _ = run_on(folder, [sound.calls.index(step)], errno.EMFILE)

        assert len(acknowledged) == len(RECORDS) - 1
        numbers = [int(path.stem) for path in sorted((folder / "log").iterdir())]
        assert numbers == list(range(1, len(numbers) + 1))
        assert all(path.stat().st_size > 100 for path in (folder / "log").iterdir())


def test_after_a_write_that_cannot_be_undone_the_log_takes_no_more_records(tmp_path):
    write_log(tmp_path, [[record] for record in RECORDS[:3]])

    async def run():
        log = EventLog(tmp_path)
        assert list(log.replay()) == RECORDS[:3]
        with pytest.MonkeyPatch.context() as patch:
            FailingDisk(range(2), errno.EIO, tmp_path).install(patch)  # the write and the truncation
            assert await append_all(log, [b"torn"]) == []
        assert await append_all(log, RECORDS[3:]) == []
        assert "restart the engine" in log.stopped
        with pytest.raises(OSError, match="could not be undone"):
            await log.segments(closed=True)
        await log.close()

    asyncio.run(run())

    assert read_records(tmp_path) == RECORDS[:3]
    write_log(tmp_path, [[record] for record in RECORDS[3:]])
    assert read_records(tmp_path) == RECORDS


def test_a_start_that_cannot_keep_a_torn_frame_does_not_cut_it(tmp_path, monkeypatch):
    write_log(tmp_path, [[b"whole"], [b"torn"]])
    segment = tmp_path / "00000001.log"
    content = segment.read_bytes()[:-1]
    segment.write_bytes(content)

    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(Exception, match=r"cannot be kept \(No space left"):
            read_records(tmp_path)

    assert segment.read_bytes() == content
    assert read_records(tmp_path) == [b"whole"]
