"""What can be wrong with a training of a network; each message says what would be right."""

from __future__ import annotations

from model.recipes.recipe import UnsuitableDataError


class NetworksError(UnsuitableDataError):
    """A network cannot be trained; a solution version fails with the message."""


class InvalidSettingError(NetworksError):
    """A hyper-parameter that there is not, or a value that it cannot have."""


class UnlearnableDataError(NetworksError):
    """There is nothing in the data that a network could learn."""


class TrainingDivergedError(NetworksError):
    """A training has left the finite numbers."""


class CheckpointMismatchError(NetworksError):
    """A checkpoint is of other data or other settings."""


class InterpreterError(NetworksError):
    """There is no Python with PyTorch, or it did not do the training."""
