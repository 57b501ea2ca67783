"""Hyper-parameters of the networks, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from model.networks.errors import InvalidSettingError

if TYPE_CHECKING:
    from collections.abc import Mapping

SEED = 20261121
IMPLICIT, EXPLICIT = "implicit", "explicit"
BPR, SAMPLED_SOFTMAX = "bpr", "sampled_softmax"
RANDOM, SPECTRAL = "random", "spectral"


@dataclass(frozen=True)
class _Settings:
    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Self:
        """Parse hyper-parameters, which solutions, SageMaker and the command line pass as strings.

        A missing one has its default.
        """
        kinds = {setting.name: type(setting.default) for setting in fields(cls)}
        unknown = sorted(set(parameters) - set(kinds))
        if unknown:
            raise InvalidSettingError(f"unknown hyper-parameter {unknown[0]}; known are {', '.join(sorted(kinds))}")
        return cls(**{name: _read(name, str(text), kinds[name]) for name, text in parameters.items()})


@dataclass(frozen=True)
class NeuMFSettings(_Settings):
    """Settings of NeuMF (He et al., "Neural Collaborative Filtering", WWW 2017).

    Attributes
    ----------
    feedback : str
        "implicit" (interactions, with sampled negatives) or "explicit" (ratings).
    factors : int
        Predictive factors: the size of the GMF vectors and of the tower's last layer.
    negatives : int
        Negatives per positive item, implicit only.
    pretrain : bool
        Train both halves alone first, then join them.
    epochs, patience : int
        The most epochs, and how many without a better validation metric end the training.
    batch_size : int
        Most positive items per batch; negatives are added.
    """

    feedback: str = IMPLICIT
    factors: int = 32
    negatives: int = 4
    pretrain: bool = False
    epochs: int = 20
    patience: int = 5
    batch_size: int = 4096
    learning_rate: float = 0.002
    regularization: float = 0.0
    seed: int = SEED


@dataclass(frozen=True)
class LightGCNSettings(_Settings):
    """Settings of LightGCN (He et al., "LightGCN", SIGIR 2020); the defaults are the fast schedule.

    The reference schedule of the paper is hidden_dimension=64, loss=bpr, start=random, epochs=1000, patience=1000,
    batch_size=2048, negatives=1.

    Attributes
    ----------
    hidden_dimension : int
        With a spectral start, at most: a quarter of the users or of the items, where that is less.
    layers : int
        Number of propagations along the graph; all layers are averaged.
    loss : str
        "bpr" or "sampled_softmax".
    start : str
        "random" or "spectral": the top singular vectors of the graph.
    batch_size : int
        The most; small data are split into more batches.
    negatives : int
        BPR: per positive item. Sampled softmax: per batch, shared by its items.
    """

    hidden_dimension: int = 768
    layers: int = 3
    loss: str = SAMPLED_SOFTMAX
    start: str = SPECTRAL
    epochs: int = 20
    patience: int = 1
    batch_size: int = 16384
    negatives: int = 2048
    learning_rate: float = 0.001
    regularization: float = 0.0001
    seed: int = SEED


MIN_BATCHES = 32  # per epoch, so that small data are learnt as well
MIN_BATCH_SIZE = 64


def batch_size_for(pairs: int, most: int) -> int:
    """Return the batch size: the setting, or less where an epoch would have few batches."""
    return min(most, max(MIN_BATCH_SIZE, pairs // MIN_BATCHES))


CHOICES = {"feedback": (IMPLICIT, EXPLICIT), "loss": (BPR, SAMPLED_SOFTMAX), "start": (RANDOM, SPECTRAL)}
NONE_ALLOWED = frozenset({"epochs", "seed", "regularization", "layers"})  # zero is a value for these


def _read(name: str, text: str, kind: type) -> Any:
    if name in CHOICES:
        if text.lower() not in CHOICES[name]:
            raise InvalidSettingError(f"{name} is {text!r}; it must be {' or '.join(CHOICES[name])}")
        return text.lower()
    if kind is bool:
        if text.lower() not in {"true", "false"}:
            raise InvalidSettingError(f"{name} is {text!r}; it must be true or false")
        return text.lower() == "true"
    try:
        number = kind(float(text)) if kind is int and float(text).is_integer() else kind(text)
    except ValueError:
        raise InvalidSettingError(f"{name} is {text!r}; it must be a {'whole ' if kind is int else ''}number") from None
    if not (number > 0 or (number == 0 and name in NONE_ALLOWED)):
        least = "0 or more" if name in NONE_ALLOWED else "above 0"
        raise InvalidSettingError(f"{name} is {text}; it must be {least}")
    return number
