"""Rewritten segments of the event log: all of them replace the old ones, or none, whenever the engine crashes."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.engine.storage.event_log import log as event_log
from model.engine.storage.event_log.log import EventLog
from model.engine.storage.event_log.records import EventRecord, encode
from model.engine.storage.event_log.segments import REWRITTEN, LogReader, write_segment

FRAMES = st.lists(st.lists(st.binary(max_size=30), max_size=5), max_size=100)


def opened(directory):
    log = EventLog(directory)
    return log, list(log.replay())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=FRAMES)
def test_a_segment_written_as_a_whole_is_replayed(tmp_path_factory, frames):
    directory = tmp_path_factory.mktemp("log")
    write_segment(directory / "00000001.log", frames, 0)

    log, found = opened(directory)
    asyncio.run(log.close())

    assert found == [record for frame in frames for record in frame]


def test_closed_segments_do_not_change(tmp_path):
    async def go():
        log, _ = opened(tmp_path)
        await log.append([b"one"])
        closed = await log.segments(closed=True)
        before = [path.read_bytes() for path in closed]
        await log.append([b"two"])
        assert [path.read_bytes() for path in closed] == before
        assert len(await log.segments()) == len(closed) + 1
        await log.close()

    asyncio.run(go())
    log, found = opened(tmp_path)
    asyncio.run(log.close())
    assert found == [b"one", b"two"]


def test_rewritten_segments_replace_the_old_ones_and_later_records_remain(tmp_path):
    async def go():
        log, _ = opened(tmp_path / "log")
        await log.append([b"one", b"secret"])
        (closed,) = await log.segments(closed=True)
        await log.append([b"two"])
        (tmp_path / "new").mkdir()
        write_segment(tmp_path / "new" / closed.name, [[b"one"]], 0)
        await log.replace_segments(tmp_path / "new")
        await log.append([b"three"])
        await log.close()

    asyncio.run(go())
    log, found = opened(tmp_path / "log")
    asyncio.run(log.close())

    assert found == [b"one", b"two", b"three"]
    assert b"secret" not in b"".join(path.read_bytes() for path in (tmp_path / "log").rglob("*.log"))


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_an_interrupted_replacement_is_finished_when_the_log_is_opened(tmp_path, moved, monkeypatch):
    monkeypatch.setattr(event_log, "SEGMENT_BYTES", 1)
    log_directory = tmp_path / "log"

    async def go():
        log, _ = opened(log_directory)
        for record in (b"a", b"b"):
            await log.append([record])
        await log.close()

    asyncio.run(go())
    names = [path.name for path in sorted(log_directory.glob("*.log"))]
    rewritten = log_directory / REWRITTEN
    rewritten.mkdir()
    for number, (name, record) in enumerate(zip(names, (b"A", b"B"), strict=True)):
        write_segment(rewritten / name, [[record]], number)
    for name in names[:moved]:
        (rewritten / name).rename(log_directory / name)

    log, found = opened(log_directory)
    asyncio.run(log.close())

    assert found == [b"A", b"B"]
    assert not rewritten.exists()


def test_a_reader_can_be_iterated_repeatedly(tmp_path):
    event = EventRecord("id", "user", "session", "View", "item", 1)
    write_segment(tmp_path / "00000001.log", [[encode(event)]], 0)

    reader = LogReader([tmp_path / "00000001.log"])

    assert list(reader) == list(reader) == [event]
