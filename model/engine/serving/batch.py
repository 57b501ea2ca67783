"""Batch jobs: files of questions in S3, one JSON object a line, become files of answers.

They run in the engine's own process, a line at a time, so that those who ask meanwhile hardly wait.
Developer guide, "Getting batch item recommendations" and "Getting batch user segments".
"""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model.datasets.limits import ID_LENGTH
from model.engine.personalize import limits
from model.engine.personalize.errors import EngineError, InvalidInputError
from model.engine.s3.target import Location, S3Files
from model.engine.storage.disk.state_directory import new_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model.engine.storage.disk.state_directory import StateDirectory

    Answer = Callable[[dict[str, Any]], dict[str, Any]]

ANSWERS_ENDING = ".out"  # after the name of the file with the questions
CHECK = "_CHECK"  # written first, so that a place that takes nothing is known before any work


class BatchFailedError(EngineError):
    """A batch job cannot be done at all; the message is its failureReason."""

    name = "BatchFailed"


@dataclass(frozen=True)
class Batch:
    """What a batch job reads and writes.

    Attributes
    ----------
    source, target : Location
        A file, or what the keys of files begin with; and a folder.
    most_records : int
        Questions that all files may have together.
    """

    source: Location
    target: Location
    region: str
    most_records: int = limits.BATCH_INPUT_RECORDS


async def run(state: StateDirectory, batch: Batch, answer: Answer) -> int:
    """Answer all questions and write the answers to S3; a question that cannot be answered does not fail the job.

    Parameters
    ----------
    state : StateDirectory
        Where the files lie meanwhile.
    answer : callable
        Question to output; an `EngineError` is the line's error.

    Returns
    -------
    int
        How many questions there were.
    """
    directory = state.job(new_id())
    directory.mkdir()
    try:
        s3 = await asyncio.to_thread(S3Files, batch.region)
        names = await asyncio.to_thread(_fetch, s3, batch, directory)
        count = 0
        for place, name in enumerate(names):
            answers = directory / f"{place}{ANSWERS_ENDING}"
            count += await _answer_file(directory / str(place), answers, answer)
            target = batch.target.inside(name + ANSWERS_ENDING)
            await asyncio.to_thread(s3.store, answers, target)
            answers.unlink()
        return count
    finally:
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)


def answer_line(line: bytes, answer: Answer) -> dict[str, Any]:
    """Answer one line of a file of questions.

    Returns
    -------
    dict
        input, output and error, one of the last two being None.
    """
    question: Any = None
    try:
        try:
            question = json.loads(line)
        except ValueError:
            raise InvalidInputError("the line is not valid JSON") from None
        if not isinstance(question, dict):
            raise InvalidInputError("the line must be a JSON object")
        return {"input": question, "output": answer(question), "error": None}
    except EngineError as error:
        return {"input": question, "output": None, "error": str(error)}


def read_text(question: dict[str, Any], name: str) -> str:
    """Return a member of a question that must be there, such as userId."""
    value = question.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInputError(f"{name} is required and must be a string")
    if len(value) > ID_LENGTH:
        raise InvalidInputError(f"{name} has {len(value)} characters; it may have {ID_LENGTH}")
    return value


def read_filter_values(question: dict[str, Any]) -> dict[str, str]:
    """Return the values that a question has for the placeholders of the job's filter."""
    values = question.get("filterValues") or {}
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise InvalidInputError("filterValues must be an object of strings")
    return values


def _fetch(s3: S3Files, batch: Batch, directory: Path) -> list[str]:
    """Copy the files of questions to 0, 1, 2 … in a directory and return the names of their answers."""
    s3.put(b"", batch.target.inside(CHECK))
    # Answers of an earlier job, where they went to the place of the questions, are no questions.
    found = [one for one in s3.find(batch.source) if not one.location.key.endswith(ANSWERS_ENDING)]
    if not found:
        raise BatchFailedError(f"the input path {batch.source} holds no files of questions")
    if len(found) > limits.BATCH_INPUT_FILES:
        raise BatchFailedError(f"the input has {len(found)} files; it may have {limits.BATCH_INPUT_FILES}")
    size = sum(one.size_bytes for one in found)
    if size > limits.BATCH_INPUT_BYTES:
        raise BatchFailedError(f"the input has {size} bytes; it may have {limits.BATCH_INPUT_BYTES}")
    lines = 0
    for place, one in enumerate(found):
        s3.fetch(one.location, directory / str(place))
        lines += _count_lines(directory / str(place))
    if lines > batch.most_records:
        raise BatchFailedError(f"the input has {lines} records; it may have {batch.most_records}")
    folder = batch.source.key.rpartition("/")[0]
    return [one.location.key.removeprefix(folder).lstrip("/") for one in found]


def _count_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for line in file if not line.isspace())


async def _answer_file(questions: Path, answers: Path, answer: Answer) -> int:
    count = 0
    with questions.open("rb") as source, answers.open("w", encoding="ascii") as target:
        for line in source:
            if not line.isspace():
                # In ASCII, since JSON can name what no text file can hold.
                target.write(json.dumps(answer_line(line, answer)) + "\n")
                count += 1
                await asyncio.sleep(0)  # those who ask go between any two lines
    return count
