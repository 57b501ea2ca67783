"""Forks, signals and exits: each process delivers its own events, once, and ends in time."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backend.client import Client
from tests.factories.records import numbered_event
from tests.fakes.client.events_api import KEY, Reply
from tests.fakes.client.transport import FakeTransport

ROOT = Path(__file__).resolve().parents[3]

PROLOGUE = """
import os, signal, sys
from typing import Any
from backend.client import Client
url, spool = sys.argv[1], sys.argv[2]
def event(number):
    return {"event_type": "View", "event_id": f"e-{number}", "user_id": "ann", "item_id": "mug"}
def wait():
    sys.stdin.readline()
def say(counts):
    os.write(1, f"{counts.sent} {counts.accepted} {counts.pending} {counts.unaccounted}\\n".encode())
"""


@contextmanager
def running(url, script, spool=""):
    process = subprocess.Popen(
        [sys.executable, "-c", PROLOGUE + textwrap.dedent(script), url, str(spool)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def finish(process, line=""):
    output, errors = process.communicate(line, timeout=30)
    assert process.returncode == 0, errors
    assert errors == ""
    return [tuple(map(int, counts.split())) for counts in output.splitlines()]


def test_a_fork_in_the_middle_of_a_request_leaves_each_process_its_own_events(api, url):
    release = threading.Event()
    api.script.append(Reply(wait=lambda: release.wait(20)))
    script = f"""
        client = Client(url, {KEY!r}, linger=0.0)
        client.send(event(0))
        wait()                       # the thread waits for the answer
        client.send(event(1))        # this one waits in the queue
        child = os.fork()
        if not child:
            say(client.stats())
            client.send(event(2))
            say(client.flush())
            sys.exit()               # at the exit of the child nothing of the parent is sent
        os.waitpid(child, 0)
        client.send(event(3))
        say(client.close())
    """
    with running(url, script) as process:
        api.wait_for(lambda: len(api.bodies) == 1)
        process.stdin.write("\n")
        process.stdin.flush()
        api.wait_for(lambda: "e-2" in api.ids)  # the child delivers while the parent's request is open
        release.set()
        counts = finish(process)

    assert counts == [(0, 0, 0, 0), (1, 1, 0, 0), (3, 3, 0, 0)]
    assert sorted(api.ids) == ["e-0", "e-1", "e-2", "e-3"]


def test_workers_of_a_server_that_loads_the_application_first_deliver_at_their_exit(api, url, tmp_path):
    # As gunicorn --preload does: the client is made in the parent, whose workers fork, serve, and exit by SystemExit.
    script = f"""
        client = Client(url, {KEY!r}, linger=3600.0, spool=spool)
        workers = []
        for number in range(2):
            worker = os.fork()
            if not worker:
                client.send(event(number))
                grandchild = os.fork()
                if not grandchild:
                    client.send(event(10 + number))
                    sys.exit()
                os.waitpid(grandchild, 0)
                sys.exit()
            workers.append(worker)
        print(sum(os.waitpid(worker, 0)[1] for worker in workers), 0, 0, 0)
    """
    with running(url, script, tmp_path) as process:
        assert finish(process) == [(0, 0, 0, 0)]

    assert sorted(api.ids) == ["e-0", "e-1", "e-10", "e-11"]
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_process_that_is_asked_to_end_delivers_what_waits(api, url):
    script = f"""
        client = Client(url, {KEY!r}, linger=3600.0)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        client.send(event(0))
        say(client.stats())
        wait()
    """
    with running(url, script) as process:
        assert process.stdout.readline() == "1 0 1 0\n"
        process.send_signal(signal.SIGTERM)
        finish(process)

    assert api.ids == ["e-0"]


def test_the_exit_of_a_process_is_not_held_by_an_api_that_is_away(api, url):
    script = f"""
        from backend.client.delivery import lifetime
        lifetime.EXIT_SECONDS = 0.1
        client = Client(url, {KEY!r}, linger=0.0)
        client.send(event(0))
    """
    api.always = Reply(503, b"{}", {"retry-after": "100"})
    with running(url, script) as process:
        _, errors = process.communicate("", timeout=30)

    assert process.returncode == 0
    assert "1 events were not confirmed before the client was closed" in errors
    assert "answered 503" in errors


def test_a_process_that_is_killed_in_flush_leaves_its_events_to_the_next(api, url, tmp_path):
    script = f"""
        client = Client(url, {KEY!r}, linger=3600.0, spool=spool)
        for number in range(5):
            client.send(event(number))
        client.flush()
    """
    release = threading.Event()
    api.script.append(Reply(hangs_up="before", wait=lambda: release.wait(20)))
    with running(url, script, tmp_path) as process:
        api.wait_for(lambda: len(api.bodies) == 1)
        process.kill()
        process.wait()
    release.set()
    assert api.ids == []

    with Client(url, KEY, spool=tmp_path) as client:
        client.send(numbered_event(5))
        counts = client.flush()

    assert api.ids == [f"e-{number}" for number in range(6)]
    assert (counts.sent, counts.accepted, counts.unaccounted) == (6, 6, 0)


def test_a_signal_handler_may_use_the_client_wherever_it_interrupts():
    transport = FakeTransport()
    client = Client(transport, linger=3600.0)
    results: list[Any] = []
    before = signal.signal(
        signal.SIGUSR1, lambda *_: results.append((client.send(numbered_event(1)), client.flush(20).accepted))
    )
    try:
        client.send(numbered_event(0))
        with client._outbox._lock:  # as in the middle of `send`
            signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert results == [("e-1", 2)]
    assert client.close().accepted == 2


def test_where_no_thread_can_be_started_the_caller_delivers(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    transport = FakeTransport()
    client = Client(transport)
    client.send(numbered_event(0))

    assert client.flush().accepted == 1
    assert client.close().unaccounted == 0


def test_a_fork_without_pythons_knowledge_is_noticed(monkeypatch):
    client = Client(FakeTransport(), background=False)
    client.send(numbered_event(0))
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)

    client.send(numbered_event(1))
    assert client.close().sent == 1


def test_with_asyncio_a_flush_does_not_hold_the_loop(api, url):
    release = threading.Event()
    api.always = Reply(wait=lambda: release.wait(20))

    async def serve():
        client = Client(url, KEY, linger=0.0)
        client.send(numbered_event(0))
        flushing = asyncio.create_task(asyncio.to_thread(client.flush))
        while not api.bodies:
            await asyncio.sleep(0)
        assert not flushing.done()
        release.set()
        counts = await flushing
        await asyncio.to_thread(client.close)
        return counts

    assert asyncio.run(serve()).accepted == 1
