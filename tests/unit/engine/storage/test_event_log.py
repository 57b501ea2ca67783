"""The event log: confirmed records are replayed, a torn frame is cut off, damage stops the start."""

from __future__ import annotations

import asyncio
import errno
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.engine.personalize.errors import DirectoryInUseError
from model.engine.storage.event_log import log as event_log
from model.engine.storage.event_log.log import EventLog

BATCHES = st.lists(st.lists(st.binary(max_size=40), min_size=1, max_size=5), min_size=1, max_size=6)
ON_DISK = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(directory, batches):
    async def go():
        log = EventLog(directory)
        assert list(log.replay()) is not None
        for batch in batches:
            await log.append(batch)
        await log.close()

    asyncio.run(go())


def read(directory):
    log = EventLog(directory)
    found = list(log.replay())
    asyncio.run(log.close())
    return found, log.cut_bytes


def fresh(tmp_path):
    return tmp_path / os.urandom(6).hex()


@ON_DISK
@given(batches=BATCHES)
def test_appended_records_are_replayed_in_order(tmp_path, batches):
    directory = fresh(tmp_path)

    write(directory, batches)

    assert read(directory) == ([record for batch in batches for record in batch], 0)


@ON_DISK
@given(batches=BATCHES, data=st.data())
def test_all_records_before_a_torn_frame_are_replayed(tmp_path, batches, data):
    directory = fresh(tmp_path)
    write(directory, batches[:-1])
    segment = directory / "00000001.log"
    sound = segment.stat().st_size
    write(directory, batches[-1:])
    whole = segment.read_bytes()

    segment.write_bytes(whole[: data.draw(st.integers(sound, len(whole) - 1))])

    kept = [record for batch in batches[:-1] for record in batch]
    assert read(directory)[0] == kept
    write(directory, [[b"after"]])
    assert read(directory)[0] == [*kept, b"after"]


def test_damage_before_the_end_stops_the_start(tmp_path):
    write(tmp_path, [[b"first"], [b"second"]])
    segment = tmp_path / "00000001.log"
    segment.write_bytes(segment.read_bytes().replace(b"first", b"worst"))

    with pytest.raises(DirectoryInUseError, match="damaged at byte"):
        read(tmp_path)


def test_a_full_segment_is_followed_by_another(tmp_path, monkeypatch):
    monkeypatch.setattr(event_log, "SEGMENT_BYTES", 100)
    batches = [[bytes([number]) * 60] for number in range(5)]

    write(tmp_path, batches)

    assert len(list(tmp_path.glob("*.log"))) > 1
    assert read(tmp_path)[0] == [record for batch in batches for record in batch]


def test_records_that_arrive_during_a_write_share_one_sync(tmp_path, monkeypatch):
    syncs: list[int] = []
    confirmed = os.fdatasync

    def counted(file):
        syncs.append(file)
        confirmed(file)

    monkeypatch.setattr(os, "fdatasync", counted)

    async def go():
        log = EventLog(tmp_path)
        assert not list(log.replay())
        await asyncio.gather(*(log.append([b"x"]) for _ in range(50)))
        await log.close()

    asyncio.run(go())

    assert len(read(tmp_path)[0]) == 50
    assert len(syncs) <= 3


def test_a_full_disk_raises_and_leaves_no_trace(tmp_path, monkeypatch):
    confirmed = os.fdatasync

    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    async def go():
        log = EventLog(tmp_path)
        assert not list(log.replay())
        await log.append([b"kept"])
        monkeypatch.setattr(os, "fdatasync", full)
        with pytest.raises(OSError, match="No space left"):
            await log.append([b"lost"])
        monkeypatch.setattr(os, "fdatasync", confirmed)
        await log.append([b"later"])
        await log.close()

    asyncio.run(go())

    assert read(tmp_path)[0] == [b"kept", b"later"]
