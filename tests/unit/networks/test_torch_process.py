"""Where a network is trained when this Python has no PyTorch, and what is said when nowhere has it."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from model.networks import torch_process as apart
from model.networks.errors import InterpreterError, NetworksError
from model.recipes.recipe import UnsuitableDataError
from tests.factories.networks import shelves

# Stands for the Python with PyTorch: it answers as `model.networks.worker` does. Its arguments are -m, the module and
# the folder.
WORKER = """#!{python}
import json, sys
from pathlib import Path
import numpy as np
folder = Path(sys.argv[3])
{does}
"""


@pytest.fixture
def python(monkeypatch, tmp_path):
    """Return a function that makes a stand-in and has it used."""

    def made(does):
        path = tmp_path / "python"
        path.write_text(WORKER.format(python=sys.executable, does=does))
        path.chmod(0o755)
        monkeypatch.setenv(apart.VARIABLE, str(path))
        return path

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    return made


def test_the_problem_and_the_request_go_there_and_the_arrays_come_back(python):
    python(
        "found = json.loads((folder / 'request.json').read_text())\n"
        "users = np.load(folder / 'problem.npz')['users']\n"
        "np.savez(folder / 'arrays.npz', users=users)\n"
        "(folder / 'report.json').write_text(json.dumps({'asked': found}))"
    )

    arrays, report = apart.learn("neumf", shelves(), {"epochs": "2"})

    assert np.array_equal(arrays["users"], shelves().users)
    assert report["asked"] == {
        "network": "neumf",
        "parameters": {"epochs": "2"},
        "checkpoints": None,
        "is_shown": False,
    }


def test_what_was_wrong_there_is_said_here(python):
    python("(folder / 'report.json').write_text(json.dumps({'failure': 'too little to learn from'}))")

    with pytest.raises(NetworksError, match="too little to learn from"):
        apart.learn("neumf", shelves(), {})


def test_a_process_that_dies_is_reported_with_its_last_line(python):
    path = python("sys.exit('ModuleNotFoundError: no torch here')")

    with pytest.raises(
        InterpreterError, match=f"{path} ended with code 1: ModuleNotFoundError: no torch here; RIVULET"
    ):
        apart.learn("neumf", shelves(), {})


def test_a_python_that_is_not_there_is_named(python, monkeypatch):
    monkeypatch.setenv(apart.VARIABLE, "/nowhere/python")

    with pytest.raises(InterpreterError, match=r"/nowhere/python cannot be started .* set RIVULET_NETWORKS_PYTHON"):
        apart.learn("neumf", shelves(), {})


def test_where_there_is_no_pytorch_at_all_the_way_to_it_is_said(monkeypatch, tmp_path):
    monkeypatch.delenv(apart.VARIABLE, raising=False)
    monkeypatch.setattr(apart, "DEFAULT_PYTHON", tmp_path / "bin" / "python")

    with pytest.raises(InterpreterError, match=r"no PyTorch .* set RIVULET_NETWORKS_PYTHON .* `make networks`"):
        apart.interpreter()


def test_the_environment_beside_the_project_is_taken_where_nothing_is_stated(monkeypatch, tmp_path):
    monkeypatch.delenv(apart.VARIABLE, raising=False)
    (tmp_path / "python").touch()
    monkeypatch.setattr(apart, "DEFAULT_PYTHON", tmp_path / "python")

    assert apart.interpreter() == str(tmp_path / "python")


def test_whatever_is_wrong_with_a_network_fails_a_solution_version_with_its_message():
    assert issubclass(NetworksError, UnsuitableDataError)
