"""Batch jobs: read input files from S3, one JSON object per line, and write the output of each line.

They run in the engine's process, one line at a time, so that other requests hardly wait.
Developer guide, "Getting batch item recommendations" and "Getting batch user segments".
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model.datasets.limits import ID_LENGTH
from model.engine.monitoring.logs import log
from model.engine.personalize import limits
from model.engine.personalize.errors import EngineError, InvalidInputError
from model.engine.s3.target import Location, S3Files
from model.engine.storage.disk.state_directory import new_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model.engine.storage.disk.state_directory import StateDirectory

    AnswerLine = Callable[[dict[str, Any]], dict[str, Any]]

SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can escape a half of a pair, which no id has
OUTPUT_SUFFIX = ".out"  # after the name of the input file
CHECK = "_CHECK"  # written first, so that a target without write access fails the job at once


class BatchFailedError(EngineError):
    """A batch job cannot start; the message becomes its failureReason."""

    name = "BatchFailed"


@dataclass(frozen=True)
class Batch:
    """The input and output of a batch job.

    Attributes
    ----------
    source, target : Location
        A file, or the prefix of several files; and a folder.
    most_records : int
        Limit on the lines of all input files together.
    """

    source: Location
    target: Location
    region: str
    most_records: int = limits.BATCH_INPUT_RECORDS


async def run_batch(state: StateDirectory, batch: Batch, answer: AnswerLine) -> int:
    """Answer all lines, write the output to S3 and return the number of lines; an `EngineError` fails only its line."""
    directory = state.job(new_id())
    directory.mkdir()
    try:
        s3 = await asyncio.to_thread(S3Files, batch.region)
        names = await asyncio.to_thread(_fetch, s3, batch, directory)
        count = 0
        for place, name in enumerate(names):
            output = directory / f"{place}{OUTPUT_SUFFIX}"
            count += await _answer_file(directory / str(place), output, answer)
            target = batch.target.join(name + OUTPUT_SUFFIX)
            await asyncio.to_thread(s3.store, output, target)
            output.unlink()
        return count
    finally:
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)


def answer_line(line: bytes, answer: AnswerLine) -> dict[str, Any]:
    """Answer one line of an input file by its input, output and error, of which one of the latter two is None."""
    given: Any = None
    try:
        given = _parse(line)
        return {"input": given, "output": answer(_object(given)), "error": None}
    except EngineError as error:
        return {"input": given, "output": None, "error": str(error)}
    except Exception as error:  # noqa: BLE001 - one line must not fail all others
        log("failure", operation="batch line", error=type(error).__name__)
        return {"input": given, "output": None, "error": "the engine met an internal error; its log has the kind"}


def read_string(given: dict[str, Any], name: str) -> str:
    """Return a required member of a line, such as userId."""
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInputError(f"{name} is required and must be a string")
    if len(value) > ID_LENGTH:
        raise InvalidInputError(f"{name} has {len(value)} characters; it may have {ID_LENGTH}")
    if SURROGATE.search(value):
        raise InvalidInputError(f"{name} has a half of a surrogate pair")
    return value


def read_filter_values(given: dict[str, Any]) -> dict[str, str]:
    """Return the values of a line for the parameters of the job's filter."""
    values = given.get("filterValues") or {}
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise InvalidInputError("filterValues must be an object of strings")
    return values


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        raise InvalidInputError("the line is not valid JSON") from None
    except RecursionError:
        raise InvalidInputError("the line is nested too deeply") from None


def _object(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise InvalidInputError("the line must be a JSON object")
    return given


def _fetch(s3: S3Files, batch: Batch, directory: Path) -> list[str]:
    """Copy the input files to 0, 1, 2 … in a directory and return their names below the input folder."""
    s3.put(b"", batch.target.join(CHECK))
    # An earlier job may have written its output to the input folder.
    files = [file for file in s3.find(batch.source) if not file.location.key.endswith(OUTPUT_SUFFIX)]
    if not files:
        raise BatchFailedError(f"the input path {batch.source} holds no input files")
    if len(files) > limits.BATCH_INPUT_FILES:
        raise BatchFailedError(f"the input has {len(files)} files; it may have {limits.BATCH_INPUT_FILES}")
    size = sum(file.size_bytes for file in files)
    if size > limits.BATCH_INPUT_BYTES:
        raise BatchFailedError(f"the input has {size} bytes; it may have {limits.BATCH_INPUT_BYTES}")
    lines = 0
    for place, file in enumerate(files):
        s3.fetch(file.location, directory / str(place))
        lines += _count_lines(directory / str(place))
    if lines > batch.most_records:
        raise BatchFailedError(f"the input has {lines} records; it may have {batch.most_records}")
    folder = batch.source.key.rpartition("/")[0]
    return [file.location.key.removeprefix(folder).lstrip("/") for file in files]


def _count_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for line in file if not line.isspace())


async def _answer_file(path: Path, output: Path, answer: AnswerLine) -> int:
    count = 0
    with path.open("rb") as source, output.open("w", encoding="ascii") as target:
        for line in source:
            if not line.isspace():
                # In ASCII, since JSON can escape lone surrogates, which UTF-8 cannot encode.
                target.write(json.dumps(answer_line(line, answer)) + "\n")
                count += 1
                await asyncio.sleep(0)  # other requests run between two lines
    return count
