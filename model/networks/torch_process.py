"""Runs a training in a Python that has PyTorch: this one, or that of a separate environment.

PyTorch is larger than all other dependencies together, and serving does not need it, so the main environment omits it.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import model
from model.networks.errors import InterpreterError, NetworksError
from model.networks.problem import write_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from model.networks.problem import Problem
    from model.networks.training.train import Trained

VARIABLE = "RIVULET_NETWORKS_PYTHON"
ROOT = Path(model.__path__[0]).parent
DEFAULT_PYTHON = ROOT / "build" / "env" / "networks" / "bin" / "python"  # which `make networks` creates
# These limit the engine's answers to one thread; a training that it starts must not inherit them.
ONE_THREAD = frozenset({"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"})
PROBLEM, REQUEST, ARRAYS, REPORT, ERRORS = "problem.npz", "request.json", "arrays.npz", "report.json", "errors.txt"


def learn(
    name: str, problem: Problem, parameters: Mapping[str, str], folder: Path | None = None, *, is_shown: bool = False
) -> tuple[dict[str, NDArray[np.float32]], dict[str, Any]]:
    """Train a network, in this process where it has PyTorch, else in a process of the interpreter that has it.

    See `training.train.train_network`; with `is_shown`, a progress bar and a line per epoch go to standard error.
    """
    if importlib.util.find_spec("torch") is not None:
        trained = train_here(name, problem, parameters, folder, is_shown=is_shown)
        return trained.arrays, trained.report
    python = interpreter()
    with tempfile.TemporaryDirectory(prefix="rivulet-network-") as temporary:
        directory = Path(temporary)
        write_problem(problem, directory / PROBLEM)
        checkpoints = None if folder is None else str(folder.resolve())
        request = {"network": name, "parameters": dict(parameters), "checkpoints": checkpoints, "is_shown": is_shown}
        (directory / REQUEST).write_text(json.dumps(request), encoding="utf-8")
        _run(python, directory, is_shown=is_shown)
        report: dict[str, Any] = json.loads((directory / REPORT).read_bytes())
        if "failure" in report:
            raise NetworksError(report["failure"])
        with np.load(directory / ARRAYS, allow_pickle=False) as stored:
            return {array: stored[array] for array in stored.files}, report


def interpreter() -> str:
    """Return the path of the Python that has PyTorch."""
    stated = os.environ.get(VARIABLE)
    if stated:
        return stated
    if DEFAULT_PYTHON.exists():
        return str(DEFAULT_PYTHON)
    raise InterpreterError(
        f"this Python has no PyTorch ({sys.executable}): set {VARIABLE} to one that has it, or "
        f"make {DEFAULT_PYTHON.parents[1]} with `make networks`"
    )


def train_here(
    name: str, problem: Problem, parameters: Mapping[str, str], folder: Path | None, *, is_shown: bool
) -> Trained:
    """Train a network in this process, which needs PyTorch."""
    # Imported on demand: PyTorch takes seconds to load, and serving environments lack it.
    training = importlib.import_module("model.networks.training.train")
    progress_module = importlib.import_module("model.networks.training.progress")
    if not is_shown:
        trained: Trained = training.train_network(name, problem, parameters, progress_module.SilentReporter(), folder)
        return trained
    with progress_module.console_reporter() as reporter:
        shown: Trained = training.train_network(name, problem, parameters, reporter, folder)
    return shown


def _run(python: str, folder: Path, *, is_shown: bool) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ONE_THREAD}
    environment["PYTHONPATH"] = str(ROOT)
    # Waiting threads sleep: spinning, they would take the processor from the threads for which they wait.
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    said = folder / ERRORS
    try:
        # Its standard input is a pipe that closes when this process ends, which ends the training.
        with (
            said.open("wb") as errors,
            subprocess.Popen(
                [python, "-m", "model.networks.worker", str(folder)],
                stdin=subprocess.PIPE,
                stderr=None if is_shown else errors,
                env=environment,
                cwd=ROOT,
            ) as process,
        ):
            try:
                code = process.wait()
            except BaseException:
                process.kill()
                raise
    except OSError as error:
        raise InterpreterError(
            f"{python} cannot be started ({error.strerror}): set {VARIABLE} to a Python that has PyTorch"
        ) from error
    if code:
        last = said.read_text("utf-8", "replace").strip().rpartition("\n")[2]
        raise InterpreterError(
            f"{python} ended with code {code}: {last or 'killed, which means too little memory'}; "
            f"{VARIABLE} names a Python that has PyTorch"
        )
