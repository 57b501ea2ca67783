"""Gowalla as LightGCN's authors split it: 80 % of each person's places to learn from, 20 % to find.

A tenth of what there is to learn from makes the validation split, on which settings are chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.evaluation.splits import Split, answered
from model.recipes.interactions import ordered
from tests.factories.shared_data import shared

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE, PLACES = 29_858, 40_981
VALIDATION = "gowalla-lightgcnpp-valid"


def gowalla() -> Split:
    """Return the split on which figures are published; the data set's authors give its two parts in two forms."""
    folder = shared(VALIDATION)
    learnt = np.concatenate([_pairs(folder / "train.txt"), _pairs(folder / "valid.txt")])
    return _split(learnt, _pairs(shared("gowalla-lightgcn") / "test.txt"))


def gowalla_validation() -> Split:
    """Return the split on which settings are chosen."""
    folder = shared(VALIDATION)
    return _split(_pairs(folder / "train.txt"), _pairs(folder / "valid.txt"))


def _pairs(path: Path) -> np.ndarray:
    """Return (person, place) pairs of a file of lines that name a person and their places."""
    lists = [np.array(line.split(), np.int32) for line in path.read_text(encoding="utf-8").splitlines()]
    people = np.repeat([one[0] for one in lists], [one.size - 1 for one in lists])
    return np.stack([people, np.concatenate([one[1:] for one in lists])], axis=1)


def _split(learnt: np.ndarray, wanted: np.ndarray) -> Split:
    train = ordered(
        ([str(number) for number in range(PEOPLE)], [str(number) for number in range(PLACES)], ["Visit"]),
        learnt[:, 0].astype(np.int32),
        learnt[:, 1].astype(np.int32),
        np.zeros(len(learnt), np.int16),
        np.zeros(len(learnt), np.int64),
    )
    of_person: dict[str, list[str]] = {}
    for person, place in wanted.tolist():
        of_person.setdefault(str(person), []).append(str(place))
    return answered(train, of_person)
