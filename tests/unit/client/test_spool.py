"""With a spool nothing is lost while the process lives, and what a killed process left is sent by the next."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.client import Client
from backend.client.delivery import pauses as pauses_module
from backend.client.delivery import spool
from backend.client.encoding import read_stated
from backend.client.transports.interface import Answer, Verdict
from tests.factories.records import event_fields, numbered_event
from tests.fakes.client.transport import FakeTransport, accept_all, retry_all


@pytest.fixture(autouse=True)
def small_files(monkeypatch):
    monkeypatch.setattr(spool, "SEGMENT_EVENTS", 3)


def kill(client):
    """Leave the files as a killed process does, whose locks end with it."""
    client._outbox._backlog.abandon()
    client._outbox._is_closed = client._outbox._is_finished = True


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def ids(payloads):
    return [msgspec.json.decode(payload)["event_id"] for payload in payloads]


def numbered(count, first=0):
    return [f"e-{number}" for number in range(first, first + count)]


def make(folder, *script, **options):
    transport = FakeTransport(*script)
    return Client(transport, spool=folder, **{"background": False, **options}), transport


def test_an_event_is_in_the_folder_until_it_has_an_outcome_and_nothing_stays_behind(tmp_path):
    client, _ = make(tmp_path)
    client.send(numbered_event(0))
    (lines,) = tmp_path.rglob("*.jsonl")
    assert ids(lines.read_bytes().splitlines()) == ["e-0"]
    assert lines.stat().st_mode & 0o077 == 0

    client.flush()
    assert lines.read_bytes() == b""
    client.close()
    assert files(tmp_path) == [".lock"]


def test_what_a_killed_process_left_is_sent_first_and_in_order(tmp_path):
    killed, _ = make(tmp_path)
    for number in range(8):
        killed.send(numbered_event(number))
    kill(killed)

    client, transport = make(tmp_path)
    client.send(numbered_event(8))
    counts = client.close()

    assert ids(transport.accepted) == numbered(9)
    assert (counts.sent, counts.accepted, counts.unaccounted) == (9, 9, 0)
    assert files(tmp_path) == [".lock"]


def test_a_client_that_sends_nothing_delivers_what_was_left_when_it_is_flushed(tmp_path):
    killed, _ = make(tmp_path)
    killed.send(numbered_event(0))
    kill(killed)

    client, transport = make(tmp_path, background=True)
    counts = client.flush()
    assert counts.accepted == 1
    assert type(counts.retries) is int
    assert ids(transport.accepted) == ["e-0"]
    client.close()


def test_the_events_of_a_process_that_lives_are_left_alone(tmp_path):
    living, _ = make(tmp_path)
    living.send(numbered_event(0))

    client, transport = make(tmp_path)
    client.send(numbered_event(1))
    client.close()
    assert ids(transport.accepted) == ["e-1"]

    assert living.close().accepted == 1


@pytest.mark.parametrize("background", [False, True])
def test_events_beyond_the_memory_wait_in_files_and_stay_in_order(tmp_path, background):
    client, transport = make(tmp_path, max_events=2, background=background, linger=0.0)
    transport.gate.clear()
    for number in range(40):
        client.send(numbered_event(number))
        assert client._outbox._backlog._held_events <= 2
    assert client.stats().pending == 40

    transport.gate.set()
    counts = client.close()

    assert ids(transport.accepted) == numbered(40)
    assert (counts.sent, counts.accepted, counts.dropped, counts.pending) == (40, 40, 0, 0)
    assert files(tmp_path) == [".lock"]


def test_what_is_left_when_a_client_is_closed_stays_for_the_next(tmp_path, caplog):
    client, transport = make(tmp_path)
    transport.always = retry_all
    for number in range(5):
        client.send(numbered_event(number))
    counts = client.close(0)

    assert (counts.sent, counts.lost, counts.pending, counts.unaccounted) == (5, 0, 5, 0)
    assert "5 events stay in the spool" in caplog.text
    following, transport = make(tmp_path)
    assert following.close().accepted == 5
    assert ids(transport.accepted) == numbered(5)


def test_a_line_that_was_cut_is_left_out_and_a_damaged_one_is_named(tmp_path, caplog):
    killed, _ = make(tmp_path)
    for number in range(3):
        killed.send(numbered_event(number))
    kill(killed)
    (path,) = tmp_path.rglob("*.jsonl")
    first, _, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b"\x00damaged\n" + third + b'[]\n{"event_id":"e-cut"')

    client, transport = make(tmp_path)
    client.close()

    assert ids(transport.accepted) == ["e-0", "e-2"]
    assert "2 lines of the spool's 00000001.jsonl are no events" in caplog.text
    assert "others added" not in caplog.text


def test_files_that_others_remove_are_counted_as_lost(tmp_path, caplog):
    client, transport = make(tmp_path, max_events=1)
    for number in range(4):
        client.send(numbered_event(number))
    for path in tmp_path.rglob("*.jsonl"):
        path.unlink()
    counts = client.close()

    assert ids(transport.accepted) == ["e-0"]
    assert (counts.accepted, counts.lost, counts.unaccounted) == (1, 3, 0)
    assert "cannot be read" in caplog.text


def test_a_full_disk_leaves_the_events_in_memory_and_then_drops_and_counts(tmp_path, monkeypatch, caplog):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    client, transport = make(tmp_path, max_events=2)
    monkeypatch.setattr(os, "write", full)
    for number in range(3):
        client.send(numbered_event(number))
    counts = client.close()

    assert ids(transport.accepted) == numbered(2)
    assert (counts.dropped, counts.unaccounted) == (1, 0)
    assert caplog.text.count("the spool cannot be written") == 1


def test_a_line_of_which_a_part_fits_on_the_disk_is_removed(tmp_path, monkeypatch):
    client, transport = make(tmp_path)
    client.send(numbered_event(0))
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, line: write(file, line[:10]))
    client.send(numbered_event(1))
    monkeypatch.undo()
    (path,) = tmp_path.rglob("*.jsonl")

    assert ids(path.read_bytes().splitlines()) == ["e-0"]
    client.close()
    assert ids(transport.accepted) == numbered(2)


def test_the_deadline_of_an_event_that_another_process_left_begins_anew(tmp_path):
    killed, _ = make(tmp_path)
    killed.send(numbered_event(0))
    kill(killed)

    client, _ = make(tmp_path, deadline=60.0)
    assert client.close().accepted == 1


def test_an_event_without_consent_is_not_written(tmp_path):
    client, _ = make(tmp_path)
    client.send(event_fields(consent="denied"))
    assert not list(tmp_path.rglob("*.jsonl"))
    client.close()


runs = st.lists(
    st.tuples(
        st.integers(0, 12),  # events
        st.lists(st.sampled_from([accept_all, retry_all]), max_size=4),
        st.booleans(),  # flushed
        st.booleans(),  # killed
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(runs, st.integers(1, 8))
def test_no_event_is_lost_by_any_sequence_of_kills(tmp_path_factory, drawn, room):
    pauses_module.FIRST_PAUSE_SECONDS = 0.0
    folder = tmp_path_factory.mktemp("spool")
    sent: list[Any] = []
    accepted: list[Any] = []
    for events, script, is_flushed, is_killed in [*drawn, (0, [], True, False)]:
        client, transport = make(folder, *script, max_events=room)
        for _ in range(events):
            sent.append(client.send(numbered_event(len(sent))))
        if is_flushed:
            client.flush()
        assert client.stats().unaccounted == 0
        if is_killed and events:
            kill(client)
        else:
            client.close(0 if is_killed else 30)
        accepted += ids(transport.accepted)

    assert sent == numbered(len(sent))
    assert set(accepted) == set(sent)
    assert files(folder) == [".lock"]


def test_a_fork_while_a_thread_takes_over_the_spool_leaves_the_child_no_lock(tmp_path, monkeypatch):
    killed, _ = make(tmp_path)
    killed.send(numbered_event(0))
    kill(killed)
    entered, release = threading.Event(), threading.Event()

    def hold(line):
        entered.set()
        assert release.wait(20)
        return read_stated(line)

    monkeypatch.setattr("backend.client.delivery.spool.read_stated", hold)
    client, transport = make(tmp_path)
    sending = threading.Thread(target=client.send, args=(numbered_event(1),))
    sending.start()
    assert entered.wait(20)
    # The child does nothing but live; with the parent's locks no process could use the folder.
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    release.set()
    sending.join(20)
    counts = client.close()
    other, _ = make(tmp_path, background=False)
    second = threading.Thread(target=other.send, args=(numbered_event(2),), daemon=True)
    second.start()
    second.join(10)
    is_free = not second.is_alive()
    os.close(writing)
    os.close(reading)
    os.waitpid(child, 0)

    assert is_free
    assert (counts.accepted, counts.unaccounted) == (2, 0)
    assert ids(transport.accepted) == numbered(2)
    second.join(20)
    assert other.close().accepted == 1


def test_a_spool_that_is_no_folder_is_refused_at_once(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError):
        make(tmp_path / "file")


@pytest.mark.parametrize("background", [False, True])
def test_a_spool_that_cannot_be_opened_later_leaves_the_events_in_memory(tmp_path, background, caplog):
    client, transport = make(tmp_path / "spool", background=background)
    (tmp_path / "spool").rmdir()
    (tmp_path / "spool").write_bytes(b"")
    client.send(numbered_event(0))
    counts = client.close()

    assert ids(transport.accepted) == numbered(1)
    assert (counts.sent, counts.accepted, counts.unaccounted) == (1, 1, 0)
    assert caplog.text.count("the spool cannot be opened") == 1


def fail(*_, **__):
    raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("later", [4, 5, 8])
def test_events_that_a_full_disk_leaves_in_memory_stay_behind_those_in_files(tmp_path, monkeypatch, later):
    client, transport = make(tmp_path, max_events=2)
    for number in range(4):
        client.send(numbered_event(number))
    client._outbox._deliver_once(None)  # the first two: there is room in memory
    with monkeypatch.context() as full:
        full.setattr(os, "write", fail)
        assert client.send(numbered_event(4)) == "e-4"
    for number in range(5, later):
        client.send(numbered_event(number))
    counts = client.close()

    assert ids(transport.accepted) == numbered(max(5, later))
    assert (counts.dropped, counts.pending, counts.unaccounted) == (0, 0, 0)


@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize(("owner", "name", "events"), [(os, "ftruncate", 1), (Path, "unlink", 3)])
def test_a_file_that_cannot_be_removed_stops_no_delivery(
    tmp_path, monkeypatch, caplog, owner, name, events, background
):
    client, transport = make(tmp_path, max_events=1, background=background, linger=3600.0)
    for number in range(events):
        client.send(numbered_event(number))
    with monkeypatch.context() as faulty:
        faulty.setattr(owner, name, fail)
        counts = client.flush()

    assert (counts.accepted, counts.pending, counts.unaccounted) == (events, 0, 0)
    assert ids(transport.accepted) == numbered(events)
    assert client.close().unaccounted == 0
    assert "cannot be removed" in caplog.text


def test_a_part_of_a_line_that_cannot_be_removed_damages_no_other(tmp_path, monkeypatch):
    killed, _ = make(tmp_path)
    killed.send(numbered_event(0))
    write = os.write
    with monkeypatch.context() as faulty:
        faulty.setattr(os, "write", lambda file, line: write(file, line[:10]))
        faulty.setattr(os, "ftruncate", fail)
        killed.send(numbered_event(1))
    killed.send(numbered_event(2))
    kill(killed)

    client, transport = make(tmp_path)
    client.close()
    assert ids(transport.accepted) == ["e-0", "e-2"]


def test_lines_that_others_add_are_not_sent(tmp_path, caplog):
    client, transport = make(tmp_path, max_events=1)
    for number in range(3):
        client.send(numbered_event(number))
    stored = max(tmp_path.rglob("*.jsonl"))
    stored.write_bytes(stored.read_bytes() * 2)
    counts = client.close()

    assert ids(transport.accepted) == numbered(3)
    assert (counts.accepted, counts.lost, counts.unaccounted) == (3, 0, 0)
    assert "lines that others added" in caplog.text


@pytest.mark.parametrize("background", [False, True])
def test_a_client_that_is_closed_while_a_refusal_is_reported_leaves_nothing_to_send_again(tmp_path, background):
    def refuse(batch):
        return Answer([Verdict("refused", reason="too_old")] * len(batch))

    def close(_):
        client.close(1)

    client, _ = make(tmp_path, refuse, background=background, linger=0.0, on_refused=close)
    client.send(numbered_event(0))
    if background:
        client._outbox._thread.join(20)
    else:
        client.flush()

    assert client.stats().refused == 1
    following, transport = make(tmp_path)
    assert following.close().sent == 0
    assert transport.accepted == []
