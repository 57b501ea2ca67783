"""The errors that Kinesis answers with."""

from __future__ import annotations

from typing import Any


class KinesisError(Exception):
    """A refusal, with the name that AWS gives it.

    Parameters
    ----------
    name
        The exception of the API reference.
    message
        What was wrong.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def invalid(message: str) -> KinesisError:
    """Refuse an argument that cannot be meant."""
    return KinesisError("InvalidArgumentException", message)


def violates(field: str, constraint: str) -> KinesisError:
    """Refuse a member that breaks a constraint of the service's model."""
    return KinesisError(
        "ValidationException",
        f"1 validation error detected: Value at '{field}' failed to satisfy constraint: {constraint}",
    )


def not_found(what: str, account: str) -> KinesisError:
    """Refuse a stream or shard that is not."""
    return KinesisError("ResourceNotFoundException", f"{what} under account {account} not found.")


def body(error: KinesisError) -> dict[str, Any]:
    """Give the body of the answer."""
    return {"__type": error.name, "message": str(error)}
