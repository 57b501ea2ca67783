"""Plots of experiments: metrics with intervals, slices, and accuracy against coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from model.evaluation.experiments import shown_slices
from model.evaluation.reports.tables import RANKED, distinct_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from model.evaluation.experiments import Experiment
    from model.evaluation.metrics.intervals import Interval

WIDTH, HEIGHT, DOTS_PER_INCH = 10.0, 5.0, 120
SHOWN = ("hr", "recall", "ndcg", "mrr", "map")


def plot(experiments: Sequence[Experiment], cut: int, folder: Path) -> list[Path]:
    """Plot experiments on the same questions as PNG files: metrics, slices and, for the full ranking, coverage."""
    drawn = [_metrics(experiments, cut, folder / "metrics.png")]
    if shown_slices(experiments[0].result):
        drawn.append(_slices(experiments, f"ndcg@{cut}", folder / "slices.png"))
    if experiments[0].result.beyond:
        drawn.append(_coverage(experiments, cut, folder / "coverage.png"))
    return drawn


def _metrics(experiments: Sequence[Experiment], cut: int, path: Path) -> Path:
    figure, axes = _figure()
    labels = distinct_metrics(experiments, SHOWN, cut)
    names = [f"{name}@{cut}" for name in labels]
    width = 0.8 / len(experiments)
    middle = np.arange(len(names))
    for number, one in enumerate(experiments):
        by_metric = one.result.intervals()
        found = [by_metric[name] for name in names]
        offset = (number - (len(experiments) - 1) / 2) * width
        means = [each.mean for each in found]
        axes.bar(middle + offset, means, width, yerr=_whiskers(found), capsize=2, label=one.recipe)
    axes.set_xticks(middle, list(labels.values()))
    axes.legend(fontsize=7)
    first = experiments[0]
    axes.set_title(f"{first.data}, {first.result.split}; {RANKED[first.result.protocol]}", fontsize=9)
    return _saved(figure, path)


def _slices(experiments: Sequence[Experiment], metric: str, path: Path) -> Path:
    slices = shown_slices(experiments[0].result)
    figure, axes = _figure(max(HEIGHT, 1 + 0.12 * len(slices) * (1 + len(experiments))))
    down = -np.arange(len(slices), dtype=np.float64)
    for number, one in enumerate(experiments):
        found = [one.result.intervals(name)[metric] for name in slices]
        offset = (number - (len(experiments) - 1) / 2) * 0.8 / len(experiments)
        axes.errorbar(
            [each.mean for each in found],
            down - offset,
            xerr=_whiskers(found),
            fmt="o",
            ms=3,
            capsize=2,
            label=one.recipe,
        )
    axes.set_yticks(down, [f"{name} ({int(mask.sum()):,})" for name, mask in slices.items()], fontsize=7)
    axes.set_xlim(left=0)
    axes.set_ylim(down[-1] - 0.6, 0.6)
    axes.legend(fontsize=7)
    axes.set_title(f"{experiments[0].data}: {metric} by slice (questions)", fontsize=9)
    return _saved(figure, path)


def _coverage(experiments: Sequence[Experiment], cut: int, path: Path) -> Path:
    figure, axes = _figure()
    for experiment in experiments:
        found = experiment.result.intervals()[f"ndcg@{cut}"]
        across = experiment.result.beyond[f"coverage@{cut}"]
        axes.errorbar(
            [across],
            [found.mean],
            yerr=_whiskers([found]),
            fmt="o",
            capsize=3,
            label=experiment.recipe,
        )
    axes.set_xlim(0, 1.02)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"coverage@{cut}: share of the items that appear in a list")
    axes.set_ylabel(f"ndcg@{cut}")
    axes.legend(fontsize=7)
    axes.set_title(f"{experiments[0].data}: accuracy against coverage", fontsize=9)
    return _saved(figure, path)


def _whiskers(intervals: Sequence[Interval]) -> NDArray[np.float64]:
    """Return the distances of interval bounds below and above the means: shape (2, intervals)."""
    return np.array([[each.mean - each.low for each in intervals], [each.high - each.mean for each in intervals]])


def _figure(height: float = HEIGHT) -> tuple[Figure, Axes]:
    # Not pyplot, which keeps every figure in memory and needs a display backend.
    figure = Figure(figsize=(WIDTH, height), dpi=DOTS_PER_INCH, layout="constrained")
    return figure, figure.subplots()


def _saved(figure: Figure, path: Path) -> Path:
    figure.savefig(path)
    return path
