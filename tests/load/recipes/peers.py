"""Recommenders of other libraries, asked the same questions: what they have in common.

Each gets what a question knows of the user as a row of items, so those that can take in new events do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from model.evaluation.splits import Split

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions


@dataclass(frozen=True)
class Peer:
    """A fitted model of another library.

    Attributes
    ----------
    rows : sparse matrix of shape (questions, items)
        What each question knows of the user.
    users : int32 array of shape (questions,)
        Their numbers in the training data; -1 for a user who is not there.
    before : int
        Users of the training data, after whom the questions are numbered.
    answer : callable
        Returns scores of shape (questions, items) for rows and numbers.
    """

    rows: sparse.csr_matrix
    users: NDArray[np.int32]
    before: int
    answer: Callable[[sparse.csr_matrix, NDArray[np.int32]], Any]

    def scores(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return scores of shape (questions, items) by the numbers of the questions."""
        asked = users - self.before
        return np.ascontiguousarray(self.answer(self.rows[asked], self.users[asked]), np.float32)


def by_question(split: Split) -> tuple[Split, sparse.csr_matrix, NDArray[np.int32]]:
    """Give each question a number of its own, since the same user may be asked with different histories.

    Returns
    -------
    split : Split
        Each question is of a user of its own, who come after those of the training data.
    rows : sparse matrix of shape (questions, items)
        1 where an item is in the history.
    users : int32 array of shape (questions,)
        The numbers that the users had; -1 for who had none.
    """
    place_of = {item: place for place, item in enumerate(split.train.item_ids)}
    user_of = {user: place for place, user in enumerate(split.train.user_ids)}
    known = [sorted({place_of[item] for item in one.history if item in place_of}) for one in split.questions]
    starts = np.cumsum([0, *map(len, known)])
    places = np.concatenate([np.asarray(one, np.int32) for one in known])
    shape = (len(known), len(place_of))
    rows = sparse.csr_matrix((np.ones(places.size, np.float32), places, starts), shape=shape)
    users = np.array([user_of.get(one.user, -1) for one in split.questions], np.int32)
    names = [f"question {number}" for number in range(len(known))]
    asked = [replace(one, user=name) for one, name in zip(split.questions, names, strict=True)]
    return Split(replace(split.train, user_ids=[*split.train.user_ids, *names]), asked, split.name), rows, users


def touched(train: Interactions) -> sparse.csr_matrix:
    """Return a matrix of shape (users, items) with 1 where a user touched an item."""
    users, items = train.unique_pairs()
    shape = (len(train.user_ids), len(train.item_ids))
    return sparse.csr_matrix((np.ones(users.size, np.float32), (users, items)), shape=shape)
