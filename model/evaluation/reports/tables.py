"""Tables of experiments and comparisons, for a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.table import Table

from model.evaluation.experiments import MIN_SLICE_USERS, shown_slices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from model.evaluation.experiments import Difference, Experiment
    from model.evaluation.metrics.intervals import Interval
    from model.evaluation.off_policy.replay import Replay

METRICS = ("hr", "recall", "precision", "ndcg", "mrr", "map")
EQUAL_FOR_ONE_ITEM = {"hr": "recall", "mrr": "map"}
OF_LISTS = ("coverage", "novelty", "diversity", "popularity_lift", "gini")
HEADING_WIDTH = 16  # characters
RANKED = {"full": "the whole catalogue is ranked", "sampled": "SAMPLED: the wanted items among 99 sampled ones"}


def experiments_table(experiments: Sequence[Experiment], cut: int) -> Table:
    """Return a table of experiments on the same questions, a column each: metrics, lists, durations."""
    first = experiments[0]
    title = f"{first.data}, {first.result.split}: {len(first.result):,} questions; {RANKED[first.result.protocol]}"
    table = _table(title, "", *(experiment.recipe for experiment in experiments))
    intervals = [experiment.result.intervals() for experiment in experiments]
    for name, label in distinct_metrics(experiments, METRICS, cut).items():
        table.add_row(label, *(shown(by_metric[f"{name}@{cut}"]) for by_metric in intervals))
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
    columns = ("questions", "users", *(experiment.recipe for experiment in experiments))
    table = _table(f"{metric} by slice", "slice", *columns)
    first = experiments[0].result
    slices = shown_slices(first)
    for name, mask in slices.items():
        means = (shown(experiment.result.intervals(name)[metric]) for experiment in experiments)
        table.add_row(name, f"{int(mask.sum()):,}", f"{first.user_count(mask):,}", *means)
    folded = len(first.slices) - len(slices)
    if folded:
        table.add_section()
        table.add_row(f"{folded} with fewer than {MIN_SLICE_USERS} users", *("" for _ in columns))
    return table


def distinct_metrics(experiments: Sequence[Experiment], names: Sequence[str], cut: int) -> dict[str, str]:
    """Return the labels of metrics by name; hr and recall share one where they are equal, and so do mrr and map."""
    labels = {name: f"{name}@{cut}" for name in names}
    for name, other in EQUAL_FOR_ONE_ITEM.items():
        if all(experiment.result.is_same(f"{name}@{cut}", f"{other}@{cut}") for experiment in experiments):
            labels[name] = f"{name}, {labels.pop(other)}"
    return labels


def differences_table(first: str, second: str, metric: str, found: Sequence[Difference]) -> Table:
    """Return a table of the differences between two experiments in a metric; those in other metrics are left out."""
    table = _table(f"{metric}: {first} minus {second}", "slice", "questions", "users", "difference", "the first is")
    for difference in found:
        if difference.metric == metric:
            counts = (f"{difference.questions:,}", f"{difference.users:,}")
            table.add_row(difference.within, *counts, shown_difference(difference.interval), difference.verdict)
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
    """Return an interval as its mean and half its width; "±?" for a handful of users, or where all have one value."""
    spread = f"{(one.high - one.low) / 2:.4f}" if one.low < one.high else "?"
    return f"{one.mean:.4f} ±{spread}"


def shown_difference(one: Interval) -> str:
    """Return the interval of a difference as its mean and bounds; "[?]" for a handful of users."""
    return f"{one.mean:+.4f} [{one.low:+.4f}, {one.high:+.4f}]" if one.is_known else f"{one.mean:+.4f} [?]"


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
