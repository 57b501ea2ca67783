"""Small training problems and recipes of networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.datasets.catalogue import Catalogue
from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.networks.problem import Problem, problem_of
from model.networks.serving.lightgcn import LightGCNRecipe
from model.networks.serving.neumf import NeuMFRecipe
from tests.factories.training_data import shop_data

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.networks.serving.network_recipe import NetworkRecipe

SHELVES = 3
ITEMS = 12  # four on each shelf
FACTORS, WIDTH = 2, 4
REPORT = {"network": "made by hand", "best": None}


def shelves(user_count: int = 60, items_per_user: int = 3, seed: int = 5) -> Problem:
    """Return users who interact with items of one shelf only; times carry no information."""
    random = np.random.default_rng(seed)
    users = np.repeat(np.arange(user_count), items_per_user)
    items = np.concatenate(
        [random.permutation(4)[:items_per_user] * SHELVES + user % SHELVES for user in range(user_count)]
    )
    times = np.tile(np.arange(items_per_user), user_count)
    # Users of the first shelf rate highest, those of the last one lowest.
    ratings = 5.0 - items % SHELVES
    return Problem(
        users.astype(np.int32),
        items.astype(np.int32),
        times.astype(np.int64),
        ratings.astype(np.float32),
        user_count,
        ITEMS,
    )


def shop_problem(user_count: int = 120) -> Problem:
    """Return the small shop as a problem."""
    return problem_of(shop_data(user_count).interactions)


def catalogue(count: int = ITEMS) -> Catalogue:
    """Return items with their shelf as a feature."""
    ids = [f"item-{place}" for place in range(count)]
    return Catalogue(ids, [(f"SHELF={place % SHELVES}",) for place in range(count)], [0] * count)


def lightgcn_recipe() -> LightGCNRecipe:
    """Return a recipe whose item vectors point to their shelves, without training."""
    return LightGCNRecipe.from_trained(_data(), _lightgcn_arrays(ITEMS), REPORT)


def neumf_recipe() -> NeuMFRecipe:
    """Return a recipe with random parameters."""
    return NeuMFRecipe.from_trained(_data(), _neumf_arrays(ITEMS), REPORT)


def network_of(name: str, data: TrainingData) -> NetworkRecipe:
    """Return a recipe for data, without training."""
    items = len(data.interactions.item_ids)
    if name == "rivulet-lightgcn":
        return LightGCNRecipe.from_trained(data, _lightgcn_arrays(items), REPORT)
    return NeuMFRecipe.from_trained(data, _neumf_arrays(items), REPORT)


def _lightgcn_arrays(items: int) -> dict[str, NDArray[np.float32]]:
    vectors = np.eye(SHELVES, dtype=np.float32)[np.arange(items) % SHELVES]
    return {"vectors": vectors * 3, "messages": vectors, **_scalars(), "length": np.array([2.0], np.float32)}


def _neumf_arrays(items: int) -> dict[str, NDArray[np.float32]]:
    random = np.random.default_rng(3)

    def drawn(*shape):
        return random.standard_normal(shape).astype(np.float32)

    return {
        "products": drawn(items, FACTORS),
        "firsts": drawn(items, WIDTH),
        "of_person": drawn(WIDTH, WIDTH),
        "second": drawn(WIDTH, FACTORS),
        "second_bias": drawn(FACTORS),
        "out": drawn(FACTORS),
        "bias": drawn(1),
        "messages": drawn(items, FACTORS + WIDTH),
        **_scalars(),
    }


def _scalars():
    return {"decay": np.array([0.9], np.float32)}


def _data() -> TrainingData:
    """Return data with the same items as the arrays, and one item without interactions."""
    rows = [(f"user-{item}", f"item-{item}", 100 + item) for item in range(ITEMS)]
    return TrainingData(from_rows(rows), catalogue(ITEMS + 1))
