"""Costs as tables: by service, per million, the difference that a plan makes, and break-evens."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from deployment.cost.prices import BASE_REGION
from deployment.cost.services import needed_shards, price_campaigns, price_engine, training_days, trainings_a_month
from deployment.cost.stack import Campaign
from deployment.cost.traffic import SECONDS, Traffic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from deployment.cost.prices import Prices
    from deployment.cost.stack import Stack

NOTHING = 0.005  # USD that are printed as zero


def print_costs(costs: Mapping[str, float], traffic: Traffic, prices: Prices, *, markdown: bool) -> None:
    """Print the cost of each service, their sum, and per million events and recommendations."""
    rows = [(name, f"{cost:,.2f}") for name, cost in costs.items() if cost >= NOTHING]
    total = sum(costs.values())
    rows.append(("**Total**" if markdown else "Total", f"{total:,.2f}"))
    for name, number in (("events", traffic.events), ("recommendations", traffic.recommendations)):
        if number:
            rows.append((f"All of it per million {name}", f"{total / number * 1e6:,.2f}"))
    _print_table(("USD a month", ""), rows, markdown=markdown)
    _print_table(("Break-even", ""), list(_break_evens(prices)), markdown=markdown)
    _print_doubts(prices)


def print_difference(
    before: Mapping[str, float], after: Mapping[str, float], traffic: str, prices: Prices, *, markdown: bool
) -> None:
    """Print what a plan changes at the same traffic, service by service."""
    both = {"Total": (sum(before.values()), sum(after.values()))} | {
        name: (before[name], after[name]) for name in after if max(before[name], after[name]) >= NOTHING
    }
    rows = [(name, f"{old:,.2f}", f"{new:,.2f}", _signed(new - old)) for name, (old, new) in both.items()]
    _print_table((f"USD a month, traffic {traffic}", "before", "after", "change"), rows, markdown=markdown)
    _print_doubts(prices)


def print_basis(traffic: Traffic, stack: Stack, prices: Prices) -> None:
    """Print the region of the prices, the trainings that were counted, and a stream that is too small for the peak."""
    lines = [f"Prices of {prices.region}"]
    if others := prices.of_another_region():
        lines[0] += f"; for {others} of {len(prices.used)} only that of {BASE_REGION} is known"
    if traffic.events and stack.trainings.v2 + stack.trainings.classic:
        by_hand = ", assumed since none is scheduled" if _is_unscheduled(traffic, stack) else ""
        number, days = trainings_a_month(traffic, stack), training_days(traffic, stack)
        lines.append(f"Trainings: {number:.1f} a month of the events of {days:g} days{by_hand}")
    needed = needed_shards(traffic)
    if stack.shards is not None and needed > stack.shards:
        peak = traffic.events_per_second * traffic.peak_factor
        lines.append(
            f"Too small: {peak:,.0f} events/s at the peak need {needed} shards, but stream_shards is {stack.shards}, "
            "which is what is priced: Kinesis refuses the rest"
        )
    sys.stdout.write("".join(f"{line}.\n" for line in lines))


def _is_unscheduled(traffic: Traffic, stack: Stack) -> bool:
    return traffic.trainings is None and stack.trainings.a_month is None


def _break_evens(prices: Prices) -> Iterable[tuple[str, str]]:
    engine = price_engine(prices)
    yield "Our engine, two tasks of 1 vCPU and 4 GB behind a load balancer, USD a month", f"{engine:,.2f}"
    for name, is_v2 in (("v2 recipe", True), ("classic recipe", False)):
        campaign = price_campaigns(Traffic(), (Campaign("", is_v2, 1.0),), prices)
        yield f"A campaign of a {name} without requests, USD a month", f"{campaign:,.2f}"
    per_request = prices.cost("personalize_v2_request", 1)
    yield (
        "Requests of a v2 campaign a month from which our engine is cheaper, if none were provisioned",
        (f"{engine / per_request:,.0f}"),
    )
    yield "Users for whom a daily batch costs as much as an idle v2 campaign", f"{SECONDS / 730 * 24:,.0f}"


def _signed(change: float) -> str:
    return "0.00" if abs(change) < NOTHING else f"{change:+,.2f}"


def _print_doubts(prices: Prices) -> None:
    if doubtful := prices.doubtful():
        sys.stdout.write(f"\nThe least certain prices of these figures: {', '.join(doubtful)}.\n")


def _print_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> None:
    if markdown:
        lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
        sys.stdout.write("\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n\n")
        return
    widths = [max(len(line[column]) for line in (header, *rows)) for column in range(len(header))]
    for line in (header, *rows):
        first, *others = line
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    sys.stdout.write("\n")
