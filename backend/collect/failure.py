"""What a failed call to AWS is called in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError


def name_of(error: ClientError | BotoCoreError | OSError) -> str:
    """Return the error's code, or its kind where AWS did not answer.

    Never its message: AWS's messages quote what was sent, and partition keys are users.
    """
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
