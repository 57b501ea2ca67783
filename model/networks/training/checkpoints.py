"""Checkpoints: an interrupted training resumes from its last whole epoch, with the same result."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from model.networks.errors import CheckpointMismatchError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from model.networks.problem import Problem
    from model.networks.settings import LightGCNSettings, NeuMFSettings

UNBOUND = ("epochs", "patience")  # settings that may differ between the interrupted and the resumed training


@dataclass
class Progress:
    """The progress of a training.

    Attributes
    ----------
    epoch : int
        Completed epochs.
    best_metric : float
        NaN before the first validation.
    best : dict of tensors
        The parameters after `best_epoch`.
    reports : list of dict
        epoch, loss, metric and seconds of each epoch.
    """

    epoch: int = 0
    best_epoch: int = 0
    best_metric: float = float("nan")
    best: dict[str, Tensor] = field(default_factory=dict)
    reports: list[dict[str, float]] = field(default_factory=list)


def fingerprint_of(problem: Problem, settings: NeuMFSettings | LightGCNSettings) -> str:
    """Return a hexadecimal hash of the data and of the settings that determine the result."""
    bound = {name: value for name, value in asdict(settings).items() if name not in UNBOUND}
    digest = hashlib.sha256(repr((type(settings).__name__, sorted(bound.items()))).encode())
    for column in (problem.users, problem.items, problem.ratings):
        digest.update(column.tobytes())
    return digest.hexdigest()


def write_checkpoint(path: Path, mark: str, network: Any, progress: Progress) -> None:
    """Write a checkpoint atomically: after a crash, the file is the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        torch.save(
            {
                "mark": mark,
                "parameters": {name: tensor.detach() for name, tensor in network.parameters.items()},
                "optimiser": network.optimiser.state_dict(),
                "progress": asdict(progress),
            },
            file,
        )
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def read_checkpoint(path: Path, mark: str, network: Any) -> Progress:
    """Restore an untrained network and its optimiser from a checkpoint; without one, start a new training."""
    if not path.exists():
        return Progress()
    stored = torch.load(path, map_location="cpu", weights_only=True)
    if stored["mark"] != mark:
        raise CheckpointMismatchError(
            f"the checkpoint {path} belongs to other data or other hyper-parameters; remove it, or name another folder"
        )
    with torch.no_grad():
        for name, tensor in network.parameters.items():
            tensor.copy_(stored["parameters"][name])
    network.optimiser.load_state_dict(stored["optimiser"])
    return Progress(**stored["progress"])
