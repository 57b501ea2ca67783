"""Errors of training a network; each message states what would be right."""

from __future__ import annotations

from model.recipes.recipe import UnsuitableDataError


class NetworksError(UnsuitableDataError):
    """A network cannot be trained; a solution version fails with the message."""


class InvalidSettingError(NetworksError):
    """An unknown hyper-parameter, or an invalid value of one."""


class UnlearnableDataError(NetworksError):
    """The data hold nothing that a network could learn."""


class TrainingDivergedError(NetworksError):
    """The loss of a training is no longer finite."""


class CheckpointMismatchError(NetworksError):
    """A checkpoint belongs to other data or other settings."""


class InterpreterError(NetworksError):
    """No Python with PyTorch was found, or it failed to train."""
