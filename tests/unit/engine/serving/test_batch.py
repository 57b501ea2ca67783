"""Batch jobs without recipes and S3: limits of the input, errors of lines, and time for other requests."""

from __future__ import annotations

import asyncio
import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.engine.operations.batch.batch_rules import check_active_jobs
from model.engine.personalize import limits
from model.engine.personalize.arns import Caller
from model.engine.personalize.errors import InvalidInputError, LimitExceededError
from model.engine.s3.target import Location, S3Object
from model.engine.serving import batch as batch_module
from model.engine.serving.batch import Batch, BatchFailedError, answer_line, read_filter_values, read_string
from model.engine.storage.control_plane.kinds import BATCH_INFERENCE_JOB, BatchJobInternals
from model.engine.storage.control_plane.resources import Resource

CALLER = Caller("123456789012", "eu-west-1")


class FilesInMemory:
    """What a batch job needs of S3, by key."""

    def __init__(self, files):
        self.files = files

    def find(self, location):
        return [
            S3Object(Location(location.bucket, key), len(text))
            for key, text in sorted(self.files.items())
            if key.startswith(location.key)
        ]

    def fetch(self, location, path):
        path.write_text(self.files[location.key])

    def store(self, path, location):
        self.files[location.key] = path.read_text()

    def put(self, content, location):
        self.files[location.key] = content.decode()


def answer_files(tmp_path, monkeypatch, files, answer=lambda line_input: line_input, **batch):
    s3 = FilesInMemory(files)
    monkeypatch.setattr(batch_module, "S3Files", lambda region: s3)
    state: Any = SimpleNamespace(job=lambda name: tmp_path / name)
    asked = Batch(Location("b", "in/"), Location("b", "out"), "eu-west-1", **batch)
    count = asyncio.run(batch_module.run_batch(state, asked, answer))
    assert list(tmp_path.iterdir()) == []
    return count, {key: text for key, text in s3.files.items() if key.startswith("out/")}


def test_every_input_file_has_an_output_file_and_no_local_files_remain(tmp_path, monkeypatch):
    files = {
        "in/a": '{"x": 1}\n\n{"x": "\\ud800"}',
        "in/b/c": '{"x": 3}\n',
        "in/a.out": "old answers",
        "in/other.txt": "?",
    }

    count, found = answer_files(tmp_path, monkeypatch, files)

    assert count == 4
    assert sorted(found) == ["out/_CHECK", "out/a.out", "out/b/c.out", "out/other.txt.out"]
    assert [json.loads(line)["output"] for line in found["out/a.out"].splitlines()] == [{"x": 1}, {"x": "\ud800"}]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("BATCH_INPUT_FILES", 1, "has 2 files; it may have 1"),
        ("BATCH_INPUT_BYTES", 10, "bytes; it may have 10"),
    ],
)
def test_too_large_an_input_fails_the_job_before_the_first_line(tmp_path, monkeypatch, name, value, reason):
    monkeypatch.setattr(limits, name, value)

    with pytest.raises(BatchFailedError, match=reason):
        answer_files(tmp_path, monkeypatch, {"in/a": '{"x": 1}\n', "in/b": '{"x": 2}\n'})


def test_too_many_records_fail_the_job(tmp_path, monkeypatch):
    with pytest.raises(BatchFailedError, match="has 3 records; it may have 2"):
        answer_files(tmp_path, monkeypatch, {"in/a": "{}\n{}\n\n", "in/b": "{}"}, most_records=2)


def test_output_files_are_no_input(tmp_path, monkeypatch):
    with pytest.raises(BatchFailedError, match="holds no input files"):
        answer_files(tmp_path, monkeypatch, {"in/a.out": "{}"})


def test_other_tasks_run_between_the_lines(tmp_path, monkeypatch):
    s3 = FilesInMemory({"in/a": "{}\n" * 20})
    monkeypatch.setattr(batch_module, "S3Files", lambda region: s3)
    state: Any = SimpleNamespace(job=lambda name: tmp_path / name)
    order = []

    def answer(line_input):
        order.append("line")
        time.sleep(0.003)
        return {}

    async def other():
        while order.count("line") < 20:
            order.append("other")
            await asyncio.sleep(0)

    async def both():
        await asyncio.gather(
            batch_module.run_batch(state, Batch(Location("b", "in/"), Location("b", "out"), "r"), answer), other()
        )

    asyncio.run(both())

    first, last = order.index("line"), len(order) - order[::-1].index("line")
    assert order[first:last].count("other") >= 19


@given(st.binary(max_size=30))
def test_any_line_has_an_output_or_an_error(line):
    def answer(line_input):
        return {"user": read_string(line_input, "userId"), "values": read_filter_values(line_input)}

    found = answer_line(line, answer)

    assert set(found) == {"input", "output", "error"}
    assert (found["output"] is None) != (found["error"] is None)
    json.dumps(found)


@pytest.mark.parametrize("value", [None, 7, "", [], "x" * 257])
def test_an_id_must_be_a_string_that_is_not_too_long(value):
    with pytest.raises(InvalidInputError, match="userId"):
        read_string({"userId": value}, "userId")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"userId": "\\ud83d"}', "userId has a half of a surrogate pair"),
        (b'{"userId": "unforeseen"}', "internal error"),
    ],
)
def test_no_line_fails_the_others(line, error):
    def answer(read):
        if read_string(read, "userId") == "unforeseen":
            raise KeyError
        return {}

    assert error in answer_line(line, answer)["error"]
    assert answer_line(b'{"userId": "a"}', answer)["error"] is None


def test_only_the_callers_running_jobs_count():
    def job(number, status, account=CALLER.account):
        arn = Caller(account, CALLER.region).arn(f"batch-inference-job/{number}")
        return Resource(
            arn, BATCH_INFERENCE_JOB, {"status": status}, BatchJobInternals(account=account, region=CALLER.region)
        )

    jobs = [job(1, "CREATE PENDING"), job(2, "CREATE IN_PROGRESS"), job(3, "ACTIVE"), job(4, "CREATE FAILED")]
    jobs.append(job(5, "CREATE PENDING", "000000000000"))
    engine: Any = SimpleNamespace(resources=SimpleNamespace(of_kind=lambda kind: iter(jobs)))

    check_active_jobs(engine, CALLER, BATCH_INFERENCE_JOB, 3)
    with pytest.raises(LimitExceededError, match="2 batch inference jobs are pending or in progress"):
        check_active_jobs(engine, CALLER, BATCH_INFERENCE_JOB, 2)
