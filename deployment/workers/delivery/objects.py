"""The objects of one flush: their bytes and their names, the same again for the same records."""

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
    """What one flush of one shard is: a delivery stream's records from a first one on.

    As the position is moved only after the objects are written, a flush that is repeated after a crash begins at the
    same record, gets the same names, and overwrites instead of doubling.

    Parameters
    ----------
    delivery
        The delivery stream.
    shard_id
        The shard.
    first_sequence
        Sequence number of the first record.
    """

    delivery: Delivery
    shard_id: str
    first_sequence: str

    def key(self, oldest: float) -> str:
        """Name the object of delivered records.

        Parameters
        ----------
        oldest
            Epoch seconds of arrival of the oldest record in it.

        Returns
        -------
        str
            ``<prefix><stream>-<version>-YYYY-MM-dd-HH-mm-ss-<id><extension>``.
        """
        moment, name = self._moment(oldest), self._name("delivered")
        prefix = expand_prefix(self.delivery.prefix, moment, name.hex)
        return f"{prefix}{self._suffix(moment, name)}{self.delivery.extension}"

    def error_key(self, error_type: str, oldest: float) -> str:
        """Name the object of failures of one type.

        Parameters
        ----------
        error_type
            As it stands in the prefix.
        oldest
            Epoch seconds of arrival of the oldest record in it.

        Returns
        -------
        str
            The key; it has no extension, since failures are JSON lines whatever the delivered objects are.
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
    """Put records one behind the other.

    Parameters
    ----------
    rows
        The records.
    delimiter
        What follows each; nothing unless the delivery stream appends one, as on AWS.
    compress
        Whether the whole is gzipped.

    Returns
    -------
    bytes
        The object; without a time in its gzip header, so that the same records give the same bytes.
    """
    joined = b"".join(row.data + delimiter for row in rows)
    return gzip.compress(joined, GZIP_LEVEL, mtime=0) if compress else joined
