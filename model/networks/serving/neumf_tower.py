"""The scores of NeuMF in numpy: a product of vectors, and a tower over them, without what trained them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


class Tower:
    """Scores all items for a user; of the tower's first layer, the items' part is computed beforehand.

    Attributes
    ----------
    names : tuple of str
        Of the arrays.
    """

    names = ("products", "firsts", "of_person", "second", "second_bias", "out", "bias")

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        # products (items, factors): GMF vectors times the output's weights. firsts (items, width): the items' part of
        # the first layer. of_user (width, width), second (width, factors), second_bias and out (factors,), bias (1,).
        self._arrays = {name: arrays[name] for name in self.names}
        self.factors = int(arrays["products"].shape[1])

    @classmethod
    def of(cls, learnt: Mapping[str, Floats]) -> Self:
        """Make a tower of what `networks.neumf` learnt.

        Parameters
        ----------
        learnt : mapping of float32 arrays
        """
        return cls(
            {
                "products": learnt["gmf_items"] * learnt["gmf_out"],
                "firsts": learnt["mlp_items"] @ learnt["mlp_of_item"] + learnt["mlp_first_bias"],
                "of_person": learnt["mlp_of_person"],
                "second": learnt["mlp_second"],
                "second_bias": learnt["mlp_second_bias"],
                "out": learnt["mlp_out"],
                "bias": learnt["bias"],
            }
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a tower is made of."""
        return self._arrays

    def scores(self, user: Floats) -> Floats:
        """Return the score of every item.

        Parameters
        ----------
        user : float32 array of shape (factors + width,)
            GMF vector, then MLP vector.

        Returns
        -------
        float32 array of shape (items,)
            Logits of touching it; of an explicit model, ratings.
        """
        found = self._arrays
        result: Floats = found["products"] @ user[: self.factors]
        first = found["firsts"] + user[self.factors :] @ found["of_person"]
        np.maximum(first, 0, out=first)
        second = first @ found["second"]
        second += found["second_bias"]
        np.maximum(second, 0, out=second)
        result += second @ found["out"]
        result += found["bias"]
        return result

    def slope(self, user: Floats, item: int) -> Floats:
        """Return how an item's score changes with the user: between its bends, the tower is linear.

        Parameters
        ----------
        user : float32 array of shape (factors + width,)

        Returns
        -------
        float32 array of shape (factors + width,)
        """
        found = self._arrays
        first = found["firsts"][item] + user[self.factors :] @ found["of_person"]
        second = np.maximum(first, 0) @ found["second"] + found["second_bias"]
        back = found["second"] @ (found["out"] * (second > 0)) * (first > 0)
        result: Floats = np.concatenate([found["products"][item], found["of_person"] @ back]).astype(np.float32)
        return result
