"""Limits on uploaded Parquet."""

from __future__ import annotations

MAX_UNPACKED_BYTES = 4 * 1024 * 1024 * 1024
"""Decompressed bytes of all columns; a row group is found by its offset, so those before it need not be read."""

MAX_ROWS = 50_000_000
"""Rows of an object: as many as there may be lines."""

MAX_GROUP_ROWS = 4_000_000
"""Rows of a row group: an invocation that resumes within one decodes the rows before it, in four seconds at most."""

MAX_COLUMNS = 100
"""A record has a quarter of it; each column has a buffer."""

FOOTER_BYTES = 16 * 1024 * 1024
"""Bytes of the footer, which is in memory at once: some ten thousand row groups of every field."""

BUFFER_BYTES = 1024 * 1024
"""Bytes of a column that are read at once; a page beyond it is in memory at once."""

RANGE_BYTES = 4 * 1024 * 1024
"""Most bytes of one request to S3; a smaller object is read at once."""

MEMORY_BYTES = 512 * 1024 * 1024
"""Memory of the reader, half of the function's: its libraries take 70 MiB, and 25 columns of 1 MiB pages 100 MiB."""

BATCH_ROWS = 1024
"""Rows that are decoded at once."""

SLICE_ROWS = 128
"""Rows that are converted at once."""
