"""Chooses the decay of older items of a history on a hold-out of each user's newest events."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from model.recipes.recipe import Query

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from model.datasets.interactions import Interactions
    from model.recipes.recipe import Recipe

NO_DECAY = 1.0  # all items of a history have the same weight
DECAYS = (NO_DECAY, 0.95, 0.9, 0.8, 0.6)  # per item, newest first
HOLD_OUT_SHARE = 0.1  # of a user's events, the newest
MAX_QUESTIONS = 600
LIST_LENGTH = 25
SEED = 20261121


def newest_questions(known: Interactions) -> tuple[Interactions, list[tuple[list[str], str]]] | None:
    """Hold out the newest events of some users; the target of each is the first item that is new to the user.

    The newest events over all users would come from few users where most visit once only.

    Returns
    -------
    older interactions, (history newest first, target item) pairs
        None where no user later interacted with a new item.
    """
    starts, counts = known.starts(), np.diff(known.starts())
    cuts = starts[1:] - np.maximum(1, counts * HOLD_OUT_SHARE).astype(np.int64)
    asked = np.flatnonzero(counts > 1)
    asked = asked[known.times[cuts[asked]] > known.times[cuts[asked] - 1]]
    older = np.ones(len(known), np.bool_)
    questions = []
    for user in np.random.default_rng(SEED).permutation(asked)[:MAX_QUESTIONS].tolist():
        begin, cut, end = int(starts[user]), int(cuts[user]), int(starts[user + 1])
        history = known.items[begin:cut]
        new = known.items[cut:end][~np.isin(known.items[cut:end], history)]
        if new.size:
            questions.append(([known.item_ids[item] for item in history[::-1].tolist()], known.item_ids[new[0]]))
            older[cut:end] = False
    return (known.where(older), questions) if questions else None


def choose_decay(make: Callable[[float], Recipe], questions: Sequence[tuple[list[str], str]]) -> float:
    """Choose the decay with the highest NDCG of the target items, the largest of equally good ones.

    Parameters
    ----------
    make : callable
        Returns the trained recipe with the decay.
    questions : sequence of (history newest first, target item)
    """
    gains = [sum(_gain(recipe, *question) for question in questions) for recipe in map(make, DECAYS)]
    return DECAYS[int(np.argmax(gains))]


def _gain(recipe: Recipe, history: list[str], wanted: str) -> float:
    answer = recipe.recommend(Query(history=history, repeats=False), LIST_LENGTH)
    items = [recommendation.item_id for recommendation in answer]
    return 1 / math.log2(items.index(wanted) + 2) if wanted in items else 0.0
