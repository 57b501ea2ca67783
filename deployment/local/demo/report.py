"""Prints the results of the demonstration."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

from rich.table import Table

from deployment.audit.comparison import HISTORY, LAKE, TRACKER
from deployment.audit.report import describe_not_forwarded
from deployment.local.demo.reactions import TIMEOUT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from data.replay import ReplayResult
    from data.stream import ExpectedOutcomes
    from deployment.audit.comparison import Comparison
    from deployment.local.demo.accounting import LakeCounts
    from deployment.local.demo.reactions import Reaction
    from deployment.local.demo.shown_lists import Behaviour, ShownList

_TITLE_WIDTH = 30


@dataclass(frozen=True)
class EventCounts:
    """The counts of events at every stage, from which the unaccounted events follow.

    Parameters
    ----------
    bad_rows
        Rows of what the API refused and kept since the run began, by any producer.
    audited
        The comparison of this run's ledger with every stage.
    manifest
        Counts of the data sets, including earlier runs.
    """

    sent: ReplayResult
    expected: ExpectedOutcomes
    bad_rows: int
    lake: LakeCounts
    audited: Comparison
    manifest: Mapping[str, Any]

    @property
    def unaccounted(self) -> int:
        """What the audit did not find, and the differences at both ends of it; 0 when all events are accounted for."""
        return (
            abs(self.sent.unaccounted)
            + abs(self.sent.accepted - self.expected.accepted)
            + max(0, self.kept - self.bad_rows)
            + abs(self.expected.distinct - self.audited.distinct)
            + self.audited.unaccounted
            + abs(self.lake.distinct - self.in_data_sets - self.left_out)
        )

    @property
    def kept(self) -> int:
        """Refused events whose bytes the API keeps."""
        return self.sent.refused.total() - self.sent.withheld

    @property
    def in_data_sets(self) -> int:
        """Interactions written."""
        return int(self.manifest["written"]["interactions"])

    @property
    def left_out(self) -> int:
        """Distinct events that are not interactions, such as a search."""
        return sum(self.manifest["dropped"].values())

    def table(self) -> Table:
        """Return the counts as a table, one stage per row."""
        table = Table(show_header=False)
        table.add_column(justify="left")
        table.add_column(justify="right")
        table.add_column(justify="left", style="dim")
        sent, lake = self.sent, self.lake
        table.add_row("sent", f"{sent.sent:,}", f"in {sent.requests:,} requests, {sent.retries:,} of them sent again")
        table.add_row(
            "accepted",
            f"{sent.accepted:,}",
            f"{self.expected.repeats:,} of them repeats, so {self.expected.distinct:,} different events",
        )
        table.add_row("suppressed", f"{sent.suppressed:,}", "consent denied: stored nowhere")
        table.add_row("refused", f"{sum(sent.refused.values()):,}", "")
        for reason, count in sorted(sent.refused.items(), key=lambda item: -item[1]):
            table.add_row(f"  {reason}", f"{count:,}", "")
        surplus = self.bad_rows - self.kept
        more = f"; {surplus:,} more: sent again, or of other producers" if surplus > 0 else ""
        table.add_row("  kept", f"{self.bad_rows:,}", f"with the reason in the table bad_rows{more}")
        table.add_row("  not kept", f"{sent.withheld:,}", "stored nowhere, since the bytes may deny consent")
        table.add_row(
            "in the lake",
            f"{lake.distinct_in_run:,}",
            f"different events of this run; {lake.distinct:,} in all, {lake.rows:,} rows",
        )
        not_forwarded = self.audited.not_forwarded
        table.add_row("not forwarded", f"{not_forwarded.total():,}", describe_not_forwarded(not_forwarded))
        for title, stage in (("at the tracker", TRACKER), ("in the history", HISTORY)):
            counts = self.audited.stages[stage]
            failed = f"; {counts.failed:,} failed and kept for a replay" if counts.failed else ""
            table.add_row(title, f"{counts.found:,}", f"different events of this run{failed}")
        table.add_row("lost, doubled", f"{self.audited.lost:,}, {self.audited.doubled:,}", "at any stage of the audit")
        left_out = _counts(self.manifest["dropped"])
        table.add_row("in the data sets", f"{self.in_data_sets:,}", f"left out: {left_out}" if left_out else "")
        style = "bold green" if self.unaccounted == 0 else "bold red"
        table.add_row("[bold]unaccounted", f"[{style}]{self.unaccounted:,}", "", end_section=True)
        return table


@dataclass(frozen=True)
class ListCounts:
    """The counts of the second phase: lists that were asked for, shown and clicked."""

    users: int
    lists: Sequence[ShownList]
    behaviour: Behaviour
    sent: ReplayResult
    audited: Comparison

    @property
    def unaccounted(self) -> int:
        """Events that were not accepted, or not found at a stage that they must reach; 0 when all are."""
        events = len(self.behaviour.events)
        return abs(events - self.sent.accepted) + abs(events - self.audited.distinct) + self.audited.unaccounted

    def table(self) -> Table:
        """Return the counts as a table."""
        table = Table(show_header=False)
        table.add_column(justify="left")
        table.add_column(justify="right")
        table.add_column(justify="left", style="dim")
        shown, clicked = self.behaviour.shown, self.behaviour.clicked
        sources = Counter(str(each.answer["source"]) for each in self.lists)
        table.add_row("lists", f"{len(self.lists):,}", f"for {self.users:,} users, from: {_counts(sources)}")
        table.add_row("items shown", f"{shown.total():,}", f"by {len(self.lists):,} Impressions")
        table.add_row(
            "clicks", f"{clicked.total():,}", f"{clicked.total() / max(1, shown.total()):.1%} of the items shown"
        )
        bought = self.behaviour.bought
        table.add_row("purchases", f"{bought.total():,}", "of clicked items; half of them name the list")
        rates = " · ".join(f"{clicked[position] / count:.0%}" for position, count in sorted(shown.items()))
        table.add_row("by position", "", rates)
        table.add_row("accepted", f"{self.sent.accepted:,}", f"of {len(self.behaviour.events):,} events")
        stages = self.audited.stages
        table.add_row("in the lake", f"{stages[LAKE].found:,}", "Impressions, clicks and purchases")
        table.add_row(
            "at the tracker", f"{stages[TRACKER].found:,}", "clicks and purchases; an Impression is no interaction"
        )
        style = "bold green" if self.unaccounted == 0 else "bold red"
        table.add_row("[bold]unaccounted", f"[{style}]{self.unaccounted:,}", "", end_section=True)
        return table


def print_answers(console: Console, reactions: list[Reaction], titles: Mapping[str, str]) -> None:
    """Print each user's recommendations before and after their clicks."""
    for reaction in reactions:
        clicked = ", ".join(_named(item, titles) for item in reaction.clicked)
        latency = (
            f"the answer is the same after {TIMEOUT_SECONDS:.0f} s"
            if reaction.seconds is None
            else f"the answer changed after {reaction.seconds * 1000:,.0f} ms"
        )
        console.print(f"[bold]{reaction.user}[/] clicked {clicked}: [bold]{latency}[/]", soft_wrap=True)
        table = Table()
        for header in ("before", "after", "moved", "because of"):
            table.add_column(header, no_wrap=True, min_width=len("moved"))
        rows = zip(reaction.before, reaction.after, reaction.moves(), reaction.because, strict=False)
        for before, after, moved, reason in rows:
            table.add_row(_named(before, titles), _named(after, titles), moved, _reason(reason, after, titles))
        console.print(table)


def print_verdicts(console: Console, deployments: list[dict[str, Any]]) -> None:
    """Print for each campaign which version it serves and why."""
    table = Table("campaign", "why its version serves")
    for deployment in deployments:
        table.add_row(deployment["CampaignArn"].rpartition("/")[2], deployment["Verdict"]["reason"])
    console.print(table)


def print_list(console: Console, title: str, items: list[str], titles: Mapping[str, str]) -> None:
    """Print a list of items on a line."""
    console.print(f"[bold]{title}[/] {' · '.join(_named(item, titles) for item in items)}", soft_wrap=True)


def print_rows(console: Console, title: str, rows: list[dict[str, Any]]) -> None:
    """Print the rows of a query."""
    console.print(f"[bold]{title}[/]")
    table = Table()
    for column, value in (rows[0] if rows else {"no rows": ""}).items():
        table.add_column(str(column), justify="right" if isinstance(value, Integral) else "left")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, Integral) else str(value) for value in row.values()))
    console.print(table)


def seconds_table(seconds: Mapping[str, float]) -> Table:
    """Return the seconds of each step as a table."""
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for title, duration in seconds.items():
        table.add_row(title, f"{duration:.1f}")
    table.add_row("[bold]in all", f"[bold]{sum(seconds.values()):.1f}")
    return table


def _reason(name: str, shown: str, titles: Mapping[str, str]) -> str:
    kind, _, item = name.partition(":")
    if item == shown:
        return "seen before"
    return _named(item, titles) if kind in {"item", "content"} else name or "-"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def _named(item: str, titles: Mapping[str, str]) -> str:
    text = titles.get(item) or item
    return text if len(text) <= _TITLE_WIDTH else text[: _TITLE_WIDTH - 1] + "…"
