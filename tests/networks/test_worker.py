"""The process that trains for another one."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from model.networks import torch_process as apart
from model.networks.errors import NetworksError
from model.networks.problem import write_problem
from tests.factories.networks import shelves

FEW = {"hidden_dimension": "8", "epochs": "2", "patience": "2"}


@pytest.fixture
def elsewhere(monkeypatch):
    """Let this Python think that it has no PyTorch, and that this same Python elsewhere has it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv(apart.VARIABLE, sys.executable)


def test_a_training_elsewhere_gives_what_one_here_gives(elsewhere, monkeypatch):
    there, report = apart.learn("lightgcn", shelves(), FEW)
    monkeypatch.undo()
    here, expected = apart.learn("lightgcn", shelves(), FEW)

    assert set(there) == set(here)
    # Not to the last bit: this process may use as many threads as the tests were started with.
    assert all(np.allclose(there[name], here[name], atol=1e-4) for name in here)
    assert report["best"] == pytest.approx(expected["best"])


def test_checkpoints_elsewhere_lie_where_they_were_wanted(elsewhere, tmp_path):
    apart.learn("lightgcn", shelves(), FEW, tmp_path)

    assert (tmp_path / "lightgcn.checkpoint").exists()


def test_what_is_wrong_elsewhere_is_said_here(elsewhere):
    with pytest.raises(NetworksError, match="unknown hyper-parameter depth"):
        apart.learn("lightgcn", shelves(), {"depth": "3"})


def test_it_ends_with_the_process_that_started_it(tmp_path):
    """Its standard input ends, and so does a training that would have taken for ever."""
    write_problem(shelves(2000), tmp_path / apart.PROBLEM)
    (tmp_path / apart.REQUEST).write_text(
        '{"network": "neumf", "parameters": {"epochs": "10000", "patience": "10000"}, "checkpoints": null, '
        '"is_shown": true}'
    )
    worker = subprocess.Popen(
        [sys.executable, "-m", "model.networks.worker", str(tmp_path)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=apart.ROOT,
    )
    assert worker.stderr is not None
    assert worker.stdin is not None
    first = worker.stderr.readline()

    worker.stdin.close()

    assert first.startswith(b"neumf epoch=0 loss=nan ndcg@20=")
    assert worker.wait(timeout=60) == 1
    assert not (tmp_path / apart.REPORT).exists()
