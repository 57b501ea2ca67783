"""The keys in Parameter Store, read rarely and compared in constant time."""

from __future__ import annotations

import hmac
import logging
from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from backend.aws.errors import error_name
from backend.aws.retries import CALL_PAUSE_SECONDS, THROTTLES, jittered_pauses
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

RETRY_SECONDS = 5
"""How long no read follows a failed one, so that one request waits for a timeout and not every one."""

FIRST_READ_SECONDS = 3
"""How long the first read is repeated, since without any keys no request can be answered."""

_logger = logging.getLogger(__name__)


class KeysUnreadableError(Exception):
    """The keys cannot be read, so no caller is identified."""


class _Failure(NamedTuple):
    at: float
    name: str
    may_pass: bool


@dataclass(slots=True)
class StoredKeys:
    """The keys below a path of Parameter Store.

    Parameters
    ----------
    clock
        Seconds of a clock that never goes back.
    sleep
        Waits some seconds.
    """

    client: SSMClient
    path: str
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _keys: Sequence[Key] = field(default_factory=list)
    _read_at: float | None = None
    _failure: _Failure | None = None
    _extra_reads: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_EXTRA_READS))

    def find(self, presented: str, now: datetime) -> Key | None:
        """Return the valid key whose digest is that of a presented one, or None.

        Raises
        ------
        KeysUnreadableError
            Where the keys cannot be read, and the last known ones are too old or do not have the presented one: it may
            be new, and a refusal would be cached.
        """
        was_read = self._age() >= FRESH_SECONDS and self._refresh()
        found = _match(self._keys, presented, now)
        if found is None and not was_read and not self._failed_recently() and self._may_read_again():
            self._refresh()
            found = _match(self._keys, presented, now)
        if found is None and self._failure is not None:
            raise self._unreadable(self._failure)
        return found

    def _may_read_again(self) -> bool:
        now, earlier = self.clock(), self._extra_reads
        if len(earlier) == MOST_EXTRA_READS and now - earlier[0] < FRESH_SECONDS:
            return False
        earlier.append(now)
        return True

    def _age(self) -> float:
        return inf if self._read_at is None else self.clock() - self._read_at

    def _failed_recently(self) -> bool:
        return self._failure is not None and self.clock() - self._failure.at < RETRY_SECONDS

    def _refresh(self) -> bool:
        """Read the keys, unless that failed a moment ago; return whether they were read."""
        if not self._failed_recently():
            try:
                self._keys = self._read_first() if self._read_at is None else self._read()
            except (ClientError, BotoCoreError) as error:
                self._failure = _Failure(self.clock(), error_name(error), _may_pass(error))
                _logger.warning(
                    "the keys of %s cannot be read, those known are %.0f s old: %s",
                    *(self.path, self._age(), self._failure.name),
                )
            else:
                self._read_at, self._failure = self.clock(), None
                return True
        if self._failure is not None and (self._age() >= KEPT_SECONDS or not self._failure.may_pass):
            raise self._unreadable(self._failure)
        return False

    def _unreadable(self, failure: _Failure) -> KeysUnreadableError:
        return KeysUnreadableError(f"the keys of {self.path} cannot be read, so requests are refused: {failure.name}")

    def _read_first(self) -> list[Key]:
        end = self.clock() + FIRST_READ_SECONDS
        for pause in jittered_pauses(CALL_PAUSE_SECONDS):
            try:
                return self._read()
            except (ClientError, BotoCoreError) as error:
                if not _may_pass(error) or self.clock() >= end:
                    raise
            self.sleep(pause)
        raise AssertionError("there is always a further pause")

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
