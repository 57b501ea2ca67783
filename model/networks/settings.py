"""Hyper-parameters of the networks: what each is, and its default."""

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
        """Read hyper-parameters from texts, as solutions, SageMaker and the command line give them.

        Returns
        -------
        settings
            Those that are not stated have their defaults.
        """
        kinds = {one.name: type(one.default) for one in fields(cls)}
        unknown = sorted(set(parameters) - set(kinds))
        if unknown:
            raise InvalidSettingError(f"there is no hyper-parameter {unknown[0]}; there are {', '.join(sorted(kinds))}")
        return cls(**{name: _read(name, str(text), kinds[name]) for name, text in parameters.items()})


@dataclass(frozen=True)
class NeuMFSettings(_Settings):
    """Of NeuMF (He et al., "Neural Collaborative Filtering", WWW 2017).

    Attributes
    ----------
    feedback : str
        "implicit" (who touched what, with drawn negatives) or "explicit" (ratings).
    factors : int
        Predictive factors: the size of the GMF vectors and of the tower's last layer.
    negatives : int
        Items drawn per touched one, implicit only.
    pretrain : bool
        Train both halves alone first, then join them.
    epochs, patience : int
        Most epochs, and how many without a better validation metric end the training.
    batch_size : int
        Of touched items, at most; negatives come on top.
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
    """Of LightGCN (He et al., "LightGCN", SIGIR 2020); the defaults are the fast path.

    The reference schedule of the paper is hidden_dimension=64, loss=bpr, start=random, epochs=1000, patience=1000,
    batch_size=2048, negatives=1.

    Attributes
    ----------
    hidden_dimension : int
        With a spectral start, at most: a quarter of the users or of the items, where that is less.
    layers : int
        How often vectors are passed along the graph; all layers are averaged.
    loss : str
        "bpr" or "sampled_softmax".
    start : str
        "random" or "spectral": the strongest singular vectors of the graph.
    batch_size : int
        At most; small data are dealt out in more batches than that.
    negatives : int
        BPR: per touched item. Sampled softmax: per batch, shared by all of it.
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


MIN_BATCHES = 32  # of an epoch, so that small data are learnt from, too
MIN_BATCH_SIZE = 64


def batch_size_for(pairs: int, most: int) -> int:
    """Return the size of a batch: what is set, or less where that would leave few batches.

    Parameters
    ----------
    pairs : int
        All that is learnt from.
    """
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
