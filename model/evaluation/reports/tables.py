"""Tables of experiments and comparisons, for a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.table import Table

from model.evaluation.experiments import shown_slices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from model.evaluation.experiments import Difference, Experiment
    from model.evaluation.metrics.intervals import Interval
    from model.evaluation.off_policy.replay import Replay

METRICS = ("hr", "recall", "precision", "ndcg", "mrr", "map")
OF_LISTS = ("coverage", "novelty", "diversity", "popularity_lift", "gini")
HEADING_WIDTH = 16  # characters
RANKED = {"full": "the whole catalogue is ranked", "sampled": "SAMPLED: the wanted items among 99 sampled ones"}


def experiments_table(experiments: Sequence[Experiment], cut: int) -> Table:
    """Return a table of experiments on the same questions, a column each: metrics, lists, durations."""
    first = experiments[0]
    title = f"{first.data}, {first.result.split}: {len(first.result):,} questions; {RANKED[first.result.protocol]}"
    table = _table(title, "", *(experiment.recipe for experiment in experiments))
    intervals = [experiment.result.intervals() for experiment in experiments]
    for name in METRICS:
        table.add_row(f"{name}@{cut}", *(shown(by_metric[f"{name}@{cut}"]) for by_metric in intervals))
    if first.result.beyond:
        table.add_section()
        for name in OF_LISTS:
            table.add_row(
                f"{name}@{cut}", *(f"{experiment.result.beyond[f'{name}@{cut}']:.3f}" for experiment in experiments)
            )
    table.add_section()
    table.add_row("tuning, s", *(f"{experiment.tuning_seconds:.1f}" for experiment in experiments))
    table.add_row("training, s", *(f"{experiment.training_seconds:.1f}" for experiment in experiments))
    for name in ("p50", "p99"):
        table.add_row(
            f"answer {name}, ms", *(f"{experiment.result.latency_ms[name]:.2f}" for experiment in experiments)
        )
    return table


def slices_table(experiments: Sequence[Experiment], metric: str) -> Table:
    """Return a table of one metric by slice."""
    table = _table(f"{metric} by slice", "slice", "questions", *(experiment.recipe for experiment in experiments))
    for name, mask in shown_slices(experiments[0].result).items():
        means = (shown(experiment.result.intervals(name)[metric]) for experiment in experiments)
        table.add_row(name, f"{int(mask.sum()):,}", *means)
    return table


def differences_table(first: str, second: str, metric: str, found: Sequence[Difference]) -> Table:
    """Return a table of the differences between two experiments in a metric; those in other metrics are left out."""
    table = _table(f"{metric}: {first} minus {second}", "slice", "questions", "difference", "the first is")
    for difference in found:
        if difference.metric == metric:
            mean, low, high = difference.interval
            interval = f"{mean:+.4f} [{low:+.4f}, {high:+.4f}]"
            table.add_row(difference.within, f"{difference.questions:,}", interval, difference.verdict)
    return table


def replay_table(replays: Mapping[str, Replay]) -> Table:
    """Return a table of the estimated rewards by recipe."""
    first = next(iter(replays.values()))
    title = f"reward per decision, from {first.decisions:,} logged decisions with mean reward {shown(first.logged)}"
    table = _table(title, "recipe", "IPS", "SNIPS", "doubly robust", "matched", "effective", "mean weight")
    for name, one in replays.items():
        table.add_row(
            name,
            shown(one.ips),
            shown(one.snips),
            shown(one.dr),
            f"{one.matched:,}",
            f"{one.effective:,.0f}",
            f"{one.mean_weight:.2f}",
        )
    return table


def ratings_table(name: str, asked: int, found: Mapping[str, Mapping[str, Interval]]) -> Table:
    """Return a table of the errors of predicted ratings, which are given by model and metric."""
    table = _table(f"{name}: the latest tenth of each user's ratings, {asked:,} ratings", "model", "RMSE", "MAE")
    for model, metrics in found.items():
        table.add_row(model, shown(metrics["rmse"]), shown(metrics["mae"]))
    return table


def shown(one: Interval) -> str:
    """Return an interval as its mean and half its width."""
    return f"{one.mean:.4f} ±{(one.high - one.low) / 2:.4f}"


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(_folded(column), justify="right", no_wrap=True)
    return table


def _folded(name: str) -> str:
    """Break a long name after hyphens."""
    lines = [""]
    for part in re.findall(r"[^-]+-?|-", name):
        if lines[-1] and len(lines[-1]) + len(part) > HEADING_WIDTH:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)
