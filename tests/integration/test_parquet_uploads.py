"""Uploaded Parquet through the process that reads it, with the function collect on fakes."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from backend.collect.records import resume_upload
from backend.collect.update_data import post_update_data
from backend.upload.parquet import rows
from backend.upload.requests import get_upload
from deployment.package.archive import files_below
from deployment.package.dependencies import is_loaded
from tests.factories.data_sets.parquet import parquet_bytes
from tests.factories.records import NOW, event_fields
from tests.fakes.functions.front_door import FrontDoor, request

ROOT = Path(__file__).resolve().parents[2]
ITEMS = {"item_id": ["a", "b", None, "d"], "title": ["A", None, "C", "D"], "price": [1.5, 2.0, 3.0, -4.0]}


@pytest.fixture
def door(monkeypatch):
    monkeypatch.setattr(rows, "GRACE_SECONDS", 60.0)  # a busy machine starts a process late
    return FrontDoor()


def upload(door, body, kind="items", seconds=60.0, most=30):
    """Process an object in as many invocations as it takes, at most so many; return the report and their number."""
    door.s3.objects["uploads", "data"] = body
    asked = json.dumps({"kind": kind, "source": "s3://uploads/data"}).encode()
    upload_id = json.loads(post_update_data(request(asked), door.submission())["body"])["id"]
    invocations = 0
    while door.functions.invoked and invocations < most:
        door.functions.invoked.pop(0)
        resume_upload(upload_id, door.dependencies, door.clock.deadline(seconds), lambda: NOW)
        invocations += 1
    answered = get_upload(request(b"", resource="/update-data/{id}", id=upload_id), door.uploads, NOW)
    return json.loads(answered["body"]), invocations


def test_rows_are_counted_and_refused_as_lines_are(door):
    report, _ = upload(door, parquet_bytes(ITEMS))

    assert (report["state"], report["read"], report["accepted"]) == ("SUCCEEDED", 4, 2)
    assert report["refused"] == {"missing_field": 1, "out_of_range": 1}
    assert [(error["line"], error["field"]) for error in report["errors"]] == [(3, "item_id"), (4, "price")]
    (key,) = door.s3.keys("lake")
    assert [json.loads(line) for line in door.s3.objects["lake", key].splitlines()] == [
        {"item_id": "a", "title": "A", "price": 1.5},
        {"item_id": "b", "price": 2.0},
    ]


def test_an_upload_resumes_within_a_row_group_until_its_end(door):
    events = [
        event_fields(event_id=f"e-{number}", consent="denied" if number == 700 else None) for number in range(1700)
    ]
    events[1200]["item_id"] = None
    data = parquet_bytes(pa.Table.from_pylist(events), row_group_size=1100)

    report, invocations = upload(door, data, "interactions", seconds=0)

    assert invocations == 4
    assert (report["state"], report["read"], report["accepted"], report["suppressed"]) == ("SUCCEEDED", 1700, 1698, 1)
    assert [error["line"] for error in report["errors"]] == [1201]
    assert len({event["event_id"] for event in door.stream_events()}) == 1698


def test_a_large_object_is_read_in_ranges_of_one_version(door):
    # Given an object of more than one range, whose content changes once it is opened
    data = parquet_bytes({"item_id": [os.urandom(100).hex() for _ in range(60_000)]}, compression="none")
    assert len(data) > 2 * 4 * 1024 * 1024
    get_object, asked = door.s3.get_object, []

    def replace_after_five(**named):
        if "Range" in named:
            asked.append(named["Range"])
        if len(asked) == 5:
            door.s3.objects["uploads", "data"] = data + b"x"
        return get_object(**named)

    door.s3.get_object = replace_after_five

    report, _ = upload(door, data)

    assert (report["state"], len(asked)) == ("FAILED", 5)
    assert "replaced" in report["cause"]


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (parquet_bytes(ITEMS)[:-1], "truncated"),
        (parquet_bytes(pa.table({"item_id": pa.array([], pa.string())})), "has no records"),
        (parquet_bytes({"item_id": [1, 2]}), "no record was accepted"),
        (parquet_bytes({"item_id": ["a"], "__index_level_0__": [0]}), "no record was accepted"),
        (gzip.compress(parquet_bytes(ITEMS)), "Parquet in gzip"),
        (b"PARE" + bytes(100) + b"PARE", "encrypted"),
        (b"\x89PNG\r\n", "JSON lines, CSV in UTF-8 with a header, or Parquet"),
        # A value of a megabyte that is stored once and repeated in each row
        (
            parquet_bytes(
                {"item_id": pa.DictionaryArray.from_arrays(pa.array([0] * 1024), ["x" * 1_000_000])}, store_schema=False
            ),
            "need more than 512 MiB of memory",
        ),
    ],
    ids=["truncated", "empty", "numbers as ids", "index", "gzip", "encrypted", "image", "bomb"],
)
def test_an_object_that_cannot_be_read_fails_with_its_cause(door, body, cause):
    report, invocations = upload(door, body)

    assert (report["state"], report["accepted"], invocations) == ("FAILED", 0, 1)
    assert cause in report["cause"]


def test_csv_is_read_as_csv_whatever_its_name_or_content_type_is(door):
    report, _ = upload(door, b"item_id,title\na,A\n")

    assert (report["state"], report["accepted"]) == ("SUCCEEDED", 1)


def test_a_process_that_crashes_fails_the_upload(door, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")

    report, invocations = upload(door, parquet_bytes(ITEMS))

    assert (report["state"], invocations) == ("FAILED", 1)
    assert "ended with 1 at row 1" in report["cause"]


def test_a_process_that_hangs_fails_the_upload_in_the_end(door, monkeypatch, tmp_path):
    hangs = tmp_path / "hangs"
    hangs.write_text("#!/bin/sh\nexec sleep 60\n")
    hangs.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(hangs))
    monkeypatch.setattr(rows, "GRACE_SECONDS", 0.02)

    report, invocations = upload(door, parquet_bytes(ITEMS), seconds=0)

    assert (report["state"], invocations) == ("FAILED", 21)
    assert "could not be read or stored for too long" in report["cause"]


def test_reading_ends_in_time_however_slow_s3_is(door, monkeypatch):
    # Given an object whose first rows need several ranges, each of which takes three seconds
    data = parquet_bytes({"item_id": [os.urandom(100).hex() for _ in range(60_000)]}, compression="none")
    get_object, asked = door.s3.get_object, []

    def get_slowly(**named):
        if "Range" in named:
            door.clock.now += 3
            asked.append(named["Range"])
        return get_object(**named)

    door.s3.get_object = get_slowly
    monkeypatch.setattr(rows, "GRACE_SECONDS", 1.0)

    # When an invocation has four seconds
    upload(door, data, seconds=4, most=1)

    # Then it reads no range after them
    assert len(asked) == 2


def test_the_process_has_no_credentials(door, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    start: Any = subprocess.Popen
    environments = []

    def record(*arguments, env, **named):
        environments.append(env)
        return start(*arguments, env=env, **named)

    monkeypatch.setattr(subprocess, "Popen", record)

    upload(door, parquet_bytes(ITEMS))

    assert [name for env in environments for name in env if name.startswith("AWS")] == []
    assert len(environments) == 1


def test_the_files_of_the_archive_suffice(tmp_path):
    # Given the files of the packages that the archive holds, and no other package
    for package in (pa, msgspec):
        folder = Path(str(package.__file__)).parent
        for name, path in files_below(folder):
            target = tmp_path / folder.name / name
            if is_loaded(f"{folder.name}/{name}"):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(path)
    (tmp_path / "backend").symlink_to(ROOT / "backend")
    data = parquet_bytes({"item_id": ["a"], "price": pa.array([9.99], pa.float32()), "impression": [["i"]]})
    order = {"size": len(data), "position": 0, "fields": ["item_id"], "whole": [], "objects": []}

    done = subprocess.run(
        [sys.executable, "-S", "-m", "backend.upload.parquet", json.dumps(order)],
        input=data,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=False,
    )

    assert done.stdout == b'R 0 %d\nJ {"item_id":"a","price":9.99,"impression":["i"]}\nE\n' % len(data), done.stderr
    assert not (tmp_path / "pyarrow" / "include").exists()
