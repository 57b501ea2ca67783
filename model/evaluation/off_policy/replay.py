"""Off-policy evaluation: estimates the reward of a recipe from the log of another policy.

The log must hold the propensity of each shown item. Rewards of items that the recipe shows as well are weighted by
the inverse propensity (Horvitz and Thompson, 1952).
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

PRIOR_DECISIONS = 20.0  # decisions of mean reward that an item's own mean is shrunk with


class BadLogError(ValueError):
    """A log cannot be replayed; the message names the line and its error."""


@dataclass(frozen=True)
class Decision:
    """An item that was shown to a user, and its reward.

    Attributes
    ----------
    history : tuple of str
        Items, latest first.
    propensity : float
        Probability with which it was shown, above 0, at most 1.
    reward : float
        Such as 1 for a click.
    candidates : tuple of str
        The items that could have been shown; empty for all items.
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
    """Estimates of a policy's mean reward per decision.

    Attributes
    ----------
    logged : Interval
        Mean reward of the logged policy.
    ips : Interval
        Inverse propensity scoring: unbiased if the log could have shown every item that the policy shows.
    snips : Interval
        Self-normalised IPS: slightly biased, much lower variance (Swaminathan and Joachims, 2015).
    dr : Interval
        Doubly robust: a reward model, corrected by the logged rewards (Dudík, Langford and Li, 2011).
    matched : int
        Decisions whose item the policy shows with a probability above 0.
    effective : float
        Effective sample size, (Σw)² / Σw².
    mean_weight : float
        About 1 where the log covers the policy; the estimates are invalid where it is far from 1.
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
    decisions = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                decisions.append(_decision(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                raise BadLogError(f"{path.name}, line {number}: {_describe(error)}") from None
    if not decisions:
        raise BadLogError(f"{path.name} holds no decision")
    return decisions


def replay(recipe: Recipe, decisions: list[Decision], depth: int = 1) -> Replay:
    """Estimate the reward of a policy that shows one of the recipe's first `depth` items, uniformly at random."""
    place_of = {item: place for place, item in enumerate(recipe.item_ids)}
    shown = [_shown(recipe, place_of, decision, depth) for decision in decisions]
    target = np.array(
        [1 / len(items) if one.item_id in items else 0.0 for one, items in zip(decisions, shown, strict=True)]
    )
    return estimate(decisions, target, shown)


def estimate(decisions: list[Decision], target: NDArray[np.float64], shown: list[list[str]]) -> Replay:
    """Estimate the reward of a policy.

    Parameters
    ----------
    target : float array of shape (decisions,)
        Probability that the policy shows the logged item.
    shown : list of lists of str
        The items that the policy shows with equal probability, for each decision.
    """
    rewards = np.array([decision.reward for decision in decisions])
    weights = target / np.array([decision.propensity for decision in decisions])
    of_logged, of_target = _expected(decisions, shown)
    table = np.stack(
        [rewards, weights * rewards, weights, of_target + weights * (rewards - of_logged)],
        axis=1,
    )
    means = resampled_means(table, [decision.user for decision in decisions])
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
    return [entry.item_id for entry in recipe.recommend(query, depth)]


def _expected(decisions: list[Decision], shown: list[list[str]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the predicted rewards of the logged items, and of the items that the policy shows.

    Each half of the decisions is predicted from the other half (cross-fitting), so that no reward predicts itself.
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
    usual = sum(decision.reward for decision in decisions) / max(1, len(decisions))
    sums: dict[str, tuple[float, int]] = {}
    for decision in decisions:
        total, count = sums.get(decision.item_id, (0.0, 0))
        sums[decision.item_id] = (total + decision.reward, count + 1)
    return usual, {
        item: (total + PRIOR_DECISIONS * usual) / (count + PRIOR_DECISIONS) for item, (total, count) in sums.items()
    }


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = np.divide(above, below, out=np.full(above.size, np.nan), where=below > 0)
    return result


def _decision(row: dict[str, Any]) -> Decision:
    propensity, reward = float(row["propensity"]), float(row["reward"])
    if not 0 < propensity <= 1:
        raise ValueError(f"propensity {propensity} is not the probability of a shown item (above 0, at most 1)")
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


def _describe(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
