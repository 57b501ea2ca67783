"""Off-policy replay: what a recipe would have earned, told from a log of what another policy showed.

The log must say with which probability each item was shown. Of what the recipe would have shown as well, the rewards
are counted, the more the less likely the old policy was to show it (Horvitz and Thompson, 1952).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model.evaluation.metrics.intervals import Interval, interval_of, resampled_means
from model.recipes.recipe import Query

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from model.recipes.recipe import Recipe

PRIOR_DECISIONS = 20.0  # as many decisions of average reward does an item's own mean have to outweigh


class BadLogError(ValueError):
    """A log cannot be replayed; the message names the line and what is wrong with it."""


@dataclass(frozen=True)
class Decision:
    """One item that was shown to somebody, and what came of it.

    Attributes
    ----------
    history : tuple of str
        Items, newest first.
    item_id : str
        What was shown.
    propensity : float
        With which probability it was, above 0, at most 1.
    reward : float
        Such as 1 for a click.
    candidates : tuple of str
        What could have been shown; empty where any item could.
    moment : int
        Epoch seconds.
    """

    user: str
    history: tuple[str, ...]
    item_id: str
    propensity: float
    reward: float
    candidates: tuple[str, ...] = ()
    moment: int = 0


@dataclass(frozen=True)
class Replay:
    """What a policy would have earned a decision.

    Attributes
    ----------
    logged : Interval
        What the policy that was logged earned.
    ips : Interval
        Inverse propensity scoring: unbiased where every item that the policy shows could have been shown.
    snips : Interval
        The same over the sum of the weights: a little biased, far steadier (Swaminathan and Joachims, 2015).
    dr : Interval
        Doubly robust: a model of the rewards, put right by what was logged (Dudík, Langford and Li, 2011).
    matched : int
        Decisions that the policy would have taken as well, with any probability.
    effective : float
        As how many decisions of equal weight they tell: (Σw)² / Σw².
    mean_weight : float
        About 1 where the log covers what the policy shows; the estimates are worth nothing far below.
    """

    logged: Interval
    ips: Interval
    snips: Interval
    dr: Interval
    decisions: int
    matched: int
    effective: float
    mean_weight: float


def read_decisions(path: Path) -> list[Decision]:
    """Read a log: JSON lines with user, history, item_id, propensity, reward and, if known, candidates and moment."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadLogError(f"{path} cannot be read: {error}") from None
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(_decision(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                raise BadLogError(f"{path.name}, line {number}: {_said(error)}") from None
    if not found:
        raise BadLogError(f"{path.name} holds no decision")
    return found


def replay(recipe: Recipe, decisions: list[Decision], depth: int = 1) -> Replay:
    """Estimate what a recipe would earn that shows one of its first `depth` items, each as likely as the others."""
    place_of = {item: place for place, item in enumerate(recipe.item_ids)}
    shown = [_shown(recipe, place_of, one, depth) for one in decisions]
    target = np.array(
        [1 / len(items) if one.item_id in items else 0.0 for one, items in zip(decisions, shown, strict=True)]
    )
    return estimate(decisions, target, shown)


def estimate(decisions: list[Decision], target: NDArray[np.float64], shown: list[list[str]]) -> Replay:
    """Estimate what a policy would earn.

    Parameters
    ----------
    target : float array of shape (decisions,)
        With which probability the policy would have shown the logged item.
    shown : list of lists of str
        What the policy would have shown, each of a list as likely as the others.
    """
    rewards = np.array([one.reward for one in decisions])
    weights = target / np.array([one.propensity for one in decisions])
    of_logged, of_target = _expected(decisions, shown)
    table = np.stack(
        [rewards, weights * rewards, weights, of_target + weights * (rewards - of_logged)],
        axis=1,
    )
    means = resampled_means(table, [one.user for one in decisions])
    logged, ips, weight, dr = table.mean(axis=0).tolist()
    squares = float((weights**2).sum())
    return Replay(
        logged=interval_of(logged, means[:, 0]),
        ips=interval_of(ips, means[:, 1]),
        snips=interval_of(ips / weight if weight else math.nan, _ratio(means[:, 1], means[:, 2])),
        dr=interval_of(dr, means[:, 3]),
        decisions=len(decisions),
        matched=int(np.count_nonzero(target)),
        effective=float(weights.sum()) ** 2 / squares if squares else 0.0,
        mean_weight=weight,
    )


def _shown(recipe: Recipe, place_of: dict[str, int], decision: Decision, depth: int) -> list[str]:
    allowed = None
    if decision.candidates:
        allowed = np.zeros(len(place_of), np.bool_)
        allowed[[place_of[item] for item in decision.candidates if item in place_of]] = True
    query = Query(
        history=decision.history,
        item_id=decision.history[0] if decision.history else None,
        user=decision.user,
        now=decision.moment,
        allowed=allowed,
    )
    return [one.item_id for one in recipe.recommend(query, depth)]


def _expected(decisions: list[Decision], shown: list[list[str]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the reward that each item's mean predicts: of what was logged, and of what the policy would show.

    Each half of the decisions is predicted from the other half, so that no reward predicts itself.
    """
    half = np.arange(len(decisions)) % 2
    of_logged, of_target = np.zeros(len(decisions)), np.zeros(len(decisions))
    for fold in (0, 1):
        usual, mean_of = _means([one for one, side in zip(decisions, half.tolist(), strict=True) if side != fold])
        for place in np.flatnonzero(half == fold).tolist():
            of_logged[place] = mean_of.get(decisions[place].item_id, usual)
            items = shown[place]
            of_target[place] = sum(mean_of.get(item, usual) for item in items) / len(items) if items else 0.0
    return of_logged, of_target


def _means(decisions: list[Decision]) -> tuple[float, dict[str, float]]:
    usual = sum(one.reward for one in decisions) / max(1, len(decisions))
    sums: dict[str, tuple[float, int]] = {}
    for one in decisions:
        total, count = sums.get(one.item_id, (0.0, 0))
        sums[one.item_id] = (total + one.reward, count + 1)
    return usual, {
        item: (total + PRIOR_DECISIONS * usual) / (count + PRIOR_DECISIONS) for item, (total, count) in sums.items()
    }


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = np.divide(above, below, out=np.full(above.size, np.nan), where=below > 0)
    return result


def _decision(row: dict[str, Any]) -> Decision:
    propensity, reward = float(row["propensity"]), float(row["reward"])
    if not 0 < propensity <= 1:
        raise ValueError(f"propensity {propensity} is no probability with which an item was shown (0 to 1, not 0)")
    if not math.isfinite(reward):
        raise ValueError(f"reward {reward} is not finite")
    return Decision(
        str(row["person"]),
        tuple(str(item) for item in row.get("history") or ()),
        str(row["item_id"]),
        propensity,
        reward,
        tuple(str(item) for item in row.get("candidates") or ()),
        int(row.get("moment") or 0),
    )


def _said(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
