"""Damaged event logs: a start refuses them, or keeps everything that is sound."""

from __future__ import annotations

import asyncio
import os
import shutil

import pytest

from model.engine.personalize.errors import DamagedLogError
from model.engine.storage.event_log import log as event_log
from model.engine.storage.event_log.frames import decode_records
from model.engine.storage.event_log.log import EventLog
from model.engine.storage.event_log.records import EventRecord, encode
from model.engine.storage.event_log.segments import CUT, LogReader, read_segment
from tests.factories.engine.event_logs import OF_AN_EARLIER_VERSION, format_1, read_records, write_log

FRAMES = [[b"a"], [b"bb", b""], [b"ccc"], [b"dddd"], [b"eeeee"]]
RECORDS = [record for frame in FRAMES for record in frame]
FIRST, SECOND = "00000001.log", "00000002.log"


@pytest.fixture(params=["one segment", "two segments", "format 1", "both formats"])
def log(request, tmp_path, monkeypatch):
    """A log with five frames."""
    directory = tmp_path / "log"
    directory.mkdir()
    if request.param == "format 1":
        (directory / FIRST).write_bytes(format_1(FRAMES))
    elif request.param == "both formats":
        (directory / FIRST).write_bytes(format_1(FRAMES[:2]))
        write_log(directory, FRAMES[2:])
    else:
        monkeypatch.setattr(event_log, "SEGMENT_BYTES", 1000 if request.param == "one segment" else 100)
        write_log(directory, FRAMES)
        assert (directory / SECOND).exists() == (request.param == "two segments")
    monkeypatch.setattr(event_log, "SEGMENT_BYTES", 1000)
    return directory


@pytest.fixture
def changeable(log, monkeypatch):
    """Return the contents of the segments, and a function that opens the log with another content of one of them."""
    monkeypatch.setattr(os, "fsync", lambda file: None)
    contents = {segment: segment.read_bytes() for segment in sorted(log.iterdir())}

    def open_log(changed, content):
        shutil.rmtree(log)
        log.mkdir()
        for segment, sound in contents.items():
            segment.write_bytes(content if segment == changed else sound)
        return read_records(log)

    return contents, open_log


@pytest.mark.parametrize("mask", [0x01, 0x03, 0xFF])
def test_a_start_refuses_a_changed_byte_or_keeps_all_sound_frames(changeable, mask):
    contents, open_log = changeable
    outcomes = set()
    for segment, content in contents.items():
        for place in range(len(content)):
            changed = content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :]
            try:
                found = open_log(segment, changed)
            except DamagedLogError:
                outcomes.add("refused")
                continue
            assert found == RECORDS[:-1], (segment.name, place)
            outcomes.add("kept")

    assert outcomes == {"refused", "kept"}


def test_a_start_keeps_all_whole_frames_of_a_log_that_ends_too_early(changeable):
    contents, open_log = changeable
    last = read_segment(list(contents)[-1])
    before = RECORDS[: len(RECORDS) - len(list(last.records()))]
    for end in range(last.frames[0].start, len(last.content)):
        whole = [record for frame in last.frames if frame.end <= end for record in decode_records(last.content, frame)]

        assert open_log(last.path, last.content[:end]) == [*before, *whole]


def test_a_flipped_bit_in_the_length_of_the_tenth_of_fifty_frames_stops_the_start(tmp_path):
    frames = [[b"event %d" % number] for number in range(50)]
    for name, content in (("new", None), ("old", format_1(frames))):
        (tmp_path / name).mkdir()
        segment = tmp_path / name / FIRST
        if content is None:
            write_log(tmp_path / name, frames)
        else:
            segment.write_bytes(content)
        tenth = read_segment(segment).frames[9].start + (8 if content is None else 0)
        damaged = bytearray(segment.read_bytes())
        damaged[tenth + 1] ^= 1
        segment.write_bytes(damaged)

        with pytest.raises(DamagedLogError, match="is damaged at byte"):
            read_records(tmp_path / name)


def test_a_missing_segment_stops_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr(event_log, "SEGMENT_BYTES", 1)
    write_log(tmp_path, FRAMES)
    segments = sorted(tmp_path.glob("*.log"))
    for missing in segments[:-1]:
        content = missing.read_bytes()
        missing.unlink()

        for start in ((1, 0), (len(segments), 0)):
            with pytest.raises(DamagedLogError, match=f"{missing.name} is missing"):
                list(EventLog(tmp_path).replay(start))

        missing.write_bytes(content)


def test_a_closed_segment_that_lost_whole_frames_stops_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr(event_log, "SEGMENT_BYTES", 100)
    write_log(tmp_path, FRAMES)
    segment = read_segment(tmp_path / FIRST)
    segment.path.write_bytes(segment.content[: segment.frames[-1].start])

    with pytest.raises(DamagedLogError, match=f"{FIRST} has {len(segment.frames) - 1} of {len(segment.frames)} frames"):
        read_records(tmp_path)


def test_a_segment_of_another_log_position_stops_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr(event_log, "SEGMENT_BYTES", 1)
    write_log(tmp_path, FRAMES)
    shutil.copy(tmp_path / SECOND, tmp_path / "00000003.log")

    with pytest.raises(DamagedLogError, match=r"00000003\.log is damaged at byte 0"):
        read_records(tmp_path)


def test_a_torn_frame_that_is_cut_off_is_kept(tmp_path):
    write_log(tmp_path, [[b"whole"], [b"torn"]])
    segment = tmp_path / FIRST
    torn = segment.read_bytes()[read_segment(segment).frames[1].start : -1]
    segment.write_bytes(segment.read_bytes()[:-1])

    assert read_records(tmp_path) == [b"whole"]

    assert [path.read_bytes() for path in (tmp_path / CUT).iterdir()] == [torn]


def test_a_log_of_an_earlier_version_is_read_and_continued(tmp_path):
    (tmp_path / FIRST).write_bytes(OF_AN_EARLIER_VERSION)
    assert format_1([[b"one", b"two"], [b"three"]]) == OF_AN_EARLIER_VERSION

    write_log(tmp_path, [[b"four"]])

    assert read_records(tmp_path) == [b"one", b"two", b"three", b"four"]
    assert (tmp_path / FIRST).read_bytes() == OF_AN_EARLIER_VERSION


def test_segments_that_an_earlier_version_left_empty_are_no_damage(tmp_path):
    (tmp_path / FIRST).write_bytes(b"")
    (tmp_path / SECOND).write_bytes(format_1([[b"one"]]))
    (tmp_path / "00000003.log").write_bytes(format_1([])[:5])

    write_log(tmp_path, [[b"two"]])

    assert read_records(tmp_path) == [b"one", b"two"]


@pytest.mark.parametrize("growing", [True, False])
def test_a_job_does_not_read_a_damaged_log_as_a_shorter_one(tmp_path, growing):
    events = [EventRecord(f"{number}", "u", "s", "View", "i", number) for number in range(3)]
    write_log(tmp_path, [[encode(event)] for event in events])
    segment = tmp_path / FIRST
    whole = segment.read_bytes()

    segment.write_bytes(whole[:-1])
    if growing:
        assert list(LogReader([segment], growing=True)) == events[:2]
    else:
        with pytest.raises(DamagedLogError):
            list(LogReader([segment]))

    segment.write_bytes(whole.replace(b'"1"', b'"9"'))
    with pytest.raises(DamagedLogError):
        list(LogReader([segment], growing=growing))


def test_a_log_that_ends_before_a_position_stops_the_start(tmp_path):
    write_log(tmp_path, FRAMES)
    size = (tmp_path / FIRST).stat().st_size

    for position in ((1, size + 1), (2, 8)):
        log = EventLog(tmp_path)
        with pytest.raises(DamagedLogError, match="checkpoint"):
            list(log.replay(position))
        asyncio.run(log.close())
