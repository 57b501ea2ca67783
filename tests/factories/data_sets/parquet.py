"""Parquet objects."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
from pyarrow import parquet


def parquet_bytes(columns: Any, **options: Any) -> bytes:
    """Return a Parquet object with columns, a table or a dict."""
    written = io.BytesIO()
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    parquet.write_table(table, written, **options)
    return written.getvalue()
