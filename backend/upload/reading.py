"""The rows of an uploaded object after those that are processed, read until a deadline."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from backend.upload.lines import GZIP_MAGIC, InvalidUploadError, read_chunks, skip_bytes, split_lines, unpack
from backend.upload.parquet.rows import is_parquet, parquet_rows
from backend.upload.rows import csv_rows, json_rows, read_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from backend.aws.deadline import Deadline
    from backend.upload.report import Format, Report, UploadDependencies
    from backend.upload.rows import UploadRow


def read_rows(report: Report, uploads: UploadDependencies, deadline: Deadline) -> Iterator[UploadRow]:
    """Return the rows after a report's position, and complete the report by the object's format and header.

    A gzip is first read to its end, so that one that is damaged or too large is refused before a record is stored.

    Raises
    ------
    InvalidUploadError
        Where the object cannot be processed.
    TimeoutError
        At the deadline; also raised by the rows.
    """
    if report.format == "text" and report.position == report.size_bytes:
        return iter(())
    begin = report.position if report.format == "text" else 0
    chunks = _until(deadline, _read(report, uploads, begin))
    if report.format is None:
        first = next(chunks, b"")
        report.format = _format_of(first)
        chunks = itertools.chain([first], chunks) if first else iter(())
    if report.format == "parquet":
        return _read_parquet(report, uploads, deadline)
    if report.format == "gzip":
        if report.unpacked_bytes is None:
            report.unpacked_bytes = sum(map(len, _until(deadline, unpack(chunks))))
            report.stalls = 0
            chunks = _until(deadline, _read(report, uploads, 0))
        chunks = skip_bytes(_until(deadline, unpack(chunks)), report.position)
    lines = split_lines(chunks, report.position, report.lines)
    if report.position == 0:
        first_line = next((line for line in lines if line.data.strip()), None)
        if first_line is None:
            raise InvalidUploadError("the object is empty")
        report.header = read_header(report.kind, first_line.data)
        if report.header is None:
            lines = itertools.chain([first_line], lines)
    return json_rows(lines) if report.header is None else csv_rows(lines, report.header, report.kind)


def _read(report: Report, uploads: UploadDependencies, begin: int) -> Iterator[bytes]:
    """Yield the object's bytes from a position."""
    part = f"bytes={begin}-"
    answer = (
        uploads.s3.get_object(Bucket=uploads.bucket, Key=report.key, IfMatch=report.etag, Range=part)
        if begin
        else uploads.s3.get_object(Bucket=uploads.bucket, Key=report.key, IfMatch=report.etag)
    )
    yield from read_chunks(answer["Body"])


def _read_parquet(report: Report, uploads: UploadDependencies, deadline: Deadline) -> Iterator[UploadRow]:
    def read_range(offset: int, length: int) -> bytes:
        asked = f"bytes={offset}-{offset + length - 1}"
        part = uploads.s3.get_object(Bucket=uploads.bucket, Key=report.key, IfMatch=report.etag, Range=asked)
        return part["Body"].read()

    return parquet_rows(report.kind, report.size_bytes, report.position, read_range, deadline)


def _format_of(first: bytes) -> Format:
    if is_parquet(first):
        return "parquet"
    return "gzip" if first.startswith(GZIP_MAGIC) else "text"


def _until(deadline: Deadline, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if deadline.seconds_left < 0:
            raise TimeoutError("the deadline comes before the end of the object")
        yield piece
