"""Slices: groups of questions that an overall mean can hide, such as users without history or rare items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions
    from model.evaluation.splits import Split

HISTORY_LENGTHS = ((0, 0, "none"), (1, 4, "1 to 4"), (5, 19, "5 to 19"), (20, None, "20 or more"))  # events
POPULAR_SHARE = 0.5  # the popular items are the fewest that have this share of all events


def slices_of(split: Split) -> dict[str, NDArray[np.bool_]]:
    """Group questions by length of the history, by popularity of the wanted item, and by features of the user.

    Returns
    -------
    dict of bool arrays of shape (questions,)
        By name, such as "history: none", "wants: popular" or "AGE_GROUP=25-34". A question may be in several; slices
        of no question or of all questions are left out.
    """
    slices: dict[str, NDArray[np.bool_]] = {}
    lengths = np.array([len(question.history) for question in split.questions], np.int64)
    for least, most, name in HISTORY_LENGTHS:
        slices[f"history: {name}"] = (lengths >= least) & (
            lengths <= (lengths.max(initial=0) if most is None else most)
        )
    levels = _target_levels(split)
    for level, name in enumerate(("unseen in training", "rarer", "popular")):
        slices[f"wants: {name}"] = levels == level
    for feature in sorted({feature for question in split.questions for feature in question.features}):
        slices[feature] = np.array([feature in question.features for question in split.questions], np.bool_)
    return {name: mask for name, mask in slices.items() if mask.any() and not mask.all()}


def _target_levels(split: Split) -> NDArray[np.int64]:
    """Return the popularity level of each question's first wanted item: 0 unseen in training, 1 seen, 2 popular."""
    level_of = dict(zip(split.train.item_ids, _item_levels(split.train).tolist(), strict=True))
    return np.array([level_of.get(question.wanted[0], 0) for question in split.questions], np.int64)


def _item_levels(train: Interactions) -> NDArray[np.int64]:
    events = np.bincount(train.items, minlength=len(train.item_ids))
    order = np.argsort(-events, kind="stable")
    before = np.cumsum(events[order]) - events[order]
    levels = (events > 0).astype(np.int64)
    popular = order[before < POPULAR_SHARE * events.sum()]
    levels[popular] = 2
    return levels
