"""How much each part of a person's scores weighs: what finds the newest tenth of the events best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.recipes.person_scorer import FALLBACK, HISTORY_LENGTH, PersonScorer, blend
from model.recipes.recipe import Query, TrainingData

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from model.recipes.interactions import Interactions

HOLD_OUT_SHARE = 0.1  # of the events, the newest
HOLD_OUT_POSITIONS = 600  # events judged; more changes the choice no more
HOLD_OUT_LIST = 25  # places of a list that count
SEED = 20261121
SHARES = ((1.0, 0.0), (0.8, 0.2), (0.6, 0.4), (0.4, 0.6), (0.2, 0.8), (0.0, 1.0))  # of transitions and item space
PRIORS = (0.02, 0.1, 0.3)  # of popularity
LIFT_WEIGHTS = (0.0, 0.5, 1.0)  # of circumstances, and of what is known of the person, where there is a history


def choose_weights(data: TrainingData) -> dict[str, float]:
    """Choose the weights that find the newest events best (NDCG) when trained on the older ones.

    Parameters
    ----------
    data : TrainingData

    Returns
    -------
    dict
        With the keys transitions, space, popularity, context, features.
    """
    known = data.interactions
    if len(known) < HOLD_OUT_LIST:
        return dict(FALLBACK)
    cut = np.quantile(known.times, 1 - HOLD_OUT_SHARE, method="lower")
    older = known.where(known.times < cut)
    if len(older) == 0:
        return dict(FALLBACK)
    scorer = PersonScorer.fit(TrainingData(older, data.catalogue, data.parameters, data.users), FALLBACK)
    questions = list(_hold_out(data, int(cut)))
    trials = [
        {"transitions": first * (1 - prior), "space": second * (1 - prior), "popularity": prior}
        for first, second in SHARES
        for prior in PRIORS
    ]
    gains = np.zeros(len(trials))
    for history, target, _ in questions:
        parts = scorer.parts(history)
        for number, trial in enumerate(trials):
            gains[number] += _gain(blend(parts, trial), history, target)
    if not gains.any():
        return dict(FALLBACK)
    chosen = {**FALLBACK, **trials[int(gains.argmax())]}
    return _choose_lifts(scorer, questions, chosen)


def _choose_lifts(
    scorer: PersonScorer, questions: list[tuple[list[int], int, Query]], chosen: dict[str, float]
) -> dict[str, float]:
    """Choose the weights of the lifts, one after the other, where the questions have any."""
    for name, there in (
        ("context", any(query.context for _, _, query in questions)),
        ("features", any(query.person_features for _, _, query in questions)),
    ):
        if not there:
            continue
        gains = []
        for weight in LIFT_WEIGHTS:
            scorer.weights = (
                {**chosen, "features": 0.0, name: weight} if name == "context" else {**chosen, name: weight}
            )
            gains.append(
                sum(_gain(scorer.score(query, history), history, target) for history, target, query in questions)
            )
        chosen = {**chosen, name: LIFT_WEIGHTS[int(np.argmax(gains))]}
    return chosen


def _gain(scores: NDArray[np.float32], history: list[int], target: int) -> float:
    wanted = scores[target]
    scores[history] = -1.0  # judged on what is new to the person
    rank = int(np.count_nonzero(scores > wanted)) + 1
    return float(1 / np.log2(1 + rank)) if rank <= HOLD_OUT_LIST else 0.0


def _hold_out(data: TrainingData, cut: int) -> Iterator[tuple[list[int], int, Query]]:
    """Yield (history newest first, next item, what else is known) for a sample of the events since `cut`."""
    known = data.interactions
    positions = np.flatnonzero(known.times >= cut)
    random = np.random.default_rng(SEED)
    if positions.size > HOLD_OUT_POSITIONS:
        positions = np.sort(random.choice(positions, HOLD_OUT_POSITIONS, replace=False))
    starts = known.starts()
    features_of = dict(zip(data.users.item_ids, data.users.features, strict=True))
    for position in positions.tolist():
        user = int(known.users[position])
        begin = max(int(starts[user]), position - HISTORY_LENGTH)
        history = known.items[begin:position][::-1].tolist()
        target = int(known.items[position])
        if history and target not in history:
            features = features_of.get(known.user_ids[user], ())
            yield history, target, Query(context=_context(known, position), person_features=features)


def _context(known: Interactions, position: int) -> Mapping[str, str]:
    """Return the circumstances of one interaction."""
    codes = {name: int(column.codes[position]) for name, column in known.context.items()}
    return {name: known.context[name].values[code] for name, code in codes.items() if code >= 0}
