"""Converts records to a Parquet object with the columns of a Glue table."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from deployment.workers.delivery.failures import CONVERSION_FAILED, Failure
from deployment.workers.delivery.schema import HiveType, UnknownTypeError, parse_type
from deployment.workers.delivery.serde import ConversionError, RowReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deployment.workers.delivery.settings import Conversion
    from deployment.workers.delivery.source import Row

NO_TABLE = "DataFormatConversion.EntityNotFound"
NO_SCHEMA = "DataFormatConversion.InvalidSchema"


def columns_of(table: Mapping[str, Any]) -> list[tuple[str, HiveType]]:
    """Return name and type of the columns of a ``Table`` of Glue's GetTable, in order.

    Partition keys are left out, which the objects do not contain.

    Raises
    ------
    UnknownTypeError
        If the table has no columns, or one of a type that is not converted.
    """
    columns = (table.get("StorageDescriptor") or {}).get("Columns") or []
    if not columns:
        raise UnknownTypeError("the table has no columns")
    return [(column["Name"], parse_type(column["Type"])) for column in columns]


def convert(
    rows: Sequence[Row], columns: Sequence[tuple[str, HiveType]], conversion: Conversion, now: float
) -> tuple[bytes | None, list[Row], list[Failure]]:
    """Convert records to one Parquet object.

    Parameters
    ----------
    rows
        The records, each as JSON.
    now
        Epoch seconds.

    Returns
    -------
    tuple
        The object, or None when no record converts; the records in it; and a failure for every other record.
    """
    reader = RowReader(columns, conversion)
    converted: list[Row] = []
    values: list[list[object]] = []
    failures: list[Failure] = []
    for row in rows:
        try:
            values.extend(reader.read(row.data))
        except ConversionError as wrong:
            failures.append(Failure(row, CONVERSION_FAILED, wrong.code, wrong.message, 1, now))
        else:
            converted.append(row)
    if not converted:
        return None, [], failures
    return _write(values, columns, conversion.compression), converted, failures


def fail_all(rows: Sequence[Row], code: str, message: str, now: float) -> list[Failure]:
    """Return a failure for every record, for a table that cannot be used."""
    return [Failure(row, CONVERSION_FAILED, code, message, 1, now) for row in rows]


def _write(values: list[list[object]], columns: Sequence[tuple[str, HiveType]], compression: str) -> bytes:
    arrays = [
        pa.array([row[at] for row in values], type=type_.arrow, from_pandas=False)
        for at, (_, type_) in enumerate(columns)
    ]
    table = pa.Table.from_arrays(arrays, names=[name for name, _ in columns])
    target = io.BytesIO()
    # INT96 is how Hive's Parquet writer, which Firehose uses, writes a timestamp.
    codec = "NONE" if compression == "UNCOMPRESSED" else compression
    pq.write_table(table, target, compression=codec, use_deprecated_int96_timestamps=True, version="1.0")
    return target.getvalue()
