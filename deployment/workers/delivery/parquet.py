"""Records to one Parquet object with the columns of a Glue table."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from deployment.workers.delivery.failures import CONVERSION_FAILED, Failure
from deployment.workers.delivery.schema import HiveType, UnknownType, parse_type
from deployment.workers.delivery.serde import NotConvertible, RowReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deployment.workers.delivery.settings import Conversion
    from deployment.workers.delivery.source import Row

NO_TABLE = "DataFormatConversion.EntityNotFound"
NO_SCHEMA = "DataFormatConversion.InvalidSchema"


def columns_of(table: Mapping[str, Any]) -> list[tuple[str, HiveType]]:
    """Read a table's columns; partition keys are not written into the objects.

    Parameters
    ----------
    table
        The ``Table`` of Glue's GetTable.

    Returns
    -------
    list of tuple
        Name and type, in order.

    Raises
    ------
    UnknownType
        When the table has no columns, or one of a type that is not converted.
    """
    columns = (table.get("StorageDescriptor") or {}).get("Columns") or []
    if not columns:
        raise UnknownType("the table has no columns")
    return [(column["Name"], parse_type(column["Type"])) for column in columns]


def convert(
    rows: Sequence[Row], columns: Sequence[tuple[str, HiveType]], conversion: Conversion, now: float
) -> tuple[bytes | None, list[Row], list[Failure]]:
    """Make one Parquet object of records.

    Parameters
    ----------
    rows
        The records, JSON each.
    columns
        The table's columns.
    conversion
        The SerDe's options and the compression.
    now
        Epoch seconds.

    Returns
    -------
    tuple
        The object, or None when no record converts; the records in it; and a failure for every other.
    """
    reader = RowReader(columns, conversion)
    converted: list[Row] = []
    values: list[list[object]] = []
    failures: list[Failure] = []
    for row in rows:
        try:
            values.extend(reader.read(row.data))
        except NotConvertible as wrong:
            failures.append(Failure(row, CONVERSION_FAILED, wrong.code, wrong.message, 1, now))
        else:
            converted.append(row)
    if not converted:
        return None, [], failures
    return _write(values, columns, conversion.compression), converted, failures


def fail_all(rows: Sequence[Row], code: str, message: str, now: float) -> list[Failure]:
    """Refuse every record, where the table itself is wrong.

    Parameters
    ----------
    rows
        The records.
    code, message
        What is wrong.
    now
        Epoch seconds.

    Returns
    -------
    list of Failure
        One per record.
    """
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
