"""An accepted asynchronous invocation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """An accepted event; it is stored in the journal under these names."""

    id: str
    function_arn: str
    payload: Any
    accepted_at: float  # epoch seconds
