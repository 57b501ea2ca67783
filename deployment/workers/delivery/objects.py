"""The objects of one flush: their content and their keys, which are the same for the same records."""

from __future__ import annotations

import gzip
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deployment.workers.delivery.prefix import expand_error_prefix, expand_prefix, format_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deployment.workers.delivery.settings import Delivery
    from deployment.workers.delivery.source import Row

_NAMES = uuid.UUID("6f1f0f0a-4b0e-5b62-9e63-0d8b6a3a9c11")
"""The namespace of the object names' ids."""

GZIP_LEVEL = 6


@dataclass(frozen=True)
class Flush:
    """The records of one flush: those of a delivery stream's shard from a first record on.

    The position moves only after the objects are written. A flush that is repeated after a crash begins at the same
    record, so it gets the same keys and overwrites its objects instead of adding others.
    """

    delivery: Delivery
    shard_id: str
    first_sequence: str

    def key(self, oldest: float) -> str:
        """Return the key of the object of delivered records.

        Parameters
        ----------
        oldest
            Arrival of its oldest record, in epoch seconds.

        Returns
        -------
        str
            ``<prefix><stream>-<version>-YYYY-MM-dd-HH-mm-ss-<id><extension>``.
        """
        moment, name = self._moment(oldest), self._name("delivered")
        prefix = expand_prefix(self.delivery.prefix, moment, name.hex)
        return f"{prefix}{self._suffix(moment, name)}{self.delivery.extension}"

    def error_key(self, error_type: str, oldest: float) -> str:
        """Return the key of the object of failures of one type.

        It has no extension, since failures are JSON lines whatever the format of delivered objects is.
        """
        moment, name = self._moment(oldest), self._name(error_type)
        prefix = expand_error_prefix(self.delivery.error_prefix, self.delivery.prefix, error_type, moment, name.hex)
        return f"{prefix}{self._suffix(moment, name)}"

    def _moment(self, epoch_seconds: float) -> datetime:
        return datetime.fromtimestamp(epoch_seconds, UTC).astimezone(self.delivery.zone)

    def _name(self, kind: str) -> uuid.UUID:
        return uuid.uuid5(_NAMES, f"{self.delivery.reader}/{self.shard_id}/{self.first_sequence}/{kind}")

    def _suffix(self, moment: datetime, name: uuid.UUID) -> str:
        written = format_moment("yyyy-MM-dd-HH-mm-ss", moment)
        return f"{self.delivery.name}-{self.delivery.version}-{written}-{name}"


def join(rows: Sequence[Row], delimiter: bytes, compress: bool) -> bytes:
    """Concatenate records, each followed by the delimiter: empty unless the delivery stream appends one, as on AWS.

    The gzip header has no time, so that the same records give the same object.
    """
    joined = b"".join(row.data + delimiter for row in rows)
    return gzip.compress(joined, GZIP_LEVEL, mtime=0) if compress else joined
