"""Plots of experiments: metrics with their intervals, slices, and what accuracy costs in coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from model.evaluation.experiments import shown_slices
from model.evaluation.tables import RANKED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from model.evaluation.experiments import Experiment
    from model.evaluation.intervals import Interval

WIDTH, HEIGHT, DOTS_PER_INCH = 10.0, 5.0, 120
SHOWN = ("hr", "recall", "ndcg", "mrr", "map")


def plot(experiments: Sequence[Experiment], cut: int, folder: Path) -> list[Path]:
    """Draw experiments on the same questions.

    Parameters
    ----------
    experiments : sequence of Experiment
    cut : int
    folder : Path

    Returns
    -------
    list of Path
        The PNG files: metrics, slices and, of full ranking, coverage.
    """
    drawn = [_metrics(experiments, cut, folder / "metrics.png")]
    if shown_slices(experiments[0].result):
        drawn.append(_slices(experiments, f"ndcg@{cut}", folder / "slices.png"))
    if experiments[0].result.beyond:
        drawn.append(_coverage(experiments, cut, folder / "coverage.png"))
    return drawn


def _metrics(experiments: Sequence[Experiment], cut: int, path: Path) -> Path:
    figure, axes = _figure()
    names = [f"{name}@{cut}" for name in SHOWN]
    _bars(axes, names, [(one.recipe, [one.result.intervals()[name] for name in names]) for one in experiments])
    first = experiments[0]
    axes.set_title(f"{first.data}, {first.result.split}; {RANKED[first.result.protocol]}", fontsize=9)
    return _saved(figure, path)


def _slices(experiments: Sequence[Experiment], metric: str, path: Path) -> Path:
    figure, axes = _figure()
    slices = shown_slices(experiments[0].result)
    names = [f"{name}\n({int(mask.sum()):,})" for name, mask in slices.items()]
    rows = [(one.recipe, [one.result.intervals(name)[metric] for name in slices]) for one in experiments]
    _bars(axes, names, rows)
    axes.tick_params(axis="x", labelrotation=60 if len(names) > 6 else 0, labelsize=7)
    axes.set_ylabel(metric)
    axes.set_title(f"{experiments[0].data}: {metric} by slice (questions)", fontsize=9)
    return _saved(figure, path)


def _coverage(experiments: Sequence[Experiment], cut: int, path: Path) -> Path:
    figure, axes = _figure()
    for one in experiments:
        found = one.result.intervals()[f"ndcg@{cut}"]
        across = one.result.beyond[f"coverage@{cut}"]
        axes.errorbar(
            [across],
            [found.mean],
            yerr=[[found.mean - found.low], [found.high - found.mean]],
            fmt="o",
            capsize=3,
            label=one.recipe,
        )
    axes.set_xlabel(f"coverage@{cut}: share of the items that anybody is shown")
    axes.set_ylabel(f"ndcg@{cut}")
    axes.legend(fontsize=7)
    axes.set_title(f"{experiments[0].data}: what accuracy costs in coverage", fontsize=9)
    return _saved(figure, path)


def _bars(axes: Axes, names: Sequence[str], rows: Sequence[tuple[str, Sequence[Interval]]]) -> None:
    """Draw a group of bars per name, one bar per row, with intervals as whiskers."""
    width = 0.8 / len(rows)
    middle = np.arange(len(names))
    for number, (label, found) in enumerate(rows):
        means = np.array([one.mean for one in found])
        below = means - np.array([one.low for one in found])
        above = np.array([one.high for one in found]) - means
        offset = (number - (len(rows) - 1) / 2) * width
        axes.bar(middle + offset, means, width, yerr=np.stack([below, above]), capsize=2, label=label)
    axes.set_xticks(middle, list(names))
    axes.legend(fontsize=7)


def _figure() -> tuple[Figure, Axes]:
    # Not pyplot: it would keep every figure, and look for a screen.
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DOTS_PER_INCH, layout="constrained")
    return figure, figure.subplots()


def _saved(figure: Figure, path: Path) -> Path:
    figure.savefig(path)
    return path
