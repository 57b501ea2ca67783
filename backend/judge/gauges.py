"""Measures of the models that serve, for alarms: their age, and how a new version compares with them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from backend.judge.verdict import WHOLE

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS_PER_HOUR = 3600


def model_age_hours(event: Mapping[str, Any], decision: Mapping[str, Any], now: datetime) -> float | None:
    """Return the hours since the last event that the kept version was trained on; None where that is unknown."""
    profile = event["profile"]
    if decision["kept"] == "champion":
        record = event["record"]
        # The record is of another version where one was deployed by hand since.
        profile = record["profile"] if record.get("version") == decision["version"] else None
    until = profile and profile["trained"]["until"]
    if not until:
        return None
    return (now - datetime.fromisoformat(until)).total_seconds() / _SECONDS_PER_HOUR


def accuracy_drop_percent(decision: Mapping[str, Any]) -> float | None:
    """Return how much less accurate the challenger is than the champion; negative for a gain, None without both."""
    for comparison in decision["comparisons"]:
        if comparison["where"] == WHOLE and comparison["champion"] > 0:
            return float(100 * (1 - comparison["challenger"] / comparison["champion"]))
    return None
