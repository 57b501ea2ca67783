"""NeuMF: generalised matrix factorisation (GMF) and a multilayer perceptron (MLP), joined (He et al., WWW 2017).

Implicit feedback: positive items against sampled negatives, by cross-entropy. Explicit: ratings, by squared error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from model.networks.settings import EXPLICIT, batch_size_for
from model.networks.training.negative_sampling import NegativeSampler
from model.networks.training.network import device, normal_tensor, seed_epoch
from model.networks.training.validation import METRIC, mean_ndcg

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from model.networks.problem import HeldOut
    from model.networks.settings import NeuMFSettings

GMF, MLP = "gmf", "mlp"
BOTH = (GMF, MLP)
SPREAD = 0.01  # standard deviation of the vectors at the start (section 4.1)
JOINED_SHARE = 0.5  # of each pre-trained half in the joint output (section 3.4.1, alpha)


class NeuMF:
    """The network, or one of its halves; see `network.Network`."""

    def __init__(
        self, held: HeldOut, settings: NeuMFSettings, halves: tuple[str, ...] = BOTH, rate: float | None = None
    ) -> None:
        self._held, self._settings, self.halves = held, settings, halves
        self._device = device()
        self._explicit = settings.feedback == EXPLICIT
        self.metric = "rmse" if self._explicit else METRIC
        self._negatives = NegativeSampler(held.train)
        ratings = held.train.ratings
        self.parameters = _start(held, settings, halves, self._device)
        self.parameters["bias"] += float(ratings.mean()) if self._explicit and ratings.size else 0.0
        for tensor in self.parameters.values():
            tensor.requires_grad_()
        self.optimiser = torch.optim.Adam(
            list(self.parameters.values()), lr=rate or settings.learning_rate, weight_decay=settings.regularization
        )
        self._batch_size = batch_size_for(len(held.train), settings.batch_size)
        self.batch_count = -(-len(held.train) // self._batch_size)

    def batches(self, random: np.random.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:  # noqa: D102
        train, settings = self._held.train, self._settings
        order = random.permutation(len(train))
        for begin in range(0, order.size, self._batch_size):
            places = order[begin : begin + self._batch_size]
            users, items, labels = train.users[places], train.items[places], train.ratings[places]
            if not self._explicit:
                repeated = np.repeat(users, settings.negatives)
                drawn_items = self._negatives.draw(repeated, random)
                labels = np.concatenate([np.ones(users.size, np.float32), np.zeros(repeated.size, np.float32)])
                users, items = np.concatenate([users, repeated]), np.concatenate([items, drawn_items])
            yield self._numbers(users), self._numbers(items), torch.from_numpy(labels).to(self._device)

    def step(self, batch: Any) -> float:  # noqa: D102
        users, items, labels = batch
        scores = self._scores(users, items)
        if self._explicit:
            loss = functional.mse_loss(scores, labels)
        else:
            loss = functional.binary_cross_entropy_with_logits(scores, labels)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        return float(loss.detach())

    def validate(self) -> float:  # noqa: D102
        held = self._held
        if not self._explicit:
            return mean_ndcg(held, self._scores_of_all)
        if not held.users.size:
            return float("nan")
        with torch.no_grad():
            guessed = self._scores(self._numbers(held.users), self._numbers(held.items)).cpu().numpy()
        return float(np.sqrt(np.mean((guessed - held.ratings) ** 2)))

    def join(self, gmf: Mapping[str, Tensor], mlp: Mapping[str, Tensor]) -> None:
        """Start from two halves that were trained separately (section 3.4.1)."""
        with torch.no_grad():
            for name, tensor in self.parameters.items():
                source = gmf if name.startswith(GMF) else mlp
                if name == "bias":
                    tensor.copy_(JOINED_SHARE * (gmf[name] + mlp[name]))
                elif name.endswith("_out"):
                    tensor.copy_(JOINED_SHARE * source[name])
                else:
                    tensor.copy_(source[name])

    def exported(self) -> dict[str, NDArray[np.float32]]:
        """Return all parameters as arrays."""
        return {name: tensor.detach().cpu().numpy() for name, tensor in self.parameters.items()}

    def _scores(self, users: Tensor, items: Tensor) -> Tensor:
        parameters = self.parameters
        score = parameters["bias"].expand(users.numel())
        if GMF in self.halves:
            product = functional.embedding(users, parameters["gmf_users"]) * functional.embedding(
                items, parameters["gmf_items"]
            )
            score = score + product @ parameters["gmf_out"]
        if MLP in self.halves:
            user, item = (
                functional.embedding(users, parameters["mlp_users"]),
                functional.embedding(items, parameters["mlp_items"]),
            )
            first = functional.relu(
                user @ parameters["mlp_of_person"] + item @ parameters["mlp_of_item"] + parameters["mlp_first_bias"]
            )
            score = (
                score
                + functional.relu(first @ parameters["mlp_second"] + parameters["mlp_second_bias"])
                @ parameters["mlp_out"]
            )
        return score

    def _scores_of_all(self, places: NDArray[np.int32]) -> NDArray[np.float32]:
        items = torch.arange(self._held.train.item_count, device=self._device)
        with torch.no_grad():
            rows = [
                self._scores(torch.full_like(items, user), items).cpu().numpy()
                for user in self._held.users[places].tolist()
            ]
        return np.stack(rows)

    def _numbers(self, places: NDArray[np.int32]) -> Tensor:
        return torch.from_numpy(places.astype(np.int64)).to(self._device)


def _start(held: HeldOut, settings: NeuMFSettings, halves: tuple[str, ...], place: torch.device) -> dict[str, Tensor]:
    """Return the initial parameters; a half alone starts with the same values as in the joint network.

    The tower is that of section 4.1: vectors of twice the factors, then layers of twice and once the factors.
    """
    random = seed_epoch(settings.seed, 0)
    factors, users, items = settings.factors, held.train.user_count, held.train.item_count
    width = 2 * factors

    def vectors(count: int, size: int) -> Tensor:
        return normal_tensor((count, size), SPREAD, random, place)

    def layer(inputs: int, *shape: int) -> Tensor:
        # He et al., "Delving Deep into Rectifiers" (ICCV 2015): the variance stays from layer to layer.
        return normal_tensor(shape, float(np.sqrt(2.0 / inputs)), random, place)

    parameters = {
        "gmf_users": vectors(users, factors),
        "gmf_items": vectors(items, factors),
        "gmf_out": layer(factors, factors),
        "mlp_users": vectors(users, width),
        "mlp_items": vectors(items, width),
        "mlp_of_person": layer(2 * width, width, width),
        "mlp_of_item": layer(2 * width, width, width),
        "mlp_first_bias": torch.zeros(width, device=place),
        "mlp_second": layer(width, width, factors),
        "mlp_second_bias": torch.zeros(factors, device=place),
        "mlp_out": layer(factors, factors),
    }
    kept = {name: tensor for name, tensor in parameters.items() if name.partition("_")[0] in halves}
    return {**kept, "bias": torch.zeros(1, device=place)}
