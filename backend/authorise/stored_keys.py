"""The keys in Parameter Store, read rarely and compared in constant time."""

from __future__ import annotations

import hmac
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from backend.aws.errors import error_name
from backend.aws.retries import THROTTLES
from backend.contract.access.keys import InvalidKeyError, Key, read_key, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mypy_boto3_ssm import SSMClient

FRESH_SECONDS = 30
"""How long the keys are used before they are read again: with the gateway's cache, a revoked key works that long."""

MOST_EXTRA_READS = 10
"""Most reads of so many seconds for keys that are not among those known: one may be new, but anyone can invent some."""

KEPT_SECONDS = 300
"""How long the last known keys are used while Parameter Store throttles or does not answer."""

_logger = logging.getLogger(__name__)


class KeysUnreadableError(Exception):
    """The keys cannot be read, so no caller is identified."""


@dataclass(slots=True)
class StoredKeys:
    """The keys below a path of Parameter Store.

    Parameters
    ----------
    clock
        Seconds of a clock that never goes back.
    """

    client: SSMClient
    path: str
    clock: Callable[[], float]
    _keys: Sequence[Key] = field(default_factory=list)
    _read_at: float | None = None
    _extra_reads: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_EXTRA_READS))

    def find(self, presented: str, now: datetime) -> Key | None:
        """Return the valid key whose digest is that of a presented one, or None; `KeysUnreadableError`."""
        was_read = self._refresh(FRESH_SECONDS)
        found = _match(self._keys, presented, now)
        if found is None and not was_read and self._may_read_again() and self._refresh(0):
            found = _match(self._keys, presented, now)
        return found

    def _may_read_again(self) -> bool:
        now, earlier = self.clock(), self._extra_reads
        if len(earlier) == MOST_EXTRA_READS and now - earlier[0] < FRESH_SECONDS:
            return False
        earlier.append(now)
        return True

    def _refresh(self, seconds: float) -> bool:
        """Read the keys again where they are older than so many seconds; return whether they were read."""
        age = None if self._read_at is None else self.clock() - self._read_at
        if age is not None and age < seconds:
            return False
        try:
            self._keys = self._read()
        except (ClientError, BotoCoreError) as error:
            name = error_name(error)
            if age is None or age >= KEPT_SECONDS or not _may_pass(error):
                message = f"the keys of {self.path} cannot be read, so every request is refused: {name}"
                raise KeysUnreadableError(message) from None
            _logger.warning("the keys of %s cannot be read, so those of %.0f s ago are used: %s", self.path, age, name)
            return False
        self._read_at = self.clock()
        return True

    def _read(self) -> list[Key]:
        pages = self.client.get_paginator("get_parameters_by_path").paginate(Path=self.path, WithDecryption=True)
        found = (_readable(each["Name"], each["Value"]) for page in pages for each in page["Parameters"])
        return [key for key in found if key is not None]


def _readable(name: str, text: str) -> Key | None:
    try:
        return read_key(text)
    except InvalidKeyError as error:
        _logger.error("the key %s is refused: %s", name, error)  # noqa: TRY400 - the message is all
        return None


def _match(keys: Sequence[Key], presented: str, now: datetime) -> Key | None:
    """Compare with every key, so that the time taken does not depend on which one matches."""
    digest = sha256_of(presented)
    found = None
    for key in keys:
        for version in key.valid_versions(now):
            if hmac.compare_digest(version.sha256, digest):
                found = key
    return found


def _may_pass(error: ClientError | BotoCoreError) -> bool:
    """Return whether a call may succeed later: it was throttled, or the service did not answer it."""
    if not isinstance(error, ClientError):
        return True
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error_name(error) in THROTTLES or status >= 500
