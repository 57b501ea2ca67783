"""Names of failed AWS calls, for the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError


def error_name(error: ClientError | BotoCoreError | OSError) -> str:
    """Return the error code of AWS, or the exception's type where AWS did not answer.

    The message is never logged: AWS quotes the request in it, and partition keys are user ids.
    """
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
