"""A pool of processes for imports, trainings and other jobs: at most half as many at a time as processors."""

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
TERMINATION_SECONDS = 5.0  # from the signal to a worker until it must have ended


class JobFailedError(EngineError):
    """The job ended without a result; the message states the reason."""

    name = "JobFailed"


class Jobs:
    """Runs jobs, each in a process and a directory of its own under `jobs/`."""

    def __init__(self, state: StateDirectory) -> None:
        self._state = state
        self._free = asyncio.Semaphore(max(1, (os.cpu_count() or 2) // 2))
        for left in (state.root / "jobs").iterdir():
            # Of a killed process; its resource starts the job again. Its worker may be ending only now and still write:
            # what this leaves, the next start removes.
            shutil.rmtree(left, ignore_errors=True)

    async def run(
        self, job: dict[str, Any], result: Path, prepare: Callable[[], Callable[[Path], None]] | None = None
    ) -> dict[str, Any]:
        """Run a job and move its result directory to its place.

        Parameters
        ----------
        result : Path
            The place of the result directory; one left by an interrupted run is replaced.
        prepare : callable, optional
            Called when the job's turn comes; the function that it returns writes the job's input, in a thread.

        Raises
        ------
        JobFailedError
            With the reason that the worker reported, or its exit code.
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
        stdin=asyncio.subprocess.PIPE,  # closes with the engine, which ends the worker
        env=environment,
    )
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await asyncio.wait_for(process.wait(), TERMINATION_SECONDS)
        raise
    if code != 0:
        raise JobFailedError(f"the worker ended with code {code}, which means too little memory or an internal error")
    outcome: dict[str, Any] = json.loads((directory / OUTCOME).read_bytes())
    return outcome
