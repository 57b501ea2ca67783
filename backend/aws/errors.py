"""Names of failed AWS calls, for the log."""

from __future__ import annotations

from botocore.exceptions import ClientError


def error_name(error: BaseException) -> str:
    """Return the error code of AWS, or the exception's type where AWS did not answer.

    The message is never logged: AWS quotes the request in it, and partition keys are user ids.
    """
    return (
        error.response.get("Error", {}).get("Code", "Unknown")
        if isinstance(error, ClientError)
        else type(error).__name__
    )
