"""The judge's decision: the version to serve, the reason, and the drift of the data."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from backend.judge.drift import detect_drift
from backend.judge.verdict import MeasuredVersion, Rules, judge

if TYPE_CHECKING:
    from collections.abc import Mapping


def decide(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the decision for an event of the state machine.

    Parameters
    ----------
    event
        `rules` (metrics, slices), `challenger` and `champion` (version, metrics; the champion is empty where nothing
        serves), `record` (version and profile that were recorded when a champion was deployed; empty where none was)
        and `profile` of the data sets that the challenger was trained on.

    Returns
    -------
    dict
        kept ("champion" or "challenger"), version, reason, comparisons, and drift (found, reason, measures).
    """
    latest, record, serving = event["profile"], event["record"], event["champion"]
    # The record is of another version where one was deployed by hand since.
    known = record["profile"] if serving and record.get("version") == serving["version"] else None
    challenger = MeasuredVersion(**event["challenger"], users=_users(latest))
    champion = MeasuredVersion(**serving, users=_users(known or latest)) if serving else None
    verdict = judge(champion, challenger, Rules(**event["rules"]))
    drift = detect_drift(known, latest)
    kept = champion if champion and verdict.kept == "champion" else challenger
    reason = verdict.reason
    if drift.found and kept is champion:
        reason += f" The champion's metrics are of another time, so check this decision. {drift.reason}"
    return {
        "kept": verdict.kept,
        "version": kept.version,
        "reason": reason,
        "comparisons": [asdict(comparison) for comparison in verdict.comparisons],
        "drift": {
            "found": drift.found,
            "reason": drift.reason,
            "measures": [asdict(measure) for measure in drift.measures],
        },
    }


def _users(profile: Mapping[str, Any]) -> int:
    users: int = profile["trained"]["users_with_two"]
    return users
