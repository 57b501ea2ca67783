"""Rows of Parquet as JSON lines, each after a letter that says what it is."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from backend.upload.lines import MAX_LINE_BYTES
from backend.upload.parquet.limits import BATCH_ROWS, MEMORY_BYTES, SLICE_ROWS
from backend.upload.parquet.opening import UnreadableParquetError, damaged, open_parquet, shown
from backend.upload.parquet.values import INVALID, reader_of

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Sequence

    from backend.upload.parquet.values import Reader


class Order(msgspec.Struct):
    """The object to read.

    Attributes
    ----------
    size
        Its bytes.
    position
        Rows that are already processed.
    fields, whole, objects
        Names of a record's fields, of those that are whole numbers or lists of them, and of those that are objects.
    """

    size: int
    position: int
    fields: list[str]
    whole: list[str]
    objects: list[str]


def read_object(order: Order, source: io.IOBase, output: BinaryIO) -> None:
    """Write the rows after a position, and the end, or the reason why they cannot be read."""
    try:
        file = open_parquet(source, order.size)
        try:
            _write_rows(file, order, output)
        except (MemoryError, UnreadableParquetError, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever the reader finds wrong is wrong with the object
            raise damaged(error, "a row group") from None
        output.write(b"E\n")
    except UnreadableParquetError as error:
        output.write(b"F %b\n" % msgspec.json.encode(str(error)))
    except MemoryError:
        rule = (
            f"{BATCH_ROWS} rows or a page of the Parquet need more than {MEMORY_BYTES >> 20} MiB of memory; "
            "write shorter values, or smaller pages"
        )
        output.write(b"F %b\n" % msgspec.json.encode(rule))


def _write_rows(file: Any, order: Order, output: BinaryIO) -> None:
    names = file.schema_arrow.names
    readers = _readers(file.schema_arrow, order)
    known = frozenset(order.fields)
    encode = msgspec.json.Encoder(decimal_format="number").encode
    rows = [file.metadata.row_group(index).num_rows for index in range(file.metadata.num_row_groups)]
    ends = list(itertools.accumulate(rows))
    groups = [index for index, end in enumerate(ends) if end > order.position]
    if not groups:
        return
    position = ends[groups[0]] - rows[groups[0]]
    for batch in file.iter_batches(batch_size=BATCH_ROWS, row_groups=groups, use_threads=False):
        skipped = max(0, order.position - position)
        for start in range(skipped, batch.num_rows, SLICE_ROWS):
            part = batch.slice(start, SLICE_ROWS)
            columns = [read(column) for read, column in zip(readers, part.columns, strict=True)]
            output.writelines(_lines(names, columns, known, encode, part.num_rows))
        position += batch.num_rows
    if position != file.metadata.num_rows:
        raise UnreadableParquetError("a row group of the Parquet has fewer rows than its footer states")


def _readers(schema: Any, order: Order) -> list[Reader]:
    readers = []
    for field in schema:
        reader = reader_of(field.name, field.type, order.whole, order.objects)
        if reader is None:
            remedy = "must be text with a JSON object" if field.name in order.objects else "must not be nested"
            raise UnreadableParquetError(
                f"the column {shown(field.name)} has the type {str(field.type)[:100]}; it {remedy}"
            )
        readers.append(reader)
    return readers


def _lines(
    names: Sequence[str], columns: Sequence[list[Any]], known: frozenset[str], encode: Any, count: int
) -> Iterator[bytes]:
    for values in zip(*columns, strict=True) if columns else [()] * count:
        if INVALID in values:
            yield _refused("malformed_json", names[values.index(INVALID)], "must be text in UTF-8")
            continue
        # A null is an absent field; a field that is not known is refused whatever its value is, as in JSON lines.
        fields = {
            name: value for name, value in zip(names, values, strict=True) if value is not None or name not in known
        }
        data = encode(fields)
        if len(data) > MAX_LINE_BYTES:
            yield _refused("too_large", "row", f"must be at most {MAX_LINE_BYTES} bytes")
        else:
            yield b"J %b\n" % data


def _refused(reason: str, field: str, rule: str) -> bytes:
    return b"X %b\n" % msgspec.json.encode((reason, field, rule))
