"""The judge's whole answer: which version is to serve, why, and how far the world has moved."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from backend.judge.drift import look_for_drift
from backend.judge.verdict import Measured, Rules, judge

if TYPE_CHECKING:
    from collections.abc import Mapping


def answer_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Judge what the state machine asks.

    Parameters
    ----------
    event
        `rules` (metrics, slices), `challenger` and `champion` (version, metrics; the champion empty where nothing
        serves), `record` (what was noted when a champion was deployed: version, profile; empty where nothing was) and
        `profile` of the data sets that the challenger was trained on.

    Returns
    -------
    dict
        kept ("champion" or "challenger"), version, reason, comparisons, and drift (found, reason, measures).
    """
    newest, record, serving = event["profile"], event["record"], event["champion"]
    # Somebody may have deployed by hand since: the note is then of another version.
    known = record["profile"] if serving and record.get("version") == serving["version"] else None
    challenger = Measured(**event["challenger"], users=_users(newest))
    champion = Measured(**serving, users=_users(known or newest)) if serving else None
    verdict = judge(champion, challenger, Rules(**event["rules"]))
    drift = look_for_drift(known, newest)
    kept = champion if champion and verdict.kept == "champion" else challenger
    reason = verdict.reason
    if drift.found and kept is champion:
        reason += f" The champion was measured in another time, so look before you leave it at that. {drift.reason}"
    return {
        "kept": verdict.kept,
        "version": kept.version,
        "reason": reason,
        "comparisons": [asdict(one) for one in verdict.comparisons],
        "drift": {
            "found": drift.found,
            "reason": drift.reason,
            "measures": [asdict(one) for one in drift.measures],
        },
    }


def _users(profile: Mapping[str, Any]) -> int:
    users: int = profile["trained"]["users_with_two"]
    return users
