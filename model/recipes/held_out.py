"""The newest events as questions: what the settings of a training are chosen on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from model.recipes.recipe import Query, TrainingData

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.recipes.interactions import Interactions

HOLD_OUT_SHARE = 0.1  # of the events, the newest
QUESTIONS = 800  # events judged; more changes the choice little
LEAST_EVENTS = 25
HISTORY_LENGTH = 50  # newest items of a person that are looked at
SEED = 20261121


class HeldOut(NamedTuple):
    """One event of the newest: what came before it, which item it was, and what else was known.

    Attributes
    ----------
    history : list of int
        Newest first, never empty.
    target : int
    query : Query
        Its context and person_features.
    """

    history: list[int]
    target: int
    query: Query


def hold_out(data: TrainingData) -> tuple[TrainingData, list[HeldOut]]:
    """Split data into the older events and a sample of the newest ones.

    Parameters
    ----------
    data : TrainingData

    Returns
    -------
    older : TrainingData
        With the same numbers of users and items.
    questions : list of HeldOut
        Empty where there are too few events, or all are of one time.
    """
    known = data.interactions
    if len(known) < LEAST_EVENTS:
        return data, []
    cut = np.quantile(known.times, 1 - HOLD_OUT_SHARE, method="lower")
    older = known.where(known.times < cut)
    if len(older) == 0:
        return data, []
    positions = np.flatnonzero(known.times >= cut)
    starts = known.starts()
    positions = positions[positions > starts[known.users[positions]]]
    if positions.size > QUESTIONS:
        random = np.random.default_rng(SEED)
        positions = np.sort(random.choice(positions, QUESTIONS, replace=False))
    features_of = dict(zip(data.users.item_ids, data.users.features, strict=True))
    questions = []
    for position in positions.tolist():
        user = int(known.users[position])
        begin = max(int(starts[user]), position - HISTORY_LENGTH)
        query = Query(context=_context(known, position), person_features=features_of.get(known.user_ids[user], ()))
        questions.append(HeldOut(known.items[begin:position][::-1].tolist(), int(known.items[position]), query))
    return replace(data, interactions=older), questions


def _context(known: Interactions, position: int) -> Mapping[str, str]:
    """Return the circumstances of one interaction."""
    codes = {name: int(column.codes[position]) for name, column in known.context.items()}
    return {name: known.context[name].values[code] for name, code in codes.items() if code >= 0}
