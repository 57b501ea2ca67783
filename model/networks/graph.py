"""The graph of people and items: its normalised matrix, light propagation over it, and a start from its spectrum.

He et al., "LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation" (SIGIR 2020).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse

from model.recipes.directions import right_directions

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from model.networks.problem import Problem

# How much of an item's popularity the spectral start gives its vector back, which the normalisation took away.
POPULARITY_POWER = 0.5
FILLING = np.float32(0.001)
SCALE_AT_START = 6.0  # a person's best logits: enough to tell items apart, too little to be sure of any


def people_by_items(problem: Problem) -> sparse.csr_matrix:
    """Return the matrix of people and items, each entry over the roots of both degrees (LightGCN, equation 3).

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    sparse float32 matrix of shape (users, items)
    """
    shape = (problem.user_count, problem.item_count)
    of_users = np.maximum(1, np.bincount(problem.users, minlength=shape[0]))
    of_items = np.maximum(1, np.bincount(problem.items, minlength=shape[1]))
    values = 1.0 / np.sqrt(of_users[problem.users] * of_items[problem.items].astype(np.float64))
    return sparse.csr_matrix((values.astype(np.float32), (problem.users, problem.items)), shape=shape)


def adjacency(normalised: sparse.csr_matrix, device: torch.device) -> Tensor:
    """Return the symmetric matrix of the whole graph, people before items.

    Parameters
    ----------
    normalised : sparse matrix of shape (users, items)
    device : torch.device

    Returns
    -------
    sparse float32 tensor of shape (users + items, users + items)
    """
    pairs = normalised.tocoo()
    people, items = pairs.row, pairs.col + normalised.shape[0]
    places = (np.concatenate([people, items]), np.concatenate([items, people]))
    side = sum(normalised.shape)
    whole = sparse.csr_matrix((np.concatenate([pairs.data, pairs.data]), places), shape=(side, side))
    pointers, columns = (torch.from_numpy(part.astype(np.int64)) for part in (whole.indptr, whole.indices))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse", UserWarning)  # PyTorch calls this format, of 2021, a beta
        made = torch.sparse_csr_tensor(pointers, columns, torch.from_numpy(whole.data), whole.shape)
        return made.to(device)


def propagate(graph: Tensor, own: Tensor, layers: int) -> Tensor:
    """Pass vectors along the graph and return the mean of all layers (LightGCN, equations 3 and 4).

    The operator is symmetric, so the same function takes gradients back from the means to the vectors.

    Parameters
    ----------
    graph : sparse tensor of shape (n, n)
    own : tensor of shape (n, dimensions)
    layers : int

    Returns
    -------
    tensor of shape (n, dimensions)
    """
    total, layer = own.clone(), own
    for _ in range(layers):
        layer = graph @ layer
        total += layer
    return total.div_(layers + 1)


def spectral_start(normalised: sparse.csr_matrix, dimensions: int, layers: int, seed: int) -> NDArray[np.float32]:
    """Return vectors that, once propagated, score items nearly as a graph filter of so many directions does.

    Propagation multiplies the k-th pair of singular vectors by the mean of the powers of its singular value, so the
    start is divided by it. What comes out is the root of the singular value on either side, times the item's
    popularity to a power (the filter of Shen et al., "How Powerful is Graph Convolution for Recommendation?", CIKM
    2021).

    Parameters
    ----------
    normalised : sparse matrix of shape (users, items)
    dimensions : int
        Where the graph has fewer, the rest begins with small chance numbers, since zeros would never learn.
    layers, seed : int

    Returns
    -------
    float32 array of shape (users + items, dimensions)
    """
    random = np.random.default_rng(seed)
    right = right_directions(normalised, dimensions)
    projected = normalised @ right
    values = np.maximum(np.linalg.norm(projected, axis=0), np.float32(1e-6))
    smoothing = sum(values**power for power in range(layers + 1)) / (layers + 1)
    # Degrees: an entry is 1/sqrt(d_u d_i), so d_i = count of the item's entries.
    popularity = np.diff(normalised.tocsc().indptr).astype(np.float32) ** np.float32(POPULARITY_POWER)
    roots = np.sqrt(values) / smoothing
    start = FILLING * random.standard_normal((sum(normalised.shape), dimensions), np.float32)
    start[: normalised.shape[0], : values.size] = projected / values * roots
    start[normalised.shape[0] :, : values.size] = right * roots * popularity[:, None]
    return start


def scaled(start: Tensor, propagated: Tensor, item_degrees: Tensor, user_count: int) -> Tensor:
    """Scale a start so that the touched items' propagated vectors have the length `SCALE_AT_START` on average.

    Parameters
    ----------
    start, propagated : tensors of shape (users + items, dimensions)
    item_degrees : tensor of shape (items,)
    user_count : int

    Returns
    -------
    tensor of the shape of `start`
    """
    lengths = propagated[user_count:].norm(dim=1)
    mean = (lengths * item_degrees).sum() / item_degrees.sum()
    return start * (SCALE_AT_START / mean.clamp_min(1e-9))
