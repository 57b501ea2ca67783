"""Reads the CSV objects of an import from S3, or from any endpoint with its API."""

from __future__ import annotations

import codecs
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from model.datasets.errors import ImportFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

CHUNK_BYTES = 1024 * 1024


def open_source(location: str, region: str, most_bytes: int) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield (key, lines) of each file of a data location.

    Parameters
    ----------
    location : str
        `s3://bucket/key` of one file, or `s3://bucket/prefix/` of a folder, whose first level is read.
    most_bytes : int
        Limit on the size of all files together.

    Raises
    ------
    ImportFailedError
        The location holds no files, cannot be read, or is too large.
    """
    scheme, _, rest = location.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise ImportFailedError(f"the data location {location} is not valid: it must be s3://bucket/…")
    client = boto3.client("s3", region_name=region, config=Config(s3={"addressing_style": "path"}))
    with _failures(location):
        keys = _first_level(client, bucket, key) if not key or key.endswith("/") else [key]
    if not keys:
        raise ImportFailedError(f"the data location {location} holds no files")
    for file_key in keys:
        with _failures(location):
            answer = client.get_object(Bucket=bucket, Key=file_key)
        most_bytes -= answer["ContentLength"]
        if most_bytes < 0:
            raise ImportFailedError(f"the data location {location} holds more than an import of this mode may have")
        yield file_key, _lines(answer["Body"], location)


@contextmanager
def _failures(location: str) -> Iterator[None]:
    """Turn errors of S3 into the failureReason of the job."""
    try:
        yield
    except ClientError as error:
        raise ImportFailedError(_reason(error, location)) from None
    except BotoCoreError as error:
        raise ImportFailedError(f"the data location {location} could not be read: {type(error).__name__}") from None


def _first_level(client: S3Client, bucket: str, prefix: str) -> list[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    # Markers such as _SUCCESS, and the folder itself, are empty.
    return [listed["Key"] for page in pages for listed in page.get("Contents", []) if listed["Size"] > 0]


def _lines(body: StreamingBody, location: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest = ""
    # The block spans the yields, but the consumer of the lines raises no errors of S3.
    with _failures(location):
        for chunk in body.iter_chunks(CHUNK_BYTES):
            *lines, rest = (rest + decoder.decode(chunk)).split("\n")
            for line in lines:
                yield f"{line}\n"
    if rest := rest + decoder.decode(b"", final=True):
        yield rest


def _reason(error: ClientError, location: str) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    if code in {"AccessDenied", "403"}:
        return f"insufficient privileges to read {location}: the role and the bucket policy must allow it"
    if code in {"NoSuchBucket", "NoSuchKey", "404"}:
        return f"the data location {location} is not valid: there is nothing there"
    return f"the data location {location} could not be read: {code}"
