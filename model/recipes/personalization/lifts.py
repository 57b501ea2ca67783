"""Lifts: how much more, or less, users interact with an item under a condition, such as on a phone or at an age.

The lift is the logarithm of observed over expected interactions, where the expectation is independent of the condition,
shrunk towards 0 where there are few. Lifts of several conditions are summed, as in a naive Bayes classifier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from model.arrays.top_k import top_k

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from model.datasets.catalogue import Catalogue
    from model.datasets.interactions import Interactions

SHRINKAGE = 5.0  # interactions added to both the observed and the expected ones
MAX_CONDITIONS = 500  # the most frequent ones
MIN_INTERACTIONS = 20  # under a condition, for it to be used
KEPT_PER_CONDITION = 1000  # items, those with the strongest lifts


class Lifts:
    """A sparse matrix of lifts from conditions (such as "DEVICE=phone") to items."""

    def __init__(
        self, conditions: list[str], starts: NDArray[np.int64], items: NDArray[np.int32], values: NDArray[np.float32]
    ) -> None:
        self.conditions = conditions
        self._row_of = {condition: row for row, condition in enumerate(conditions)}
        self._starts, self._items, self._values = starts, items, values

    @classmethod
    def of_context(cls, interactions: Interactions) -> Lifts:
        """Learn the lifts of contextual metadata."""
        columns: list[tuple[list[str], NDArray[Any], NDArray[Any]]] = []
        for name, column in interactions.context.items():
            places = np.flatnonzero(column.codes >= 0)
            conditions = [f"{name}={value}" for value in column.values]
            columns.append((conditions, column.codes[places], interactions.items[places]))
        return cls._fit(columns, len(interactions.item_ids))

    @classmethod
    def of_users(cls, interactions: Interactions, users: Catalogue) -> Lifts:
        """Learn the lifts of user features; each user counts once for an item."""
        features_of = dict(zip(users.item_ids, users.features, strict=True))
        code_of: dict[str, int] = {}
        listed = [features_of.get(user, ()) for user in interactions.user_ids]
        codes = [code_of.setdefault(feature, len(code_of)) for features in listed for feature in features]
        owners = np.repeat(np.arange(len(listed)), [len(features) for features in listed])
        kinds = sparse.csr_matrix((np.ones(len(codes)), (owners, codes)), shape=(len(listed), max(1, len(code_of))))
        owner, items = interactions.unique_pairs()
        under = kinds[owner].tocoo()
        return cls._fit([(list(code_of), under.col, items[under.row])], len(interactions.item_ids))

    @classmethod
    def _fit(cls, columns: Iterable[tuple[list[str], NDArray[Any], NDArray[Any]]], size: int) -> Lifts:
        """Compare, column by column, the observed interactions under each condition with the expected ones."""
        rows: list[tuple[int, str, NDArray[np.int32], NDArray[np.float32]]] = []
        for conditions, codes, items in columns:
            ones = np.ones(codes.size, np.float32)
            observed = sparse.csr_matrix((ones, (codes, items)), shape=(max(1, len(conditions)), size))
            share = np.asarray(observed.sum(axis=0)).ravel() / max(1, codes.size)
            for place, condition in enumerate(conditions):
                counts = observed[place].toarray().ravel()
                total = int(counts.sum())
                if total < MIN_INTERACTIONS:
                    continue
                lift = np.log((counts + SHRINKAGE) / (share * total + SHRINKAGE)).astype(np.float32)
                strongest = top_k(np.abs(lift), KEPT_PER_CONDITION).astype(np.int32)
                rows.append((total, condition, strongest, lift[strongest]))
        rows = sorted(rows, key=lambda row: (-row[0], row[1]))[:MAX_CONDITIONS]
        starts = np.cumsum([0, *(row[2].size for row in rows)]).astype(np.int64)
        items = np.concatenate([np.empty(0, np.int32), *(row[2] for row in rows)])
        values = np.concatenate([np.empty(0, np.float32), *(row[3] for row in rows)])
        return cls([row[1] for row in rows], starts, items, values)

    def row(self, condition: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the items that a condition lifts, and their lifts; none for an unknown condition."""
        row = self._row_of.get(condition)
        mine = slice(0) if row is None else slice(self._starts[row], self._starts[row + 1])
        return self._items[mine], self._values[mine]

    def of(self, condition: str, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the lifts of n items under a condition, shape (n,); 0 where the condition has no lift for the item."""
        row = self._row_of.get(condition)
        if row is None:
            return np.zeros(items.size, np.float32)
        mine = slice(self._starts[row], self._starts[row + 1])
        lifts: NDArray[np.float32] = self._values[mine] @ (self._items[mine, None] == items)
        return lifts

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return the arrays to be saved, by name."""
        return {f"{prefix}_starts": self._starts, f"{prefix}_items": self._items, f"{prefix}_values": self._values}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str, conditions: list[str]) -> Lifts:
        """Restore lifts from their saved arrays."""
        return cls(conditions, *(arrays[f"{prefix}_{part}"] for part in ("starts", "items", "values")))
