"""Slices: groups of questions that a mean over all can hide, such as those of strangers or for rare items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions
    from model.evaluation.splits import Split

HISTORY_LENGTHS = ((0, 0, "none"), (1, 4, "1 to 4"), (5, 19, "5 to 19"), (20, None, "20 or more"))  # events
POPULAR_SHARE = 0.5  # of the events that the popular items make up together


def slices_of(split: Split) -> dict[str, NDArray[np.bool_]]:
    """Group questions by the length of the history, by how popular what they want is, and by features of the user.

    Returns
    -------
    dict of bool arrays of shape (questions,)
        By name, such as "history: none", "wants: popular" or "AGE_GROUP=25-34". A question may be in several; slices
        that hold none or all of them are left out.
    """
    found: dict[str, NDArray[np.bool_]] = {}
    lengths = np.array([len(one.history) for one in split.questions], np.int64)
    for least, most, name in HISTORY_LENGTHS:
        found[f"history: {name}"] = (lengths >= least) & (lengths <= (lengths.max(initial=0) if most is None else most))
    standing = _standing(split)
    for place, name in enumerate(("unseen in training", "rarer", "popular")):
        found[f"wants: {name}"] = standing == place
    for feature in sorted({feature for one in split.questions for feature in one.features}):
        found[feature] = np.array([feature in one.features for one in split.questions], np.bool_)
    return {name: mask for name, mask in found.items() if mask.any() and not mask.all()}


def _standing(split: Split) -> NDArray[np.int64]:
    """Return of the first item that each question wants: 0 unseen in training, 1 seen, 2 popular."""
    standing = dict(zip(split.train.item_ids, _levels(split.train).tolist(), strict=True))
    return np.array([standing.get(one.wanted[0], 0) for one in split.questions], np.int64)


def _levels(train: Interactions) -> NDArray[np.int64]:
    events = np.bincount(train.items, minlength=len(train.item_ids))
    order = np.argsort(-events, kind="stable")
    before = np.cumsum(events[order]) - events[order]
    levels = (events > 0).astype(np.int64)
    popular = order[before < POPULAR_SHARE * events.sum()]
    levels[popular] = 2
    return levels
