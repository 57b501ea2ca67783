"""Merges ranked lists by the ranks of their items, whatever their scores measure."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

# Reciprocal rank fusion: Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual
# Rank Learning Methods", SIGIR 2009, https://doi.org/10.1145/1571941.1572114, whose constant this is.
RANK_CONSTANT = 60


def merge_by_rank(lists: Iterable[Sequence[str]], without: Collection[str] = ()) -> list[str]:
    """Return the items of ranked lists, ordered by reciprocal rank fusion; the order of the lists has no effect.

    Parameters
    ----------
    lists
        The best item of each is first; each item is in a list once.
    without
        Items to leave out.
    """
    shares: dict[str, list[float]] = defaultdict(list)
    for items in lists:
        for rank, item in enumerate(items, start=1):
            shares[item].append(1 / (RANK_CONSTANT + rank))
    scores = {item: math.fsum(parts) for item, parts in shares.items() if item not in without}
    return sorted(scores, key=lambda item: (-scores[item], item))
