"""The training loop: epochs with early stopping on the validation metric, and a checkpoint after each."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from model.networks.errors import TrainingDivergedError
from model.networks.training.checkpoints import Progress, read_checkpoint, write_checkpoint
from model.networks.training.network import seed_epoch

if TYPE_CHECKING:
    from pathlib import Path

    from model.networks.settings import LightGCNSettings, NeuMFSettings
    from model.networks.training.network import Network
    from model.networks.training.progress import TrainingReporter


def train(
    network: Network,
    settings: NeuMFSettings | LightGCNSettings,
    name: str,
    reporter: TrainingReporter,
    checkpoint: tuple[Path, str] | None = None,
) -> Progress:
    """Train until the metric has not improved for `settings.patience` epochs, and restore the best epoch.

    Parameters
    ----------
    network : Network
        Gets the parameters of the best epoch.
    checkpoint : (Path, str), optional
        The file, and the hash of data and settings (`checkpoints.fingerprint_of`).

    Returns
    -------
    Progress
        Without `best`, which the network holds.
    """
    progress = _start_progress(network, name, reporter, checkpoint)
    while progress.epoch < settings.epochs and progress.epoch - progress.best_epoch < settings.patience:
        epoch = progress.epoch + 1
        started = time.monotonic()
        random = seed_epoch(settings.seed, epoch)
        reporter.begin(name, epoch, network.batch_count)
        total, count = 0.0, 0
        for batch in network.batches(random):
            total += network.step(batch)
            count += 1
            reporter.batch(total / count)
        if not math.isfinite(total):
            raise TrainingDivergedError(
                f"the loss of {name} is not finite in epoch {epoch}; try a lower learning_rate than "
                f"{settings.learning_rate:g}"
            )
        _record_epoch(network, progress, epoch, total / max(1, count), started)
        reporter.end(
            name, epoch, total / max(1, count), network.metric, progress.reports[-1]["metric"], _seconds_since(started)
        )
        if checkpoint is not None:
            write_checkpoint(*checkpoint, network, progress)
    _restore(network, progress)
    return progress


def _start_progress(
    network: Network, name: str, reporter: TrainingReporter, checkpoint: tuple[Path, str] | None
) -> Progress:
    """Return the progress of a checkpoint, or that of the start, which counts as epoch 0 and may be the best one."""
    progress = read_checkpoint(*checkpoint, network) if checkpoint is not None else Progress()
    if not progress.epoch:
        started = time.monotonic()
        _record_epoch(network, progress, 0, float("nan"), started)
        reporter.end(name, 0, float("nan"), network.metric, progress.reports[-1]["metric"], _seconds_since(started))
    return progress


def _record_epoch(network: Network, progress: Progress, epoch: int, loss: float, started: float) -> None:
    """Validate, and keep the parameters if they are the best so far."""
    metric = network.validate()
    progress.epoch = epoch
    progress.reports.append({"epoch": epoch, "loss": loss, "metric": metric, "seconds": _seconds_since(started)})
    if _is_better(network.metric, metric, progress.best_metric):
        progress.best_epoch, progress.best_metric = epoch, metric
        progress.best = {name: tensor.detach().clone() for name, tensor in network.parameters.items()}


def _is_better(name: str, metric: float, best: float) -> bool:
    # Without held-out items the metric is NaN, and the last epoch is kept.
    if math.isnan(best) or math.isnan(metric):
        return True
    return metric < best if name.startswith("rmse") else metric > best


def _restore(network: Network, progress: Progress) -> None:
    for name, tensor in network.parameters.items():
        tensor.detach().copy_(progress.best[name])
    progress.best = {}


def _seconds_since(moment: float) -> float:
    return round(time.monotonic() - moment, 3)
