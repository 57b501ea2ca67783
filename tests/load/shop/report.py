"""The tables of a load run."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from rich.table import Table

from tests.load.shop.measuring import DEADLINE_MS

if TYPE_CHECKING:
    from collections import Counter

    from tests.load.shop.measuring import Measured, RouteAnswers


def machine() -> str:
    """Return what the run depends on: the processors, and how busy they are."""
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"{platform.machine()}, {os.cpu_count()} cores, load average {load}"


def progress(measured: Measured, seconds: float) -> str:
    """Return a line about a rate that is being measured."""
    return f"{_figures(measured)}, after {seconds:.0f} s"


def summary(measured: Measured) -> str:
    """Return a line about a rate that was measured."""
    kinds = "".join(f"; {count} of {kind}" for kind, count in measured.wrong.most_common(3))
    problem = f"; {measured.problem}" if measured.problem else ""
    return f"{_figures(measured)}, {measured.errors:,} errors{kinds}{problem}"


def _figures(measured: Measured) -> str:
    answers = measured.all
    return (
        f"{_rate(measured)}: {len(answers.milliseconds):,} answers, "
        f"p50 {answers.percentile(50):,.0f} ms, p99 {answers.percentile(99):,.0f} ms"
    )


def _rate(measured: Measured) -> str:
    return "warm-up" if measured.rate is None else f"{measured.rate:g} requests/s"


def route_table(measured: Measured) -> Table:
    """Return the answers by route, and of all together."""
    table = Table("route", "requests", "status", "source", "p50 ms", "p99 ms")
    for column in (table.columns[1], *table.columns[4:]):
        column.justify = "right"
    for name, answers in sorted(measured.routes.items()):
        table.add_row(name, *_cells(answers))
    table.add_section()
    table.add_row("all", *_cells(measured.all))
    return table


def rate_table(steps: dict[int, Measured]) -> Table:
    """Return what was measured at each rate, the lowest first."""
    table = Table("requests/s", "answers", "events", "p50 ms", "p95 ms", "p99 ms", "errors", "holds")
    for column in table.columns[:-1]:
        column.justify = "right"
    for rate, step in sorted(steps.items()):
        answers = step.all
        percentiles = (f"{answers.percentile(share):,.0f}" for share in (50, 95, 99))
        verdict = "yes" if step.holds else step.problem or ("errors" if step.errors else f"p99 above {DEADLINE_MS} ms")
        cells = (f"{len(answers.milliseconds):,}", f"{step.events:,}", *percentiles, f"{step.errors:,}", verdict)
        table.add_row(str(rate), *cells)
    return table


def _cells(answers: RouteAnswers) -> tuple[str, ...]:
    return (
        f"{len(answers.milliseconds):,}",
        _counts(answers.statuses),
        _counts(answers.sources),
        f"{answers.percentile(50):,.0f}",
        f"{answers.percentile(99):,.0f}",
    )


def _counts(counts: Counter[int] | Counter[str]) -> str:
    if len(counts) == 1:
        return str(next(iter(counts)))
    return ", ".join(f"{count:,} {name}" for name, count in counts.most_common())
