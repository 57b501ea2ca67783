"""The files of the curated tables: replaced as a whole, and written by one run at a time."""

from __future__ import annotations

import pytest

from scripts.curated.build import NoEventsError
from scripts.curated.files import Files, RunInProgressError
from tests.integration.curated.builder import Builder


@pytest.fixture
def files(spark, tmp_path):
    files = Files(spark, f"{tmp_path}/")
    for name, content in (("new/a", b"longer than before"), ("day/part-000", b"before")):
        files.write(name, content)
    return files


@pytest.mark.parametrize("is_local", [True, False], ids=["local", "as on S3"])
def test_a_move_replaces_a_file_that_readers_have_open(files, tmp_path, monkeypatch, is_local):
    monkeypatch.setattr(Files, "_is_local", is_local)

    files.move("new/a", "day/part-000")
    files.write("new/a", b"once more")
    files.move("new/a", "day/part-001")

    assert (tmp_path / "day/part-000").read_bytes() == files.read("day/part-000") == b"longer than before"
    assert files.read("day/part-001") == b"once more"
    assert files.names("new") == []


def test_a_second_run_at_the_same_time_is_refused(spark, tmp_path):
    build = Builder(spark, tmp_path)

    with Files(spark, f"{build.curated}/").lock(), pytest.raises(RunInProgressError, match="another run is writing"):
        build()

    with pytest.raises(NoEventsError):
        build()
