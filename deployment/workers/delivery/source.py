"""The records of a delivery stream, de-aggregated."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend.contract.aggregate import MalformedAggregateError, deaggregate_records, is_aggregated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from deployment.workers.shards import Record


class Row(NamedTuple):
    """One record of a delivery stream.

    ``subsequence`` is its index in its aggregate, 0 for a record of its own.
    """

    data: bytes
    arrived: float  # epoch seconds
    sequence: str
    subsequence: int
    partition_key: str

    @property
    def record_id(self) -> str:
        """The id of the record within its stream, in the transform's event and response."""
        return f"{self.sequence}{self.subsequence:06d}"


def rows_of(records: Iterable[Record], direct: bool) -> Iterator[Row]:
    """De-aggregate KPL records, as Firehose does first.

    Parameters
    ----------
    direct
        Whether they were put to the delivery stream itself; those are not de-aggregated.

    Yields
    ------
    Row
        Every record, in order. A damaged aggregate stays one record, so that the transform or the conversion rejects it
        and its bytes reach the error prefix.
    """
    for sequence, key, arrived, data in records:
        parts = [data]
        if not direct and is_aggregated(data):
            try:
                parts = deaggregate_records(data)
            except MalformedAggregateError:
                parts = [data]
        for place, part in enumerate(parts):
            yield Row(part, arrived, sequence, place, key)
