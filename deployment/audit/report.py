"""The report of an audit as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections import Counter

    from rich.console import Console

    from deployment.audit.auditing import Audit

_COLUMNS = ("expected", "found", "lost", "doubled", "late", "failed", "copies", "others")


def print_audit(audit: Audit, console: Console) -> None:
    """Print what was sent, each stage with what is lost, doubled and late, and the sum that must be zero."""
    comparison = audit.comparison
    sent = ", ".join(f"{count:,} {outcome}" for outcome, count in audit.sendings.items())
    console.print(
        f"{audit.sendings.total():,} sendings from {audit.first:%Y-%m-%d %H:%M:%S} to "
        f"{audit.last:%Y-%m-%d %H:%M:%S} UTC: {sent or 'none'}; {comparison.distinct:,} different events",
        highlight=False,
    )
    console.print(stage_table(audit))
    if comparison.not_forwarded:
        described = describe_not_forwarded(comparison.not_forwarded)
        console.print(f"not forwarded to the tracker and the history: {described}", highlight=False)
    for remark in audit.remarks:
        console.print(remark, highlight=False)
    if audit.forward:
        counts = ", ".join(f"{count:,} {name}" for name, count in audit.forward.items())
        console.print(f"forward counted in the hours of the window: {counts}", highlight=False)
    if comparison.suppressed_found:
        console.print(f"{comparison.suppressed_found:,} events that deny consent are stored", style="bold red")
    if comparison.without_id:
        console.print(f"{comparison.without_id:,} accepted sendings have no event id", style="bold red")
    style = "bold red" if comparison.unaccounted else "bold green"
    console.print(
        f"lost {comparison.lost:,} · doubled {comparison.doubled:,} · unaccounted {comparison.unaccounted:,}",
        style=style,
        highlight=False,
    )


def describe_not_forwarded(types: Counter[str]) -> str:
    """Return how many events of which types the event tracker does not get, and why; of none an empty text."""
    counts = ", ".join(f"{count:,} {event_type}" for event_type, count in types.most_common())
    return f"{counts}: neither interactions nor log-ins" if counts else ""


def stage_table(audit: Audit) -> Table:
    """Return the numbers of each stage, one stage per row."""
    table = Table("stage", *_COLUMNS, padding=(0, 0))
    for column in table.columns[1:]:
        column.justify = "right"
    for stage, counts in audit.comparison.stages.items():
        table.add_row(stage, *(f"{getattr(counts, name):,}" for name in _COLUMNS))
    return table
