"""Durability: what the engine acknowledges, and the names of its files, are on disk by then."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest

from model.arrays.model_files import forget_users, write_model
from model.engine.storage.checkpoint import FILE, Checkpoint, write_checkpoint
from model.engine.storage.dataset_group import DatasetGroup
from model.engine.storage.disk.state_directory import StateDirectory
from model.engine.storage.event_log import log as event_log
from model.engine.storage.event_log.log import EventLog


@pytest.fixture
def calls(monkeypatch):
    """Record the paths that are written durably, and the renames, in order."""
    recorded: list[tuple[str, Path]] = []

    def path_of(file):
        return Path(f"/proc/self/fd/{file}").readlink()

    for name in ("fsync", "fdatasync"):
        original = getattr(os, name)

        def synced(file, original=original):
            recorded.append(("sync", path_of(file)))
            original(file)

        monkeypatch.setattr(os, name, synced)
    rename = Path.rename

    def renamed(path, target):
        recorded.append(("rename", Path(target)))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", renamed)
    return recorded


def test_a_record_is_on_disk_before_it_is_acknowledged(tmp_path, calls):
    async def append():
        log = EventLog(tmp_path)
        assert not list(log.replay())
        calls.clear()
        await log.append([b"event"])
        synced_before_the_acknowledgement = list(calls)
        await log.close()
        return synced_before_the_acknowledgement

    assert asyncio.run(append()) == [("sync", tmp_path / "00000001.log")]


def test_a_new_segment_is_on_disk_with_its_name_before_it_takes_records(tmp_path, calls, monkeypatch):
    monkeypatch.setattr(event_log, "SEGMENT_BYTES", 1)

    async def rotate():
        log = EventLog(tmp_path)
        assert not list(log.replay())
        await log.append([b"first"])
        calls.clear()
        await log.append([b"second"])
        await log.close()

    asyncio.run(rotate())

    second = tmp_path / "00000002.log"
    assert calls == [
        ("sync", second.with_suffix(".new")),
        ("rename", second),
        ("sync", tmp_path),
        ("sync", second),
    ]


def test_the_version_of_a_state_directory_is_on_disk_before_it_has_its_name(tmp_path, calls):
    StateDirectory.open(tmp_path).close()

    marker = tmp_path / "engine.json"
    assert calls[:3] == [("sync", tmp_path / "engine.json.new"), ("rename", marker), ("sync", tmp_path)]


def test_the_directories_of_a_dataset_group_are_on_disk_before_its_log_takes_records(tmp_path, calls):
    directory = tmp_path / "groups" / "g"

    asyncio.run(asyncio.run(DatasetGroup.open(directory, {})).close())

    synced = [path for kind, path in calls if kind == "sync"]
    assert synced.index(directory.parent) < synced.index(directory) < synced.index(directory / "streamed")


def test_a_checkpoint_is_on_disk_before_it_replaces_the_earlier_one(tmp_path, calls):
    write_checkpoint(tmp_path, Checkpoint((1, 0), {}, {}, np.empty(0, np.uint64)))

    kinds = [kind for kind, _ in calls]
    assert kinds == ["sync", "rename", "sync"]
    assert calls[0][1].parent == calls[2][1] == tmp_path
    assert calls[1] == ("rename", tmp_path / FILE)


def test_a_model_without_deleted_users_is_on_disk_with_its_name(tmp_path, calls):
    write_model(tmp_path, {}, {"users": ["ann", "bob"]})

    forget_users(tmp_path, {"ann"})

    rewritten, document = tmp_path / "model.json.new", tmp_path / "model.json"
    assert calls == [("sync", rewritten), ("rename", document), ("sync", tmp_path)]
