"""The process that reads one Parquet object: it gets bytes on request at its input, and writes records as JSON lines.

Each line of its output begins with a letter: `R` requests a range of bytes, `J` has a record, `X` a record that is
refused, `F` the reason why the object cannot be processed; `E` is the end of the rows.
"""

from __future__ import annotations

import io
import resource
import sys

import msgspec

from backend.upload.parquet.limits import MEMORY_BYTES, RANGE_BYTES
from backend.upload.parquet.source import RangedSource


def main() -> None:
    """Read the object of the order in the first argument."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    # Imported under the limit, which then applies to the threads that the import starts, too.
    from backend.upload.parquet.reading import Order, read_object  # noqa: PLC0415

    order = msgspec.json.decode(sys.argv[1], type=Order)
    ranged = RangedSource(order.size, sys.stdout.buffer, sys.stdin.buffer)
    source = io.BytesIO(ranged.read()) if order.size <= RANGE_BYTES else ranged
    read_object(order, source, sys.stdout.buffer)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
