"""The entry to training: training data and hyper-parameters in, arrays for the recipes out. Needs PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model.networks.errors import InvalidSettingError, UnlearnableDataError
from model.networks.problem import hold_out
from model.networks.serving.neumf_tower import Tower
from model.networks.settings import EXPLICIT, SAMPLED_SOFTMAX, LightGCNSettings, NeuMFSettings
from model.networks.training.checkpoints import fingerprint_of
from model.networks.training.fold_in import choose, decayed_sums, fit_linear_map
from model.networks.training.lightgcn import LightGCN
from model.networks.training.loop import train
from model.networks.training.network import device
from model.networks.training.neumf import BOTH, GMF, MLP, NeuMF

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from model.networks.problem import Problem
    from model.networks.training.checkpoints import Progress
    from model.networks.training.progress import TrainingReporter

NEUMF, LIGHTGCN = "neumf", "lightgcn"
JOINED_RATE = 0.1  # of the learning rate once pre-trained halves are joined, since they are close to the optimum


@dataclass(frozen=True)
class Trained:
    """The result of a training.

    Attributes
    ----------
    report : dict
        network, device, metric (its name), best_epoch, best, fold_in (the metric of folded-in users), epochs (a list
        of epoch, loss, metric, seconds). All values are JSON; unknown ones are null.
    """

    arrays: dict[str, NDArray[np.float32]]
    report: dict[str, Any]


def train_network(
    name: str, problem: Problem, parameters: Mapping[str, str], reporter: TrainingReporter, folder: Path | None = None
) -> Trained:
    """Train a network, "neumf" or "lightgcn"; an interrupted training resumes from the checkpoints in the folder."""
    if name not in NETWORKS:
        raise InvalidSettingError(f"unknown network {name!r}; known are {' and '.join(NETWORKS)}")
    if problem.item_count < 2 or not len(problem):
        raise UnlearnableDataError(
            f"there are {problem.item_count} items and {len(problem)} pairs of user and item; a network needs "
            "at least two items"
        )
    return NETWORKS[name](problem, parameters, reporter, folder)


def _lightgcn(
    problem: Problem, parameters: Mapping[str, str], reporter: TrainingReporter, folder: Path | None
) -> Trained:
    settings = LightGCNSettings.of(parameters)
    held = hold_out(problem, settings.seed)
    network = LightGCN(held, settings)
    progress = train(network, settings, LIGHTGCN, reporter, _checkpoint(folder, LIGHTGCN, problem, settings))
    users, items = network.vectors()
    messages = network.messages()
    # Propagation to a new user lacks the user's own embedding, which is largely predictable from the sums of messages.
    lengths = np.linalg.norm(users, axis=1, keepdims=True)
    normalised = users / np.maximum(lengths, np.float32(1e-12))
    sums = decayed_sums(held.train, messages, 1.0)
    sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), np.float32(1e-12))
    mapped = messages @ fit_linear_map(sums, normalised)
    fold_in = choose(held, (messages, mapped), lambda folded: folded @ items.T)
    length = 1.0 if settings.loss == SAMPLED_SOFTMAX else float(lengths.mean())
    arrays = {
        "vectors": items,
        "messages": fold_in.messages,
        "decay": np.array([fold_in.decay], np.float32),
        "length": np.array([length], np.float32),
    }
    return Trained(arrays, _report(LIGHTGCN, network.metric, progress, fold_in.metric))


def _neumf(problem: Problem, parameters: Mapping[str, str], reporter: TrainingReporter, folder: Path | None) -> Trained:
    settings = NeuMFSettings.of(parameters)
    if settings.feedback == EXPLICIT and np.ptp(problem.ratings) == 0:
        raise UnlearnableDataError(
            f"every interaction has the value {float(problem.ratings[0]):g}, so there are no ratings to learn; give "
            "values that differ (or weights of event types), or use feedback=implicit"
        )
    held = hold_out(problem, settings.seed)
    network = NeuMF(held, settings, BOTH, settings.learning_rate * (JOINED_RATE if settings.pretrain else 1.0))
    if settings.pretrain:
        halves = {}
        for half in BOTH:
            alone = NeuMF(held, settings, (half,))
            train(alone, settings, half, reporter, _checkpoint(folder, half, problem, settings))
            halves[half] = alone.parameters
        network.join(halves[GMF], halves[MLP])
    progress = train(network, settings, NEUMF, reporter, _checkpoint(folder, NEUMF, problem, settings))
    learnt = network.exported()
    tower = Tower.of(learnt)
    # User vectors are predicted from the sums of their items' vectors.
    features = np.concatenate(
        [learnt["gmf_items"], learnt["mlp_items"], np.ones((problem.item_count, 1), np.float32)], 1
    )
    users = np.concatenate([learnt["gmf_users"], learnt["mlp_users"]], axis=1)
    known = np.minimum(np.diff(held.train.starts()), 1).astype(np.float32)
    messages = features @ fit_linear_map(decayed_sums(held.train, features, 1.0), users, known)
    fold_in = choose(held, (messages,), lambda folded: np.stack([tower.scores(user) for user in folded]))
    arrays = {**tower.arrays(), "messages": fold_in.messages, "decay": np.array([fold_in.decay], np.float32)}
    return Trained(arrays, _report(NEUMF, network.metric, progress, fold_in.metric))


NETWORKS = {NEUMF: _neumf, LIGHTGCN: _lightgcn}


def _checkpoint(
    folder: Path | None, name: str, problem: Problem, settings: NeuMFSettings | LightGCNSettings
) -> tuple[Path, str] | None:
    return None if folder is None else (folder / f"{name}.checkpoint", fingerprint_of(problem, settings))


def _report(name: str, metric: str, progress: Progress, fold_in: float) -> dict[str, Any]:
    epochs = [{key: _known(value) for key, value in report.items()} for report in progress.reports]
    return {
        "network": name,
        "device": str(device()),
        "metric": metric,
        "best_epoch": progress.best_epoch,
        "best": _known(progress.best_metric),
        "fold_in": _known(fold_in),
        "epochs": epochs,
    }


def _known(value: float) -> float | None:
    """Return a number, or None for NaN, which JSON lacks."""
    return None if np.isnan(value) else value
