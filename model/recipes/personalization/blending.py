"""Chooses the weights of the parts of a user's scores: those that rank held-out events best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from model.arrays.top_k import top_k
from model.recipes.graph_filter.score_part import TRIALS as FILTER_TRIALS
from model.recipes.hold_out import hold_out
from model.recipes.item_regression.score_part import MAX_ITEMS as MAX_REGRESSED_ITEMS
from model.recipes.item_to_item.choose_transition_settings import LIST, choose_transition_settings
from model.recipes.item_to_item.transition_counts import NEAR, UNORDERED
from model.recipes.personalization.score_parts import FALLBACK, LATEST, PARTS, SAME_FOR_ALL_USERS, lower_seen
from model.recipes.personalization.user_scorer import UserScorer
from model.recipes.recipe import wants_repeats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions
    from model.datasets.training_data import TrainingData
    from model.recipes.hold_out import HeldOut
    from model.recipes.item_to_item.transition_counts import TransitionSettings

EXPONENTS, SHRINKAGES, QUERY_DECAYS = (0.5, 0.25), (5.0, 20.0), (0.8, 0.6)  # of transitions, to try
CANDIDATES = 50  # top items of each part; others reach no list
ROUNDS = 3  # of coordinate ascent over all weights
MIN_GAIN = 1.002  # factor by which the NDCG must improve for a change; less is noise
# For the regression and the graph filter, which take ten times the time and memory of all other parts.
MIN_PART_GAIN = 1.02
PENALTIES = (100.0, 20.0, 500.0)  # of the regression, to try; the others where the first one helps
TRIAL_REGRESSED_ITEMS = 3_000  # most frequent items: enough to see whether the regression helps
SPACE_SHARE = 0.7  # of the NDCG of transitions alone that item embeddings must reach for the filter to be tried
# Singular vectors of the filter on the hold-out: half of the time of all, enough to see whether the filter helps.
TRIAL_SINGULAR_VECTORS = 256
MAX_FILTERED_ITEMS = 100_000  # for more, the filter takes gigabytes
START = {
    "transitions": 1.0,
    "space": 0.3,
    "popularity": 0.1,
    "kept_latest": FALLBACK["kept_latest"],
    "kept": FALLBACK["kept"],
}
TRIALS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5)  # of a part's weight
SEEN_WEIGHTS = ("kept_latest", "kept")
REPEAT_WEIGHTS = (*SEEN_WEIGHTS, "repeat")  # which count only in lists that show items again
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
        Whether an item is among the latest of the history, or was seen before.
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

    Where the solution does not ask for repeats, only events with items that were new to the user count, ranked among
    such items; then, for queries that ask for repeats, the weights of repeated items are chosen on all events. The
    graph filter and the regression are tried where they may help, and chosen where they improve the NDCG.
    """
    older, held_out, in_order = hold_out(data)
    repeats = wants_repeats(data.parameters)
    fallback = {**FALLBACK, "in_order": float(in_order), "repeats": float(repeats)}
    questions = held_out if repeats else [question for question in held_out if question.is_new]
    if not questions:
        return fallback
    settings = choose_transition_settings(older.interactions, questions, _transition_trials(in_order))
    transitions = {name: getattr(settings, name) for name in ("exponent", "shrinkage", "query_decay")}
    scorer = UserScorer.fit(older, {**fallback, **transitions})
    candidates = collect_candidates(scorer, questions, repeats=repeats)
    chosen, best_gain = _ascend(candidates, START)
    if len(scorer.item_ids) <= MAX_FILTERED_ITEMS and (not in_order or _predicts_without_order(candidates)):
        with_filter, gain = _choose_filter(scorer, older.interactions, questions, repeats=repeats)
        if gain > best_gain * MIN_PART_GAIN:
            chosen, best_gain = with_filter, gain
        else:
            scorer.remove_graph_filter()
    if len(older.interactions.item_ids) <= MAX_REGRESSED_ITEMS:
        start = {**chosen, "ridge": chosen["filter"]} if chosen.get("filter") else {**START, "ridge": 1.0}
        with_regression, gain = _choose_regression(
            scorer, older.interactions, questions, start, best_gain, repeats=repeats
        )
        if gain > best_gain * MIN_PART_GAIN:
            chosen = {**chosen, **with_regression}
        else:
            scorer.remove_regression()
    if not chosen:
        return fallback
    if len(questions) < len(held_out):
        with_repeats = collect_candidates(scorer, held_out, repeats=True)
        chosen |= _ascend(with_repeats, chosen, REPEAT_WEIGHTS)[0]
    return _choose_lifts(scorer, questions, {**fallback, **transitions, **chosen})


def _choose_filter(
    scorer: UserScorer, older: Interactions, questions: Sequence[HeldOut], *, repeats: bool
) -> tuple[dict[str, float], float]:
    """Fit the graph filter with the settings that rank the held-out events best; return the weights and their NDCG.

    The last settings are preferred, unless others are better by `MIN_PART_GAIN`.
    """
    best, best_weights, most = FILTER_TRIALS[-1], dict[str, float](), 0.0
    for trial in FILTER_TRIALS:
        scorer.fit_graph_filter(older, replace(trial, directions=TRIAL_SINGULAR_VECTORS))
        candidates = collect_candidates(scorer, questions, repeats=repeats)
        weights, gain = _ascend(candidates, {**START, "filter": 1.0})
        if gain * MIN_PART_GAIN > most:
            best, best_weights, most = trial, weights, gain
    if best != FILTER_TRIALS[-1]:
        scorer.fit_graph_filter(older, replace(best, directions=TRIAL_SINGULAR_VECTORS))
    return {**best_weights, "item_power": best.item_power, "ideal_weight": best.ideal_weight}, most


def _choose_regression(
    scorer: UserScorer,
    older: Interactions,
    questions: Sequence[HeldOut],
    start: Mapping[str, float],
    most: float,
    *,
    repeats: bool,
) -> tuple[dict[str, float], float]:
    """Fit the regression with the penalty that ranks the held-out events best; return the weights and their NDCG.

    `most` is the NDCG without it; where the first penalty does not improve it, the weights are empty.
    """
    best: dict[str, float] = {}
    for penalty in PENALTIES:
        scorer.fit_regression(older, penalty, TRIAL_REGRESSED_ITEMS)
        weights, gain = _ascend(collect_candidates(scorer, questions, repeats=repeats), start)
        if gain > most * MIN_GAIN:
            best, most = {**weights, "penalty": penalty}, gain
        if not best:
            break
    if best.get("penalty", penalty) != penalty:
        scorer.fit_regression(older, best["penalty"], TRIAL_REGRESSED_ITEMS)
    return best, most


def _transition_trials(in_order: bool) -> list[TransitionSettings]:
    """Return the transition settings to try; without an order of events, all items of a history weigh the same."""
    base, decays = (NEAR, QUERY_DECAYS) if in_order else (UNORDERED, (UNORDERED.query_decay,))
    return [
        replace(base, exponent=exponent, shrinkage=shrinkage, query_decay=decay)
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


def collect_candidates(scorer: UserScorer, questions: Sequence[HeldOut], *, repeats: bool) -> Candidates:
    """Compute all parts for every held-out event and keep the values of the candidate items.

    With `repeats`, items that the user has seen are candidates; else only the others are.
    """
    all_parts = {**dict.fromkeys(PARTS, 1.0), "next": scorer.weights["in_order"], "repeat": float(repeats)}
    most_seen = 0 if repeats else max(question.seen.size for question in questions)
    popular: list[NDArray[np.int64]] = []
    names: tuple[str, ...] = ()
    rows: list[tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]] = []
    for history, seen, target, _ in questions:
        parts = scorer.parts(history, all_parts)
        names = tuple(name for name in PARTS if name in parts.values)
        popular = popular or [top_k(parts.values[name], CANDIDATES + most_seen) for name in SAME_FOR_ALL_USERS]
        hidden = seen[:0] if repeats else seen
        own_candidates = [
            _highest(parts.values[name], hidden) for name in names if name not in {*SAME_FOR_ALL_USERS, "repeat"}
        ]
        popular_candidates = [places[~np.isin(places, hidden)][:CANDIDATES] for places in popular]
        others = {*np.concatenate([*popular_candidates, *own_candidates]).tolist(), *(history if repeats else ())}
        items = np.array([target, *sorted(others - {target})])
        values = np.stack([parts.values[name][items] * parts.scales[name] for name in names], axis=1)
        latest = np.isin(items, history[:LATEST])
        rows.append((values.astype(np.float32), latest, np.isin(items, seen) & ~latest))
    shape = (len(rows), max(len(values) for values, _, _ in rows))
    values = np.full((*shape, len(names)), -1, np.float32)
    latest, before = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for row, (part_values, is_latest, is_older) in enumerate(rows):
        values[row, : len(part_values)] = part_values
        latest[row, : len(part_values)] = is_latest
        before[row, : len(part_values)] = is_older
    return Candidates(values, names, latest, before)


def _highest(values: NDArray[np.float32], hidden: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the positions of the highest values above zero, without hidden items; most parts are non-zero for few."""
    places = np.flatnonzero(values)
    places = places[~np.isin(places, hidden)] if hidden.size else places
    return places if places.size <= CANDIDATES else places[top_k(values[places], CANDIDATES)]


def _ascend(
    candidates: Candidates, start: Mapping[str, float], only: Sequence[str] = ()
) -> tuple[dict[str, float], float]:
    """Improve one weight after the other while the NDCG increases (coordinate ascent).

    Parameters
    ----------
    only : sequence of str, optional
        Weights to change, while the others stay as they are; by default, all.

    Returns
    -------
    weights, NDCG
        The weights of the parts sum to one, unless `only` some are changed; they are empty where no target is ranked.
    """
    weights = {**dict.fromkeys(PARTS, 0.0), **start}
    most = candidates.gain(weights)
    returns = float(candidates.latest[:, 0].mean())  # the first item is the target
    changing = [*(SEEN_WEIGHTS if returns >= MIN_REPEAT_SHARE else SEEN_WEIGHTS[1:]), *candidates.names]
    if only:
        changing = [name for name in changing if name in only]
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
    total = 1.0 if only else sum(weights[name] for name in PARTS)
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
        most, best = 0.0, LIFT_WEIGHTS[0]
        for weight in LIFT_WEIGHTS:
            scorer.weights = (
                {**chosen, "features": 0.0, name: weight} if name == "context" else {**chosen, name: weight}
            )
            gain = sum(_gain(scorer, question) for question in questions)
            if gain > most * MIN_GAIN:
                most, best = gain, weight
        chosen = {**chosen, name: best}
    return chosen


def _gain(scorer: UserScorer, asked: HeldOut) -> float:
    scores = scorer.score(asked.query, asked.history)
    lower_seen(scores, asked.history, asked.seen, scorer.weights, scorer.repeats)
    rank = int(np.count_nonzero(scores > scores[asked.target])) + 1
    return float(1 / np.log2(1 + rank)) if rank <= LIST else 0.0
