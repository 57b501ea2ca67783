"""Popular items by users' facts: the lists that the job of the data sets writes, read from S3 and kept for minutes."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from backend.recommend.calls import CallFailedError, finish, start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_s3 import S3Client

    from backend.aws.deadline import Deadline

KEY = "popular-by-fact.json"
"""The key of the lists in the bucket of the data sets."""

MODEL = "popular-by-fact"
"""The name of these lists where an answer names its model."""

FRESH_SECONDS = 300
RETRY_SECONDS = 30
"""Where the lists cannot be read, the last ones serve until they are read again after this time."""

MAX_BYTES = 8 * 1024 * 1024
"""Of five facts with 50 values and 100 items each: 1 MB where ids have 36 characters, 7 MB where they have 256."""

_NOT_MODIFIED = 304


class _Object(msgspec.Struct):
    lists: dict[str, dict[str, list[str]]]


_decode = msgspec.json.Decoder(_Object).decode
_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class FactLists:
    """The object with the lists, which is read again after five minutes if it has changed.

    Attributes
    ----------
    client
        Makes the client of S3, which is made for the first request that states a fact.
    """

    client: Callable[[], S3Client]
    bucket: str
    clock: Callable[[], float]
    _lists: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)
    _etag: str | None = None
    _read_next_at: float | None = None

    def read(self, deadline: Deadline) -> Mapping[str, Mapping[str, list[str]]]:
        """Return the item ids of each list by fact and value; empty where they have never been read."""
        now = self.clock()
        if self._read_next_at is not None and now < self._read_next_at:
            return self._lists
        etag = self._etag
        try:
            found = finish(start(lambda: self._get(etag)), deadline)
        except CallFailedError as error:
            # Without the permission to list the bucket, S3 answers AccessDenied until the first training.
            _logger.warning("the lists by fact cannot be read: %s", error)
            self._read_next_at = now + RETRY_SECONDS
            return self._lists
        if found is not None:
            self._etag, self._lists = found
        self._read_next_at = now + FRESH_SECONDS
        return self._lists

    def _get(self, etag: str | None) -> tuple[str, Mapping[str, Mapping[str, list[str]]]] | None:
        """Return the ETag and the lists; None where the object still has the known ETag."""
        known: Any = {} if etag is None else {"IfNoneMatch": etag}
        try:
            answered = self.client().get_object(Bucket=self.bucket, Key=KEY, **known)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == _NOT_MODIFIED:
                return None
            raise
        if answered["ContentLength"] > MAX_BYTES:
            raise CallFailedError("TooLarge")
        return answered["ETag"], _decode(answered["Body"].read()).lists
