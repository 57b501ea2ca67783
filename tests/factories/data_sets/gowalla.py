"""Gowalla in the split of LightGCN's authors: 80 % of each user's places for training, 20 % as targets.

A tenth of the training part is the validation split, on which settings are chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from model.datasets.interactions import from_columns
from model.evaluation.splits import Split, given_test_set
from tests.factories.data_sets.shared_data import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

USERS, PLACES = 29_858, 40_981  # rows of the adjacency matrix: first users, then places
PUBLISHED, VALIDATION = "gowalla-lightgcn", "gowalla-lightgcnpp-valid"


def gowalla(folder: Path = FOLDER) -> Split:
    """Return the split on which metrics are published."""
    matrix = sparse.csr_matrix(sparse.load_npz(folder / PUBLISHED / "s_adj_mat.npz"))
    learnt = matrix[:USERS, USERS:].tocoo()
    return _split(np.stack([learnt.row, learnt.col], axis=1), _pairs(folder / PUBLISHED / "test.txt"))


def gowalla_validation(folder: Path = FOLDER) -> Split:
    """Return the split on which settings are chosen; see `gowalla`."""
    return _split(_pairs(folder / VALIDATION / "train.txt"), _pairs(folder / VALIDATION / "valid.txt"))


def _pairs(path: Path) -> np.ndarray:
    """Return the (user, place) pairs of a file with a line per user."""
    lists = [np.array(text.split(), np.int32) for text in path.read_text(encoding="utf-8").splitlines()]
    users = np.repeat([line[0] for line in lists], [line.size - 1 for line in lists])
    return np.stack([users, np.concatenate([line[1:] for line in lists])], axis=1)


def _split(learnt: np.ndarray, wanted: np.ndarray) -> Split:
    train = from_columns(
        ([str(number) for number in range(USERS)], [str(number) for number in range(PLACES)], ["Visit"]),
        learnt[:, 0].astype(np.int32),
        learnt[:, 1].astype(np.int32),
        np.zeros(len(learnt), np.int16),
        np.zeros(len(learnt), np.int64),
    )
    of_user: dict[str, list[str]] = {}
    for user, place in wanted.tolist():
        of_user.setdefault(str(user), []).append(str(place))
    return given_test_set(train, of_user)
