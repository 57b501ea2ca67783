"""How much each part of a user's scores weighs: what finds the events that are held out best."""

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

EXPONENTS, SHRINKAGES, QUERY_DECAYS = (0.5, 0.25), (5.0, 20.0), (0.8, 0.6)  # of steps, to be tried
CANDIDATES = 50  # of each part; what none has among these is in no list
ROUNDS = 3  # through all weights
MIN_GAIN = 1.002  # by how much better the gain must be for a change; less is noise
MIN_FILTER_GAIN = 1.02  # the same for the graph filter, which takes as much time and room as all else ten times over
SPACE_SHARE = 0.7  # of what the steps find by themselves, from which on the filter is tried
# Singular vectors of the filter on the hold-out: half of the time of all, enough to see whether the filter helps.
TRIAL_SINGULAR_VECTORS = 256
MAX_ITEMS = 100_000  # of more, the filter takes gigabytes
START = {
    "transitions": 1.0,
    "space": 0.3,
    "popularity": 0.1,
    "kept_latest": FALLBACK["kept_latest"],
    "kept": FALLBACK["kept"],
}
TRIALS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5)  # of a part's weight, against the others
SEEN_WEIGHTS = ("kept_latest", "kept")
SEEN_FACTORS = (0.1, 0.3, 1.0)  # shares of its score that an item of the history keeps
# Share of the events that must lead back to one of the latest items for a list to show these: a list of what one has
# just seen is a poor one, even where a few come back to it.
MIN_REPEAT_SHARE = 0.1
LIFT_WEIGHTS = (0.0, 0.5, 1.0)  # of circumstances, and of what is known of the user, where there is a history


@dataclass(frozen=True)
class Candidates:
    """What the parts say of the items that may be found, for each question.

    Attributes
    ----------
    values : float32 array of shape (questions, items, parts)
        Each at most one; the first item is the one wanted, and items that are none are -1 throughout.
    names : tuple of str
        Of the parts.
    latest, before : bool arrays of shape (questions, items)
        Which items are among the newest of the history, and which lie further back.
    """

    values: NDArray[np.float32]
    names: tuple[str, ...]
    latest: NDArray[np.bool_]
    before: NDArray[np.bool_]

    def gain(self, weights: Mapping[str, float]) -> float:
        """Return the mean discounted gain of the wanted items.

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
        found = (ranks <= LIST) & (wanted[:, 0] > 0)
        return float((1 / np.log2(1 + ranks[found])).sum()) / len(scores)


def choose_weights(data: TrainingData) -> dict[str, float]:
    """Choose the settings that find the events held out best (NDCG) when trained on the others.

    The graph filter is tried where it may be worth its time, and wanted where it then finds more.

    Returns
    -------
    dict
        With the keys of `FALLBACK`.
    """
    older, questions, in_order = hold_out(data)
    fallback = {**FALLBACK, "in_order": float(in_order)}
    if not questions:
        return fallback
    chosen_steps = choose_transition_settings(older.interactions, questions, _transition_trials(in_order))
    steps = {name: getattr(chosen_steps, name) for name in ("exponent", "shrinkage", "query_decay")}
    scorer = UserScorer.fit(older, {**fallback, **steps})
    candidates = collect_candidates(scorer, questions)
    chosen, most = _ascend(candidates, START)
    if len(scorer.item_ids) <= MAX_ITEMS and _predicts_without_order(candidates):
        scorer.fit_graph_filter(older.interactions, FilterSettings(directions=TRIAL_SINGULAR_VECTORS))
        beside, gain = _ascend(collect_candidates(scorer, questions), {**START, "filter": 1.0})
        if gain > most * MIN_FILTER_GAIN:
            chosen = beside
    return _choose_lifts(scorer, questions, {**fallback, **steps, **chosen}) if chosen else fallback


def _transition_trials(in_order: bool) -> list[TransitionSettings]:
    """Return the ways in which steps may be compared and asked for; without an order all of a history votes alike."""
    decays = QUERY_DECAYS if in_order else (1.0,)
    return [
        replace(NEAR, exponent=exponent, shrinkage=shrinkage, query_decay=decay)
        for exponent, shrinkage, decay in product(EXPONENTS, SHRINKAGES, decays)
    ]


def _predicts_without_order(candidates: Candidates) -> bool:
    """Tell whether what users touch tells nearly as much as in which order they do.

    The filter takes longer than all else. Where the order tells the more, it has never added anything.
    """
    kept = {"kept_latest": FALLBACK["kept_latest"], "kept": FALLBACK["kept"]}
    alone = {name: candidates.gain({**kept, name: 1.0}) for name in ("next", "transitions", "space")}
    return alone["space"] > SPACE_SHARE * max(alone["next"], alone["transitions"])


def collect_candidates(scorer: UserScorer, questions: Sequence[HeldOut]) -> Candidates:
    """Ask all parts all questions and keep what may be found."""
    everything = dict.fromkeys(PARTS, 1.0)
    popular: list[NDArray[np.int64]] = []
    names: tuple[str, ...] = ()
    found: list[tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]] = []
    for history, target, _ in questions:
        parts = scorer.parts(history, everything)
        names = tuple(name for name in PARTS if name in parts.values)
        popular = popular or [top_k(parts.values[name], CANDIDATES) for name in SAME_FOR_ALL_USERS]
        own = [_highest(parts.values[name]) for name in names if name not in {*SAME_FOR_ALL_USERS, "repeat"}]
        others = {*np.concatenate([*popular, *own]).tolist(), *history} - {target}
        items = np.array([target, *sorted(others)])
        values = np.stack([parts.values[name][items] * parts.scales[name] for name in names], axis=1)
        latest = np.isin(items, history[:LATEST])
        found.append((values.astype(np.float32), latest, np.isin(items, history) & ~latest))
    shape = (len(found), max(len(values) for values, _, _ in found))
    values = np.full((*shape, len(names)), -1, np.float32)
    latest, before = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for row, (told, newest, older) in enumerate(found):
        values[row, : len(told)] = told
        latest[row, : len(told)] = newest
        before[row, : len(told)] = older
    return Candidates(values, names, latest, before)


def _highest(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the places of the highest values above zero; most parts speak of few items."""
    places = np.flatnonzero(values)
    return places if places.size <= CANDIDATES else places[top_k(values[places], CANDIDATES)]


def _ascend(candidates: Candidates, start: Mapping[str, float]) -> tuple[dict[str, float], float]:
    """Change one weight after the other as long as that finds more.

    Returns the weights, none where nothing finds anything, and their gain.
    """
    weights = {**dict.fromkeys(PARTS, 0.0), **start}
    most = candidates.gain(weights)
    returns = float(candidates.latest[:, 0].mean())  # the first item is the one wanted
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
    """Choose the weights of the lifts, one after the other, where the questions have any."""
    for name, there in (
        ("context", any(one.query.context for one in questions)),
        ("features", any(one.query.user_features for one in questions)),
    ):
        if not there:
            continue
        gains = []
        for weight in LIFT_WEIGHTS:
            scorer.weights = (
                {**chosen, "features": 0.0, name: weight} if name == "context" else {**chosen, name: weight}
            )
            gains.append(sum(_gain(scorer, one) for one in questions))
        chosen = {**chosen, name: LIFT_WEIGHTS[int(np.argmax(gains))]}
    return chosen


def _gain(scorer: UserScorer, asked: HeldOut) -> float:
    scores = scorer.score(asked.query, asked.history)
    scale_seen(scores, asked.history, scorer.weights)
    rank = int(np.count_nonzero(scores > scores[asked.target])) + 1
    return float(1 / np.log2(1 + rank)) if rank <= LIST else 0.0
