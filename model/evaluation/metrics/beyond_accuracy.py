"""Beyond-accuracy metrics of lists: coverage, novelty, diversity and popularity bias."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from model.datasets.catalogue import Catalogue
    from model.datasets.interactions import Interactions
    from model.evaluation.lists import Lists

MAX_LISTS = 2000  # sampled for diversity; more lists do not change the mean
SEED = 20261121


def beyond_accuracy(lists: Lists, train: Interactions, catalogue: Catalogue, cuts: Sequence[int]) -> dict[str, float]:
    """Return the beyond-accuracy metrics of lists at each cut.

    Parameters
    ----------
    catalogue : Catalogue
        Features of items for diversity; without any, items are compared by their users.

    Returns
    -------
    dict of float
        By name and cut, such as "coverage@10":

        - coverage: the share of the items that appear in at least one list;
        - gini: the Gini coefficient of the items' appearances, from 0 (equal) to 1 (one item has all);
        - novelty: mean of -log2 of the share of users who interacted with an item (Vargas and Castells, 2011), in bits;
        - diversity: one minus the mean cosine between two items of a list (Ziegler et al., 2005);
        - popularity_lift: the mean popularity of listed items over that of the items that users interacted with,
          minus 1 (Abdollahpouri et al., 2019); above 0 the lists favour popular items.
    """
    users = _users(lists.item_ids, train)
    usual = float(users @ _events(lists.item_ids, train)) / max(1, len(train))
    vectors = _vectors(lists.item_ids, train, catalogue)
    surprise = -np.log2((users + 1) / (len(train.user_ids) + 1))
    metrics: dict[str, float] = {}
    for cut in cuts:
        places = lists.places[:, :cut]
        shown = places[places >= 0]
        exposure = np.bincount(shown, minlength=len(lists.item_ids))
        metrics[f"coverage@{cut}"] = float(np.count_nonzero(exposure)) / max(1, exposure.size)
        metrics[f"gini@{cut}"] = _gini(exposure)
        metrics[f"novelty@{cut}"] = float(surprise[shown].mean()) if shown.size else 0.0
        metrics[f"diversity@{cut}"] = _diversity(places, vectors)
        lift = float(users[shown].mean()) / usual - 1 if shown.size and usual else 0.0
        metrics[f"popularity_lift@{cut}"] = lift
    return metrics


def _gini(exposure: NDArray[np.int64]) -> float:
    """Return the Gini coefficient of non-negative counts."""
    total = int(exposure.sum())
    if not total:
        return 0.0
    ranks = np.arange(1, exposure.size + 1)
    return float(((2 * ranks - exposure.size - 1) * np.sort(exposure)).sum() / (exposure.size * total))


def _diversity(places: NDArray[np.int32], vectors: sparse.csr_array) -> float:
    """Return one minus the mean cosine of pairs in a list; items without a vector are left out."""
    if len(places) > MAX_LISTS:
        places = places[np.sort(np.random.default_rng(SEED).choice(len(places), MAX_LISTS, replace=False))]
    has_vector = np.diff(vectors.indptr) > 0
    there = (places >= 0) & has_vector[np.maximum(places, 0)]
    rows = np.repeat(np.arange(len(places)), there.sum(axis=1))
    chosen = sparse.csr_array(
        (np.ones(rows.size, np.float32), (rows, places[there])), shape=(len(places), vectors.shape[0])
    )
    summed = chosen @ vectors
    # The square of a sum of unit vectors is the sum of all cosines, including each vector's with itself.
    counts = there.sum(axis=1)
    cosines = np.asarray(summed.multiply(summed).sum(axis=1)).ravel() - counts
    several = counts >= 2
    if not several.any():
        return 0.0
    return float(1 - (cosines[several] / (counts[several] * (counts[several] - 1))).mean())


def _vectors(item_ids: list[str], train: Interactions, catalogue: Catalogue) -> sparse.csr_array:
    """Return a unit vector per item, of its features or of its users."""
    place_of = {item: place for place, item in enumerate(item_ids)}
    if any(catalogue.features):
        known = [
            (place_of[item], features)
            for item, features in zip(catalogue.item_ids, catalogue.features, strict=True)
            if item in place_of
        ]
        rows = np.array([place for place, features in known for _ in set(features)], np.int64)
        named = [feature for _, features in known for feature in sorted(set(features))]
        number_of = {feature: place for place, feature in enumerate(dict.fromkeys(named))}
        columns = np.array([number_of[feature] for feature in named], np.int64)
        width = len(number_of)
    else:
        users, items = train.unique_pairs()
        place = np.array([place_of.get(item, -1) for item in train.item_ids], np.int64)[items]
        rows, columns, width = place[place >= 0], users[place >= 0].astype(np.int64), len(train.user_ids)
    lengths = np.bincount(rows, minlength=len(item_ids))
    values = (1 / np.sqrt(lengths[rows])).astype(np.float32)
    return sparse.csr_array((values, (rows, columns)), shape=(len(item_ids), width))


def _users(item_ids: list[str], train: Interactions) -> NDArray[np.float64]:
    """Return how many distinct users interacted with each item."""
    _, items = train.unique_pairs()
    return _by_id(item_ids, train, np.bincount(items, minlength=len(train.item_ids)))


def _events(item_ids: list[str], train: Interactions) -> NDArray[np.float64]:
    """Return how many interactions each item has."""
    return _by_id(item_ids, train, np.bincount(train.items, minlength=len(train.item_ids)))


def _by_id(item_ids: list[str], train: Interactions, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    count_of = dict(zip(train.item_ids, counts.tolist(), strict=True))
    return np.array([count_of.get(item, 0) for item in item_ids], np.float64)
