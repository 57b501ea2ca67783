"""LightGCN: user and item embeddings, propagated along the interaction graph (He et al., SIGIR 2020).

Two schedules. The reference: a random start and BPR (Rendle et al., UAI 2009), for a thousand epochs. The fast one: a
spectral start and sampled softmax (Wu et al., "On the Effectiveness of Sampled Softmax Loss for Item Recommendation",
TOIS 2024), with good metrics from the first minute.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from model.networks.settings import BPR, SPECTRAL, batch_size_for
from model.networks.training.graph import (
    adjacency,
    invert_propagation,
    normalised_interactions,
    propagate,
    scaled,
    spectral_embeddings,
)
from model.networks.training.negative_sampling import NegativeSampler
from model.networks.training.network import device, normal_tensor, seed_epoch
from model.networks.training.validation import METRIC, mean_ndcg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch import Tensor

    from model.networks.problem import HeldOut
    from model.networks.settings import LightGCNSettings

RANDOM_SPREAD = 0.1  # standard deviation of the reference's start (gusye1234/LightGCN-PyTorch)
ROWS_PER_VECTOR = 4  # users, or items where they are fewer, per singular vector of the spectral start
MIN_DIMENSIONS = 16
IMPOSSIBLE = -1e9  # logit of a negative that equals the positive item


class LightGCN:
    """The network; see `network.Network`."""

    metric = METRIC

    def __init__(self, held: HeldOut, settings: LightGCNSettings) -> None:
        self._held, self._settings = held, settings
        problem = held.train
        self._user_count = problem.user_count
        self._device = device()
        normalised = normalised_interactions(problem)
        self.graph = adjacency(normalised, self._device)
        self._negatives = NegativeSampler(problem)
        if settings.start == SPECTRAL:
            # With as many singular vectors as users or items, the start would only reproduce the training data.
            most = max(MIN_DIMENSIONS, min(normalised.shape) // ROWS_PER_VECTOR)
            dimensions = min(settings.hidden_dimension, most)
            wanted = torch.from_numpy(spectral_embeddings(problem, dimensions, settings.seed)).to(self._device)
            start = invert_propagation(self.graph, wanted, settings.layers)
            degrees = torch.from_numpy(np.bincount(problem.items, minlength=problem.item_count)).to(self._device)
            start = scaled(start, propagate(self.graph, start, settings.layers), degrees, self._user_count)
        else:
            shape = (problem.user_count + problem.item_count, settings.hidden_dimension)
            start = normal_tensor(shape, RANDOM_SPREAD, seed_epoch(settings.seed, 0), self._device)
        self.parameters: dict[str, Tensor] = {"own": start}
        self.optimiser = torch.optim.Adam([start], lr=settings.learning_rate)
        self._batch_size = batch_size_for(len(problem), settings.batch_size)
        self.batch_count = -(-len(problem) // self._batch_size)

    def batches(self, random: np.random.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:  # noqa: D102
        problem, settings = self._held.train, self._settings
        order = random.permutation(len(problem))
        for begin in range(0, order.size, self._batch_size):
            places = order[begin : begin + self._batch_size]
            users, items = problem.users[places], problem.items[places]
            if settings.loss == BPR:
                negatives = self._negatives.draw(np.repeat(users, settings.negatives), random)
            else:
                negatives = self._sample(random)
            yield self._numbers(users), self._numbers(items), self._numbers(negatives)

    def step(self, batch: Any) -> float:  # noqa: D102
        users, items, negatives = batch
        own = self.parameters["own"]
        first_item = self._user_count
        with torch.no_grad():
            means = propagate(self.graph, own, self._settings.layers)
        means.requires_grad_()
        user, positives, others = (
            functional.embedding(rows, means) for rows in (users, items + first_item, negatives + first_item)
        )
        if self._settings.loss == BPR:
            loss = pairwise_loss(user, positives, others)
            penalised = torch.cat([users, items + first_item, negatives + first_item])
        else:
            loss = sampled_softmax_loss(user, positives, others, items, negatives, self._held.train.item_count)
            penalised = torch.cat([users, items + first_item])
        loss.backward()
        with torch.no_grad():
            # The propagation is linear and symmetric: gradients are propagated by the same operator.
            gradient = propagate(self.graph, means.grad, self._settings.layers)
            if self._settings.regularization:
                strength = self._settings.regularization / users.numel()
                gradient.index_add_(0, penalised, own[penalised], alpha=strength)
        own.grad = gradient
        self.optimiser.step()
        own.grad = None
        return float(loss.detach())

    def validate(self) -> float:  # noqa: D102
        users, items = self.vectors()
        return mean_ndcg(self._held, lambda places: users[self._held.users[places]] @ items.T)

    def vectors(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the propagated embeddings, whose products are the scores.

        Returns
        -------
        users : float32 array of shape (users, dimensions)
        items : float32 array of shape (items, dimensions)
        """
        with torch.no_grad():
            means = propagate(self.graph, self.parameters["own"], self._settings.layers).cpu().numpy()
        return means[: self._user_count], means[self._user_count :]

    def messages(self) -> NDArray[np.float32]:
        """Return the message of each item to the users who interact with it: shape (items, dimensions).

        A user's mean over the layers is a share of their own embedding plus their items' layers but the last, over the
        root of both degrees: all but the user's own embedding and degree is independent of the user.
        """
        layers = self._settings.layers
        if layers == 0:
            return self.vectors()[1]
        with torch.no_grad():
            passed = propagate(self.graph, self.parameters["own"], layers - 1) * (layers / (layers + 1))
        degrees = np.maximum(1, np.bincount(self._held.train.items, minlength=self._held.train.item_count))
        result: NDArray[np.float32] = passed[self._user_count :].cpu().numpy() / np.sqrt(degrees)[:, None]
        return result.astype(np.float32)

    def _sample(self, random: np.random.Generator) -> NDArray[np.int32]:
        """Return a sample of negative items, or all items of a small catalogue."""
        wanted, item_count = self._settings.negatives, self._held.train.item_count
        if item_count <= wanted:
            return np.arange(item_count, dtype=np.int32)
        return random.integers(0, item_count, wanted, dtype=np.int32)

    def _numbers(self, places: NDArray[np.int32]) -> Tensor:
        return torch.from_numpy(places.astype(np.int64)).to(self._device)


def pairwise_loss(user: Tensor, positives: Tensor, others: Tensor) -> Tensor:
    """Return the mean of -ln sigmoid(positive score - negative score) (BPR).

    Parameters
    ----------
    user, positives : tensors of shape (batch, dimensions)
    others : tensor of shape (batch * negatives, dimensions)
    """
    by_user = others.view(user.shape[0], -1, user.shape[1])
    better = (user * positives).sum(dim=1, keepdim=True) - (by_user @ user.unsqueeze(2)).squeeze(2)
    return functional.softplus(-better).mean()


def sampled_softmax_loss(
    user: Tensor, positives: Tensor, others: Tensor, items: Tensor, negatives: Tensor, item_count: int
) -> Tensor:
    """Return the mean cross-entropy of the positive item against a sample of the catalogue.

    User vectors are normalised: their length changes no ranking, but would be learnt first.

    Parameters
    ----------
    user, positives : tensors of shape (batch, dimensions)
    others : tensor of shape (negatives, dimensions)
    items, negatives : integer tensors of shape (batch,) and (negatives,)
        The item numbers, so that no positive item is its own negative.
    item_count : int
        Weights each negative by the number of items that it represents.
    """
    user = functional.normalize(user, dim=1)
    wanted = (user * positives).sum(dim=1)
    logits = user @ others.T
    logits = logits.masked_fill(items[:, None] == negatives[None, :], IMPOSSIBLE)
    rest = torch.logsumexp(logits, dim=1) + math.log(item_count / negatives.numel())
    return (torch.logaddexp(wanted, rest) - wanted).mean()
