"""Opens a Parquet object, and refuses one that cannot be read within the limits before any of its rows is read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet

from backend.upload.lines import PARQUET_MAGIC
from backend.upload.parquet.limits import (
    BUFFER_BYTES,
    FOOTER_BYTES,
    MAX_COLUMNS,
    MAX_GROUP_ROWS,
    MAX_ROWS,
    MAX_UNPACKED_BYTES,
)

if TYPE_CHECKING:
    from io import IOBase

ENCRYPTED_MAGIC = b"PARE"

_SHOWN_CHARACTERS = 64
_TAIL_BYTES = 8
_CODECS = "SNAPPY, GZIP, BROTLI, LZ4_RAW, ZSTD or none"


class UnreadableParquetError(ValueError):
    """A Parquet object that cannot be processed at all; the message names the reason for the caller."""


def open_parquet(source: IOBase, size: int) -> Any:
    """Return the opened file of an object of `size` bytes that begins like Parquet.

    Raises
    ------
    UnreadableParquetError
        Where it is truncated, damaged, encrypted, or beyond a limit.
    """
    _check_tail(source, size)
    try:
        # Pages are read one by one, so that the size of a row group does not matter.
        file = parquet.ParquetFile(
            pa.PythonFile(source, mode="r"),
            buffer_size=BUFFER_BYTES,
            pre_buffer=False,
            coerce_int96_timestamp_unit="us",
            thrift_string_size_limit=FOOTER_BYTES,
            thrift_container_size_limit=FOOTER_BYTES,
            page_checksum_verification=True,
        )
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the reader finds wrong is wrong with the object
        raise damaged(error, "the footer") from None
    _check_counts(file.metadata)
    _check_columns(file.schema_arrow.names)
    return file


def damaged(error: Exception, place: str) -> UnreadableParquetError:
    """Return the error for a part of the object that the reader refuses."""
    text = str(error).lower()
    if "crypt" in text:
        return UnreadableParquetError("the object is encrypted Parquet; upload it without encryption")
    if "compression" in text:
        return UnreadableParquetError(
            f"{place} of the Parquet has a codec that cannot be read; write it with {_CODECS}"
        )
    return UnreadableParquetError(f"{place} of the Parquet is damaged")


def shown(name: str) -> str:
    """Return the name of a column for a message."""
    return repr(name[:_SHOWN_CHARACTERS])


def _check_tail(source: IOBase, size: int) -> None:
    truncated = UnreadableParquetError("the object begins like Parquet, but is truncated")
    if size < len(PARQUET_MAGIC) + _TAIL_BYTES:
        raise truncated
    source.seek(size - _TAIL_BYTES)
    tail = source.read(_TAIL_BYTES)
    source.seek(0)
    if tail[4:] == ENCRYPTED_MAGIC:
        raise UnreadableParquetError("the object is encrypted Parquet; upload it without encryption")
    footer_bytes = int.from_bytes(tail[:4], "little")
    if tail[4:] != PARQUET_MAGIC or footer_bytes > size - len(PARQUET_MAGIC) - _TAIL_BYTES:
        raise truncated
    if footer_bytes > FOOTER_BYTES:
        raise UnreadableParquetError(
            f"the footer of the Parquet has {footer_bytes} bytes, of at most {FOOTER_BYTES}; write larger row groups"
        )


def _check_counts(metadata: Any) -> None:
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    rows = [group.num_rows for group in groups]
    if min([metadata.num_rows, *rows]) < 0 or sum(rows) != metadata.num_rows:
        raise UnreadableParquetError("the footer of the Parquet is damaged")
    if metadata.num_rows > MAX_ROWS:
        raise UnreadableParquetError(
            f"the object has {metadata.num_rows} rows, of at most {MAX_ROWS}; split it into several objects"
        )
    if max(rows, default=0) > MAX_GROUP_ROWS:
        raise UnreadableParquetError(
            f"a row group has {max(rows)} rows, of at most {MAX_GROUP_ROWS}; write smaller row groups"
        )
    unpacked = sum(max(0, group.total_byte_size) for group in groups)
    if unpacked > MAX_UNPACKED_BYTES:
        raise UnreadableParquetError(
            f"the object unpacks to {unpacked} bytes, of at most {MAX_UNPACKED_BYTES}; split it into several objects"
        )


def _check_columns(names: list[str]) -> None:
    if len(names) > MAX_COLUMNS:
        raise UnreadableParquetError(f"the object has {len(names)} columns, of at most {MAX_COLUMNS}")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UnreadableParquetError(f"the object has the column {shown(twice[0])} twice")
