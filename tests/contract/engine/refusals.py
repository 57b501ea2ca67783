"""What tests of refusals and deletions share."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

NOT_FOUND = "ResourceNotFoundException"


def refusal(call: Any, **request: Any) -> tuple[str, str]:
    """Return name and message of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def outcome(call: Any, **request: Any) -> str:
    """Return the name of the error that a call ends with, or nothing where it is done."""
    try:
        call(**request)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def until_gone(describe: Any, **name: Any) -> None:
    """Wait until something is not there any more."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            describe(**name)
        except ClientError as error:
            if error.response["Error"]["Code"] == NOT_FOUND:
                return
            raise
        time.sleep(0.01)
    raise AssertionError(f"{name} is still there")
