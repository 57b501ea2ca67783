"""The user-item graph: its normalised adjacency matrix, light propagation, and a spectral start.

He et al., "LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation" (SIGIR 2020).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse

from model.arrays.truncated_svd import right_singular_vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from model.networks.problem import Problem

# Exponent of the user degree in the start, so that users with many interactions weigh more than with the graph's own
# root. As in `graph_filter.sharpened_filter`; better than 1/2 on Gowalla's validation split.
USER_POWER = 0.3
GRAPH_POWER = 0.5  # that of LightGCN, for users and for items
CORRECTIONS = 2  # of the start's own embeddings; more change little
CORRECTION = 1.5  # step size of the correction: propagation has eigenvalues from 0 to 1, so that 2 would diverge
FILLING = np.float32(0.001)
SCALE_AT_START = 6.0  # a user's highest logits: enough to separate items, too low to saturate the softmax


def normalised_interactions(problem: Problem, user_power: float = GRAPH_POWER) -> sparse.csr_matrix:
    """Return the interaction matrix, each entry divided by powers of both degrees (LightGCN, equation 3: the roots).

    Returns
    -------
    sparse float32 matrix of shape (users, items)
    """
    shape = (problem.user_count, problem.item_count)
    user_degrees = np.maximum(1, np.bincount(problem.users, minlength=shape[0]))
    item_degrees = np.maximum(1, np.bincount(problem.items, minlength=shape[1]))
    values = np.power(user_degrees, -user_power)[problem.users] * np.power(item_degrees, -GRAPH_POWER)[problem.items]
    return sparse.csr_matrix((values.astype(np.float32), (problem.users, problem.items)), shape=shape)


def adjacency(normalised: sparse.csr_matrix, device: torch.device) -> Tensor:
    """Return the symmetric adjacency matrix of the whole graph, users before items.

    Parameters
    ----------
    normalised : sparse matrix of shape (users, items)

    Returns
    -------
    sparse float32 tensor of shape (users + items, users + items)
    """
    pairs = normalised.tocoo()
    users, items = pairs.row, pairs.col + normalised.shape[0]
    places = (np.concatenate([users, items]), np.concatenate([items, users]))
    side = sum(normalised.shape)
    whole = sparse.csr_matrix((np.concatenate([pairs.data, pairs.data]), places), shape=(side, side))
    pointers, columns = (torch.from_numpy(part.astype(np.int64)) for part in (whole.indptr, whole.indices))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse", UserWarning)  # PyTorch calls this format, of 2021, a beta
        tensor = torch.sparse_csr_tensor(pointers, columns, torch.from_numpy(whole.data), whole.shape)
        return tensor.to(device)


def propagate(graph: Tensor, own: Tensor, layers: int) -> Tensor:
    """Propagate embeddings along the graph and return the mean of all layers (LightGCN, equations 3 and 4).

    The operator is symmetric, so the same function propagates gradients back.

    Parameters
    ----------
    graph : sparse tensor of shape (n, n)
    own : tensor of shape (n, dimensions)

    Returns
    -------
    tensor of shape (n, dimensions)
    """
    total, layer = own.clone(), own
    for _ in range(layers):
        layer = graph @ layer
        total += layer
    return total.div_(layers + 1)


def spectral_embeddings(problem: Problem, dimensions: int, seed: int) -> NDArray[np.float32]:
    """Return embeddings whose products are the scores of an ideal low-pass filter over the graph.

    A user is the projection of their items on the top singular vectors, each divided by the root of its popularity; an
    item is multiplied by that root (Shen et al., "How Powerful is Graph Convolution for Recommendation?", CIKM 2021).

    Parameters
    ----------
    dimensions : int
        Where the graph has fewer, the rest is filled with small random numbers, since zeros would never learn.

    Returns
    -------
    float32 array of shape (users + items, dimensions)
        Users, of length 1; then items, all of them together as large as all users.
    """
    matrix = normalised_interactions(problem, USER_POWER)
    right = right_singular_vectors(matrix, dimensions)
    users = matrix @ right
    users /= np.maximum(np.linalg.norm(users, axis=1, keepdims=True), np.float32(1e-12))
    degrees = np.bincount(problem.items, minlength=problem.item_count).astype(np.float32)
    items = right * np.power(degrees, np.float32(GRAPH_POWER))[:, None]
    items *= np.linalg.norm(users) / np.maximum(np.linalg.norm(items), np.float32(1e-12))
    embeddings = FILLING * np.random.default_rng(seed).standard_normal(
        (len(users) + len(items), dimensions), np.float32
    )
    embeddings[:, : right.shape[1]] = np.concatenate([users, items])
    return embeddings


def invert_propagation(graph: Tensor, wanted: Tensor, layers: int) -> Tensor:
    """Return embeddings that propagation maps close to the wanted ones.

    A few steps of Richardson's iteration: components that propagation nearly removes would need unbounded embeddings.

    Parameters
    ----------
    graph : sparse tensor of shape (n, n)
    wanted : tensor of shape (n, dimensions)

    Returns
    -------
    tensor of shape (n, dimensions)
    """
    own = wanted.clone()
    for _ in range(CORRECTIONS):
        own += CORRECTION * (wanted - propagate(graph, own, layers))
    return own


def scaled(start: Tensor, propagated: Tensor, item_degrees: Tensor, user_count: int) -> Tensor:
    """Scale a start so that the propagated vectors of positive items have the length `SCALE_AT_START` on average.

    Parameters
    ----------
    start, propagated : tensors of shape (users + items, dimensions)
    item_degrees : tensor of shape (items,)

    Returns
    -------
    tensor of the shape of `start`
    """
    lengths = propagated[user_count:].norm(dim=1)
    mean = (lengths * item_degrees).sum() / item_degrees.sum()
    return start * (SCALE_AT_START / mean.clamp_min(1e-9))
