"""The folders of jobs that a killed engine left."""

from __future__ import annotations

import errno
import os

from model.engine.jobs.processes import Jobs
from model.engine.storage.disk.state_directory import StateDirectory


def test_a_worker_that_still_writes_does_not_stop_the_start(tmp_path, monkeypatch):
    state = StateDirectory.open(tmp_path)
    (tmp_path / "jobs" / "left" / "result").mkdir(parents=True)
    removed = os.rmdir

    def refuse(path, *arguments, **options):
        raise OSError(errno.ENOTEMPTY, "Directory not empty")

    monkeypatch.setattr(os, "rmdir", refuse)
    Jobs(state)
    monkeypatch.setattr(os, "rmdir", removed)
    Jobs(state)

    state.close()
    assert not list((tmp_path / "jobs").iterdir())
