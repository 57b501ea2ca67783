"""The errors that Kinesis returns."""

from __future__ import annotations

from typing import Any


class KinesisError(Exception):
    """An error response, with the exception's name in the API reference."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def invalid_argument(message: str) -> KinesisError:
    """Return the error for an invalid argument."""
    return KinesisError("InvalidArgumentException", message)


def constraint_violation(field: str, constraint: str) -> KinesisError:
    """Return the error for a member that violates a constraint of the service's model."""
    return KinesisError(
        "ValidationException",
        f"1 validation error detected: Value at '{field}' failed to satisfy constraint: {constraint}",
    )


def not_found(what: str, account: str) -> KinesisError:
    """Return the error for a stream or shard that does not exist."""
    return KinesisError("ResourceNotFoundException", f"{what} under account {account} not found.")


def body(error: KinesisError) -> dict[str, Any]:
    """Return the body of the error response."""
    return {"__type": error.name, "message": str(error)}
