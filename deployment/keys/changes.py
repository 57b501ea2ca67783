"""One change of a name at a time: Parameter Store writes on a condition only where a parameter is new.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from backend.aws.errors import error_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

INTERRUPTED_SECONDS = 15.0
"""A command that has held a name so long was interrupted: a change is a few calls."""

_POLL_SECONDS = 0.2
_HELD = frozenset({"ParameterAlreadyExists", "TooManyUpdates"})


@contextmanager
def sole_change(ssm: Any, parameter: str, tags: Sequence[dict[str, str]], clock: Any = time) -> Iterator[None]:
    """Hold a name while it is changed, by a parameter that only one command can make; others wait for it.

    Parameters
    ----------
    clock
        The module `time`, or another with its `monotonic` and `sleep`.
    """
    _take(ssm, parameter, tags, clock)
    try:
        yield
    finally:
        ssm.delete_parameters(Names=[parameter])


def _take(ssm: Any, parameter: str, tags: Sequence[dict[str, str]], clock: Any) -> None:
    mine: dict[str, Any] = {"Name": parameter, "Value": uuid4().hex, "Type": "String"}
    seen, since = None, clock.monotonic()
    while True:
        try:
            ssm.put_parameter(**mine, Tags=list(tags))
        except ClientError as error:
            if error_name(error) not in _HELD:
                raise
        else:
            return
        held = _holder(ssm, parameter)
        if held != seen:
            seen, since = held, clock.monotonic()
        elif (
            held is not None
            and clock.monotonic() - since >= INTERRUPTED_SECONDS
            # The next version, unless another command takes it, too.
            and ssm.put_parameter(**mine, Overwrite=True)["Version"] == held[1] + 1
        ):
            return
        clock.sleep(_POLL_SECONDS)


def _holder(ssm: Any, parameter: str) -> tuple[str, int] | None:
    found = ssm.get_parameters(Names=[parameter])["Parameters"]
    return (found[0]["Value"], found[0]["Version"]) if found else None
