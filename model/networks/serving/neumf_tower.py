"""The scores of NeuMF in numpy: the GMF product and the MLP tower, without PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


class Tower:
    """Scores all items for a user; the items' part of the first layer is precomputed."""

    names = ("products", "firsts", "of_person", "second", "second_bias", "out", "bias")

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        # products (items, factors): GMF vectors times the output's weights. firsts (items, width): the items' part of
        # the first layer. The users' part of it (width, width), second (width, factors), second_bias, out (factors,)
        # and bias (1,).
        self._arrays = {name: arrays[name] for name in self.names}
        self.factors = int(arrays["products"].shape[1])

    @classmethod
    def of(cls, learnt: Mapping[str, Floats]) -> Self:
        """Make a tower from the parameters of `training.neumf`."""
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
        """Return the arrays of the tower, by name."""
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
            Logits of an interaction; of an explicit model, ratings.
        """
        arrays = self._arrays
        result: Floats = arrays["products"] @ user[: self.factors]
        first = arrays["firsts"] + user[self.factors :] @ arrays["of_person"]
        np.maximum(first, 0, out=first)
        second = first @ arrays["second"]
        second += arrays["second_bias"]
        np.maximum(second, 0, out=second)
        result += second @ arrays["out"]
        result += arrays["bias"]
        return result

    def gradient(self, user: Floats, item: int) -> Floats:
        """Return the gradient of an item's score with respect to the user vector, in the shape of that vector.

        The tower is piecewise linear.
        """
        arrays = self._arrays
        first = arrays["firsts"][item] + user[self.factors :] @ arrays["of_person"]
        second = np.maximum(first, 0) @ arrays["second"] + arrays["second_bias"]
        back = arrays["second"] @ (arrays["out"] * (second > 0)) * (first > 0)
        result: Floats = np.concatenate([arrays["products"][item], arrays["of_person"] @ back]).astype(np.float32)
        return result
