"""Selects users and items by their number of interactions (the featurization parameters of a solution)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions


def within_percentiles(interactions: Interactions, parameters: Mapping[str, str]) -> Interactions:
    """Keep users and items whose number of interactions lies between the percentiles that a solution states.

    Parameters
    ----------
    parameters : mapping of str to str
        min_ and max_user_history_length_percentile, min_ and max_item_interaction_count_percentile, 0 to 1.

    Returns
    -------
    Interactions
        With the same lists of ids.
    """
    kept = np.ones(len(interactions), np.bool_)
    for name, places, size in (
        ("user_history_length_percentile", interactions.users, len(interactions.user_ids)),
        ("item_interaction_count_percentile", interactions.items, len(interactions.item_ids)),
    ):
        bounds = [parameters.get(f"{end}_{name}") for end in ("min", "max")]
        if bounds != [None, None]:
            least, most = (
                float(bound) if bound is not None else end for bound, end in zip(bounds, (0.0, 1.0), strict=True)
            )
            kept &= _between(np.bincount(places, minlength=size), least, most)[places]
    return interactions if kept.all() or not kept.any() else interactions.where(kept)


def _between(counts: NDArray[np.int64], least: float, most: float) -> NDArray[np.bool_]:
    # These methods keep counts that equal a bound, so that small data do not lose users to rounding.
    low = np.quantile(counts, min(least, 1.0), method="lower")
    high = np.quantile(counts, min(most, 1.0), method="higher")
    result: NDArray[np.bool_] = (counts >= low) & (counts <= high)
    return result
