"""A start on a directory that cannot be used ends with a sentence that names it, whatever is wrong."""

from __future__ import annotations

import asyncio

import pytest

from model.engine.configuration.settings import Settings
from model.engine.personalize.errors import DirectoryInUseError
from model.engine.runtime.engine import Engine
from model.engine.storage.control_plane.kinds import DATASET_GROUP, DatasetGroupInternals
from model.engine.storage.control_plane.resources import Resource


async def open_and_close(directory, group=None):
    engine = await Engine.open(Settings(directory))
    if group is not None:
        engine.resources.add(group)
        await engine.open_group(group)
    await engine.close()


@pytest.mark.parametrize(
    ("damaged", "content"),
    [
        ("control.sqlite", b"no database" * 1000),
        ("engine.json", b"{"),
        ("groups/g", b"a file in place of a directory"),
        ("versions", b"a file in place of a directory"),
        (".", b"a file in place of the directory"),
    ],
)
def test_a_directory_that_is_damaged_is_named(tmp_path, damaged, content):
    directory = tmp_path / "state"
    group = Resource("arn:aws:personalize:r:1:dataset-group/g", DATASET_GROUP, {}, DatasetGroupInternals(id="g"))
    asyncio.run(open_and_close(directory, group))
    path = directory / damaged
    if path.is_dir():
        path.rename(tmp_path / "moved")
    path.write_bytes(content)

    with pytest.raises(DirectoryInUseError, match=str(directory)):
        asyncio.run(open_and_close(directory))
