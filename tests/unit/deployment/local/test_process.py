"""A process of the cloud: found again by its id, stopped, killed, and never mistaken for another."""

from __future__ import annotations

import os
import sys

import pytest

from deployment.local.process import Process, ProcessError

SLEEP = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(''); time.sleep(60)"


@pytest.fixture
def process(tmp_path):
    sleeper = Process("sleeper", (sys.executable, "-c", SLEEP, str(tmp_path / "up")), dict(os.environ), tmp_path)
    yield sleeper
    sleeper.kill()


def start(process):
    process.start((process.folder / "up").exists, 20)


def test_a_process_is_found_by_its_folder(process):
    start(process)

    again = Process(process.name, process.command, process.environment, process.folder)

    assert again.running() == process.running() is not None


def test_it_is_not_started_twice(process):
    start(process)
    first = process.running()

    start(process)

    assert process.running() == first


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_it_ends(process, end):
    start(process)

    getattr(process, end)()

    assert process.running() is None


def test_an_id_of_another_program_does_not_count(process):
    process.folder.joinpath("sleeper.pid").write_text(str(os.getpid()))

    assert process.running() is None
    assert process.stop() is False


def test_a_process_that_ends_during_its_start_is_reported_with_the_end_of_its_log(tmp_path):
    failing = Process("failing", (sys.executable, "-c", "raise SystemExit('no room on the disk')"), {}, tmp_path)

    with pytest.raises(ProcessError, match="no room on the disk"):
        failing.start(lambda: False, 20)
