"""Chooses the weights of the parts of a user's scores: those that rank held-out events best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from model.arrays.top_k import top_k
from model.recipes.graph_filter.settings import FilterSettings
from model.recipes.hold_out import hold_out
from model.recipes.item_to_item.choose_transition_settings import LIST, choose_transition_settings
from model.recipes.item_to_item.transition_counts import NEAR
from model.recipes.personalization.score_parts import FALLBACK, LATEST, PARTS, SAME_FOR_ALL_USERS, scale_seen
from model.recipes.personalization.user_scorer import UserScorer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.training_data import TrainingData
    from model.recipes.hold_out import HeldOut
    from model.recipes.item_to_item.transition_counts import TransitionSettings

EXPONENTS, SHRINKAGES, QUERY_DECAYS = (0.5, 0.25), (5.0, 20.0), (0.8, 0.6)  # of transitions, to try
CANDIDATES = 50  # top items of each part; others reach no list
ROUNDS = 3  # of coordinate ascent over all weights
MIN_GAIN = 1.002  # factor by which the NDCG must improve for a change; less is noise
MIN_FILTER_GAIN = 1.02  # for the graph filter, which takes ten times the time and memory of all other parts
SPACE_SHARE = 0.7  # of the NDCG of transitions alone that item embeddings must reach for the filter to be tried
# Singular vectors of the filter on the hold-out: half of the time of all, enough to see whether the filter helps.
TRIAL_SINGULAR_VECTORS = 256
MAX_ITEMS = 100_000  # for more, the filter takes gigabytes
START = {
    "transitions": 1.0,
    "space": 0.3,
    "popularity": 0.1,
    "kept_latest": FALLBACK["kept_latest"],
    "kept": FALLBACK["kept"],
}
TRIALS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5)  # of a part's weight
SEEN_WEIGHTS = ("kept_latest", "kept")
SEEN_FACTORS = (0.1, 0.3, 1.0)  # factors for the score of an item of the history
# Share of held-out events that must repeat one of the latest items before these may keep their scores: a list of items
# just seen is poor even where a few users return to them.
MIN_REPEAT_SHARE = 0.1
LIFT_WEIGHTS = (0.0, 0.5, 1.0)  # of context, and of user features, for users with a history


@dataclass(frozen=True)
class Candidates:
    """The values of the parts for the candidate items of each held-out event.

    Attributes
    ----------
    values : float32 array of shape (questions, items, parts)
        At most one; the first item is the target, and padding is -1.
    names : tuple of str
        Of the parts.
    latest, before : bool arrays of shape (questions, items)
        Whether an item is among the latest of the history, or further back in it.
    """

    values: NDArray[np.float32]
    names: tuple[str, ...]
    latest: NDArray[np.bool_]
    before: NDArray[np.bool_]

    def gain(self, weights: Mapping[str, float]) -> float:
        """Return the mean discounted gain (NDCG) of the targets.

        Parameters
        ----------
        weights : mapping
            By part, and `kept_latest` and `kept`.
        """
        scores = self.values @ np.array([weights.get(name, 0.0) for name in self.names], np.float32)
        scores[self.latest] *= np.float32(weights["kept_latest"])
        scores[self.before] *= np.float32(weights["kept"])
        wanted = scores[:, :1]
        ranks = (scores > wanted).sum(axis=1) + ((scores == wanted).sum(axis=1) + 1) // 2
        ranked = (ranks <= LIST) & (wanted[:, 0] > 0)
        return float((1 / np.log2(1 + ranks[ranked])).sum()) / len(scores)


def choose_weights(data: TrainingData) -> dict[str, float]:
    """Choose the weights, by the keys of `FALLBACK`, with the highest NDCG on a hold-out.

    The graph filter is tried where it may help, and chosen where it improves the NDCG.
    """
    older, questions, in_order = hold_out(data)
    fallback = {**FALLBACK, "in_order": float(in_order)}
    if not questions:
        return fallback
    settings = choose_transition_settings(older.interactions, questions, _transition_trials(in_order))
    transitions = {name: getattr(settings, name) for name in ("exponent", "shrinkage", "query_decay")}
    scorer = UserScorer.fit(older, {**fallback, **transitions})
    candidates = collect_candidates(scorer, questions)
    chosen, best_gain = _ascend(candidates, START)
    if len(scorer.item_ids) <= MAX_ITEMS and _predicts_without_order(candidates):
        scorer.fit_graph_filter(older.interactions, FilterSettings(directions=TRIAL_SINGULAR_VECTORS))
        weights_with_filter, gain = _ascend(collect_candidates(scorer, questions), {**START, "filter": 1.0})
        if gain > best_gain * MIN_FILTER_GAIN:
            chosen = weights_with_filter
    return _choose_lifts(scorer, questions, {**fallback, **transitions, **chosen}) if chosen else fallback


def _transition_trials(in_order: bool) -> list[TransitionSettings]:
    """Return the transition settings to try; without an order of events, all items of a history weigh the same."""
    decays = QUERY_DECAYS if in_order else (1.0,)
    return [
        replace(NEAR, exponent=exponent, shrinkage=shrinkage, query_decay=decay)
        for exponent, shrinkage, decay in product(EXPONENTS, SHRINKAGES, decays)
    ]


def _predicts_without_order(candidates: Candidates) -> bool:
    """Return whether co-occurrence predicts nearly as well as sequence order.

    The graph filter takes longer than all other parts. Where sequence order predicts better, it has never added
    anything.
    """
    kept = {"kept_latest": FALLBACK["kept_latest"], "kept": FALLBACK["kept"]}
    alone = {name: candidates.gain({**kept, name: 1.0}) for name in ("next", "transitions", "space")}
    return alone["space"] > SPACE_SHARE * max(alone["next"], alone["transitions"])


def collect_candidates(scorer: UserScorer, questions: Sequence[HeldOut]) -> Candidates:
    """Compute all parts for every held-out event and keep the values of the candidate items."""
    all_parts = dict.fromkeys(PARTS, 1.0)
    popular: list[NDArray[np.int64]] = []
    names: tuple[str, ...] = ()
    rows: list[tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]] = []
    for history, target, _ in questions:
        parts = scorer.parts(history, all_parts)
        names = tuple(name for name in PARTS if name in parts.values)
        popular = popular or [top_k(parts.values[name], CANDIDATES) for name in SAME_FOR_ALL_USERS]
        own_candidates = [_highest(parts.values[name]) for name in names if name not in {*SAME_FOR_ALL_USERS, "repeat"}]
        others = {*np.concatenate([*popular, *own_candidates]).tolist(), *history} - {target}
        items = np.array([target, *sorted(others)])
        values = np.stack([parts.values[name][items] * parts.scales[name] for name in names], axis=1)
        latest = np.isin(items, history[:LATEST])
        rows.append((values.astype(np.float32), latest, np.isin(items, history) & ~latest))
    shape = (len(rows), max(len(values) for values, _, _ in rows))
    values = np.full((*shape, len(names)), -1, np.float32)
    latest, before = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for row, (part_values, is_latest, is_older) in enumerate(rows):
        values[row, : len(part_values)] = part_values
        latest[row, : len(part_values)] = is_latest
        before[row, : len(part_values)] = is_older
    return Candidates(values, names, latest, before)


def _highest(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the positions of the highest values above zero; most parts are non-zero for few items."""
    places = np.flatnonzero(values)
    return places if places.size <= CANDIDATES else places[top_k(values[places], CANDIDATES)]


def _ascend(candidates: Candidates, start: Mapping[str, float]) -> tuple[dict[str, float], float]:
    """Improve one weight after the other while the NDCG increases (coordinate ascent).

    Returns the weights (empty where no target is ranked) and their NDCG.
    """
    weights = {**dict.fromkeys(PARTS, 0.0), **start}
    most = candidates.gain(weights)
    returns = float(candidates.latest[:, 0].mean())  # the first item is the target
    changing = (*(SEEN_WEIGHTS if returns >= MIN_REPEAT_SHARE else SEEN_WEIGHTS[1:]), *candidates.names)
    for _ in range(ROUNDS):
        before = dict(weights)
        for name in changing:
            for trial in SEEN_FACTORS if name in SEEN_WEIGHTS else TRIALS:
                changed = {**weights, name: trial}
                gain = candidates.gain(changed)
                if gain > most * MIN_GAIN:
                    weights, most = changed, gain
        if weights == before:
            break
    total = sum(weights[name] for name in PARTS)
    if not most or not total:
        return {}, most
    return {**{name: weights[name] / total for name in PARTS}, **{name: weights[name] for name in SEEN_WEIGHTS}}, most


def _choose_lifts(scorer: UserScorer, questions: Sequence[HeldOut], chosen: dict[str, float]) -> dict[str, float]:
    """Choose the weights of the lifts, one after the other, where the held-out events have context or user features."""
    for name, is_present in (
        ("context", any(question.query.context for question in questions)),
        ("features", any(question.query.user_features for question in questions)),
    ):
        if not is_present:
            continue
        gains = []
        for weight in LIFT_WEIGHTS:
            scorer.weights = (
                {**chosen, "features": 0.0, name: weight} if name == "context" else {**chosen, name: weight}
            )
            gains.append(sum(_gain(scorer, question) for question in questions))
        chosen = {**chosen, name: LIFT_WEIGHTS[int(np.argmax(gains))]}
    return chosen


def _gain(scorer: UserScorer, asked: HeldOut) -> float:
    scores = scorer.score(asked.query, asked.history)
    scale_seen(scores, asked.history, scorer.weights)
    rank = int(np.count_nonzero(scores > scores[asked.target])) + 1
    return float(1 / np.log2(1 + rank)) if rank <= LIST else 0.0
