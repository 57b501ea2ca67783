"""The spectral start: what it scores by, and how near propagation brings vectors to it. Runs where PyTorch is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.networks.training.graph import (
    USER_POWER,
    adjacency,
    invert_propagation,
    normalised_interactions,
    propagate,
    spectral_embeddings,
)
from tests.factories.networks import ITEMS, SHELVES, shelves, shop_problem

DIMENSIONS = 8


@pytest.fixture(scope="module")
def problem():
    return shop_problem()


def test_the_start_scores_as_the_ideal_low_pass_filter_does(problem):
    matrix = normalised_interactions(problem, USER_POWER).toarray().astype(np.float64)
    _, _, right = np.linalg.svd(matrix, full_matrices=False)
    degrees = np.bincount(problem.items, minlength=problem.item_count)
    expected = matrix @ right[:DIMENSIONS].T @ right[:DIMENSIONS] * np.sqrt(degrees)

    wanted = spectral_embeddings(problem, DIMENSIONS, seed=1)
    scores = wanted[: problem.user_count] @ wanted[problem.user_count :].T

    # Alike but for the length of each user, which changes none of their rankings.
    assert [np.corrcoef(*pair)[0, 1] for pair in zip(scores, expected, strict=True)] == pytest.approx(
        np.ones(problem.user_count), abs=1e-3
    )


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_own_vectors_come_near_to_what_is_wanted_once_propagated(problem, layers):
    graph = adjacency(normalised_interactions(problem), torch.device("cpu"))
    wanted = torch.from_numpy(spectral_embeddings(problem, DIMENSIONS, seed=1))

    def missed(own):
        return float((propagate(graph, own, layers) - wanted).norm() / wanted.norm())

    before, after = missed(wanted), missed(invert_propagation(graph, wanted, layers))

    assert after <= 0.6 * before
    assert after < 0.3


def test_dimensions_that_the_graph_lacks_hold_small_numbers_and_not_zeros():
    wanted = spectral_embeddings(shelves(), ITEMS + 4, seed=1)

    assert wanted.shape[1] == ITEMS + 4
    assert np.abs(wanted[:, -1]).max() > 0
    assert np.abs(wanted[:, -1]).max() < 0.01 * np.abs(wanted[:, :SHELVES]).max()
