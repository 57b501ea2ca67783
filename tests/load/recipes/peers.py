"""Recommenders of other libraries, with the same questions.

Each gets the history of a question as a row of items, so that libraries that can use new events do.
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
        The history of each question.
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
    """Give each question its own user number, since the same user may occur with different histories.

    Returns
    -------
    split : Split
        Each question has its own user, after those of the training data.
    rows : sparse matrix of shape (questions, items)
        1 where an item is in the history.
    users : int32 array of shape (questions,)
        The original numbers of the users; -1 for new ones.
    """
    place_of = {item: place for place, item in enumerate(split.train.item_ids)}
    user_of = {user: place for place, user in enumerate(split.train.user_ids)}
    known = [sorted({place_of[item] for item in question.history if item in place_of}) for question in split.questions]
    starts = np.cumsum([0, *map(len, known)])
    places = np.concatenate([np.asarray(items, np.int32) for items in known])
    shape = (len(known), len(place_of))
    rows = sparse.csr_matrix((np.ones(places.size, np.float32), places, starts), shape=shape)
    users = np.array([user_of.get(question.user, -1) for question in split.questions], np.int32)
    names = [f"question {number}" for number in range(len(known))]
    asked = [replace(question, user=name) for question, name in zip(split.questions, names, strict=True)]
    return Split(replace(split.train, user_ids=[*split.train.user_ids, *names]), asked, split.name), rows, users


def interaction_matrix(train: Interactions) -> sparse.csr_matrix:
    """Return the binary interaction matrix of shape (users, items)."""
    users, items = train.unique_pairs()
    shape = (len(train.user_ids), len(train.item_ids))
    return sparse.csr_matrix((np.ones(users.size, np.float32), (users, items)), shape=shape)
