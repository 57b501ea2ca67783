"""The interface of a network for the training loop; seeds and devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor


class Network(Protocol):
    """A network that learns batch by batch.

    Attributes
    ----------
    metric : str
        Name of the result of `validate`, such as "ndcg@20"; of one that begins with "rmse", lower is better.
    """

    parameters: dict[str, Tensor]
    optimiser: Any
    metric: str
    batch_count: int

    def batches(self, random: np.random.Generator) -> Iterator[Any]:
        """Yield the batches of one epoch."""

    def step(self, batch: Any) -> float:
        """Train on one batch and return its loss."""

    def validate(self) -> float:
        """Return the metric on the held-out items; NaN where there are none."""


def device() -> torch.device:
    """Return the GPU when there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def seed_epoch(seed: int, epoch: int) -> np.random.Generator:
    """Seed all generators for an epoch, so that a resumed training draws the same numbers as an uninterrupted one."""
    torch.manual_seed(seed * 1_000_003 + epoch)
    torch.use_deterministic_algorithms(
        mode=True, warn_only=True
    )  # a few sparse products on GPUs have no deterministic form
    return np.random.default_rng([seed, epoch])


def normal_tensor(shape: tuple[int, ...], spread: float, random: np.random.Generator, place: torch.device) -> Tensor:
    """Return a tensor of normal numbers with the standard deviation `spread`, the same on every device."""
    return torch.from_numpy(random.standard_normal(shape, np.float32) * np.float32(spread)).to(place)
