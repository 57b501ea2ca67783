"""Measurements in processes of their own: each has its own peak of memory, and none takes another with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.load.engine.running_engine import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT_SECONDS = 900  # several times what the longest takes


class FailedMeasurementError(RuntimeError):
    """A measurement came to nothing; the message is the last that it said."""


def measured(
    module: str, *arguments: str, python: str = sys.executable, threads: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run a module that prints what it measured as JSON, on a line of its own, the last.

    Parameters
    ----------
    threads : mapping of str to str, optional
        Environment variables that set the number of threads of libraries; one thread where they are missing, if the
        module imports `model.engine.configuration.one_thread`.

    Raises
    ------
    FailedMeasurementError
        It could not be run, ended with an error, was killed, or took longer than `LIMIT_SECONDS`.
    """
    process = _started([python, "-m", module, *arguments], {**os.environ, "PYTHONPATH": str(ROOT), **(threads or {})})
    try:
        printed, complaints = process.communicate(timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        raise FailedMeasurementError(f"took longer than {LIMIT_SECONDS} s") from None
    finally:
        _end(process)
    if process.returncode:
        sys.stderr.write(complaints)
        raise FailedMeasurementError(_said(process.returncode, complaints))
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return found


def _started(command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )
    except OSError as error:
        raise FailedMeasurementError(f"{command[0]} cannot be run: {error.strerror}; `make bench` sets it up") from None


def _end(process: subprocess.Popen[str]) -> None:
    """End what is left: networks train in a process of their own, which would go on."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _said(code: int, complaints: str) -> str:
    if code == -signal.SIGKILL:
        return "was killed, as when memory runs out"
    lines = complaints.strip().splitlines()
    return lines[-1] if lines else f"ended with code {code} and said nothing"
