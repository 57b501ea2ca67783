"""The records of a delivery stream as they come in: taken out of aggregates, each with its own place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend.contract.aggregate import MalformedAggregate, is_aggregated, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from deployment.workers.shards import Record


class Row(NamedTuple):
    """One record on its way through a delivery stream.

    ``subsequence`` is its place in the aggregate it came in, 0 for a record of its own.
    """

    data: bytes
    arrived: float  # epoch seconds
    sequence: str
    subsequence: int
    partition_key: str

    @property
    def record_id(self) -> str:
        """What tells it from every other record of its stream, in the transform's event and answer."""
        return f"{self.sequence}{self.subsequence:06d}"


def rows_of(records: Iterable[Record], direct: bool) -> Iterator[Row]:
    """Take the records out of KPL aggregates, as Firehose does before anything else.

    Parameters
    ----------
    records
        As they lie in the shard.
    direct
        Whether they were put to the delivery stream itself, which takes nothing apart.

    Yields
    ------
    Row
        Every record, in order. An aggregate that is damaged goes on as the one record it is, so that the transform or
        the conversion refuses it and its bytes reach the error prefix.
    """
    for sequence, key, arrived, data in records:
        parts = [data]
        if not direct and is_aggregated(data):
            try:
                parts = unpack(data)
            except MalformedAggregate:
                parts = [data]
        for place, part in enumerate(parts):
            yield Row(part, arrived, sequence, place, key)
