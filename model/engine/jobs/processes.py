"""Imports and trainings in processes of their own, so many at a time as half of the processors."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import model
from model.engine.jobs.files import JOB, OUTCOME, RESULT
from model.engine.personalize.errors import EngineError
from model.engine.storage.disk.durability import sync_directory
from model.engine.storage.disk.state_directory import StateDirectory, new_id

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT_ROOT = Path(model.__path__[0]).parent
SIGNALLED_SECONDS = 5.0  # a worker gets to end before it is killed


class JobFailedError(EngineError):
    """The job ended without its result; the message is the reason."""

    name = "JobFailed"


class Jobs:
    """Runs jobs; each has a directory of its own under `jobs/`."""

    def __init__(self, state: StateDirectory) -> None:
        self._state = state
        self._free = asyncio.Semaphore(max(1, (os.cpu_count() or 2) // 2))
        for left in (state.root / "jobs").iterdir():
            shutil.rmtree(left)  # of a process that was killed; its resource begins again

    async def run(
        self, job: dict[str, Any], result: Path, prepare: Callable[[], Callable[[Path], None]] | None = None
    ) -> dict[str, Any]:
        """Run a job and move what it made to where it belongs.

        Parameters
        ----------
        job : dict
            What `worker` reads.
        result : Path
            Where the result directory goes; one that is there already is of a run that was cut off, and replaced.
        prepare : callable, optional
            Called when the job's turn comes; what it returns writes the job's input, in a thread.

        Returns
        -------
        dict
            The outcome.

        Raises
        ------
        JobFailedError
            With the reason that the worker gave, or none where the worker died.
        """
        async with self._free:
            directory = self._state.job(new_id())
            directory.mkdir()
            try:
                if prepare is not None:
                    await asyncio.to_thread(prepare(), directory)
                (directory / JOB).write_text(json.dumps(job), encoding="utf-8")
                outcome = await _run_worker(directory)
                if "failure" in outcome:
                    raise JobFailedError(outcome["failure"])
                shutil.rmtree(result, ignore_errors=True)
                (directory / RESULT).rename(result)
                sync_directory(result.parent)
                return outcome
            finally:
                shutil.rmtree(directory, ignore_errors=True)


async def _run_worker(directory: Path) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "model.engine.jobs.worker", str(directory)),
        stdin=asyncio.subprocess.PIPE,  # its end tells the worker that the engine is gone
        env=environment,
    )
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await asyncio.wait_for(process.wait(), SIGNALLED_SECONDS)
        raise
    if code != 0:
        raise JobFailedError(f"the worker ended with code {code}, which means too little memory or an internal error")
    outcome: dict[str, Any] = json.loads((directory / OUTCOME).read_bytes())
    return outcome
