"""Curates the lake, and answers an analyst's questions about what the demonstration did."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployment.workflow import follow

if TYPE_CHECKING:
    import pandas as pd

    from data.analysis import Lake
    from deployment.workflow import Progress

REGIONS, ITEMS_PER_REGION, POSITIONS = 2, 3, 5


def curate(stepfunctions: Any, state_machine_arn: str, bar: Progress) -> None:
    """Curate the whole lake by its state machine; raises as `follow` does."""
    bar.show(note="a Spark job")
    # The name of an execution is unique for 90 days.
    name = f"demo-{time.time_ns() // 1_000_000}"
    started = stepfunctions.start_execution(stateMachineArn=state_machine_arn, name=name, input="{}")
    follow(stepfunctions, started["executionArn"], bar)


@dataclass(frozen=True)
class Answer:
    """A question and the rows that answer it."""

    question: str
    rows: list[dict[str, Any]]


def ask(lake: Lake) -> list[Answer]:
    """Return the answers to an analyst's questions, by the views of the curated lake."""
    return [
        Answer("Where do visits end? (visits and items, each step after the one before)", _funnel(lake)),
        Answer("Which positions are clicked? (of the items seen, by model)", _click_through(lake)),
        Answer("What do recommendations earn? (purchases by how they are attributed)", _value(lake)),
        Answer("What do regions have in common? (users with the item, of a sample of at most 50)", _affinity(lake)),
    ]


def _funnel(lake: Lake) -> list[dict[str, Any]]:
    funnel = lake.view("funnel", variant="same_item")
    steps = funnel[["entered", "viewed", "clicked", "added", "bought"]].sum()
    shares = [f"{count / max(1, steps.iloc[0]):.1%}" for count in steps]
    return [
        {"step": step, "count": int(count), "of entered": share}
        for (step, count), share in zip(steps.items(), shares, strict=True)
    ]


def _click_through(lake: Lake) -> list[dict[str, Any]]:
    seen = lake.view("ctr")
    seen = seen[seen["position"] <= POSITIONS]
    sums = seen.groupby(["model", "position"])[["exposures", "clicked"]].sum().reset_index()
    return [
        {
            "model": _name(row["model"]),
            "position": int(row["position"]),
            "seen": int(row["exposures"]),
            "clicked": int(row["clicked"]),
            "rate": f"{row['clicked'] / row['exposures']:.1%}",
        }
        for row in _records(sums)
    ]


def _value(lake: Lake) -> list[dict[str, Any]]:
    value = lake.view("recommendation_value", event_type="Purchase")
    value = value.assign(model=value["model"].fillna(""))
    sums = value.groupby(["attributed_by", "model", "is_seen"])[["conversions", "value"]].sum().reset_index()
    total = float(sums["value"].sum()) or 1.0
    return [
        {
            "attributed by": row["attributed_by"] + (", but seen" if row["is_seen"] else ""),
            "model": _name(row["model"]),
            "purchases": int(row["conversions"]),
            "revenue": f"{row['value']:,.2f}",
            "share": f"{row['value'] / total:.1%}",
        }
        for row in _records(sums)
    ]


def _affinity(lake: Lake) -> list[dict[str, Any]]:
    affinity = lake.view("regional_affinity").sort_values(["match_rate", "item_id"], ascending=[False, True])
    largest = affinity.groupby("region")["sampled"].max().sort_values(ascending=False).index[:REGIONS]
    return [
        {
            "region": row["region"],
            "item": row["item_id"],
            "users": f"{row['users']} of {row['sampled']}",
            "match rate": f"{row['match_rate']:.0%}",
            "affinity": row["affinity"],
        }
        for region in sorted(largest)
        for row in _records(affinity[affinity["region"] == region].head(ITEMS_PER_REGION))
    ]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _name(model: str) -> str:
    return model.rpartition("/")[2] or "-"
