"""Copies objects of jobs between S3, or any endpoint with its API, and local files."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from model.engine.personalize.errors import EngineError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

CHUNK_BYTES = 1024 * 1024


class S3FailedError(EngineError):
    """S3 refused a read or a write of a job; the message becomes the failureReason of the job."""

    name = "S3Failed"


@dataclass(frozen=True)
class Location:
    """A location in S3: a key, or the prefix of the keys in a folder ("" for the whole bucket)."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    def join(self, name: str) -> Location:
        """Return the location of an object in this folder, whose key may end in a slash or not."""
        folder = f"{self.key.rstrip('/')}/" if self.key else ""
        return Location(self.bucket, folder + name)


@dataclass(frozen=True)
class S3Object:
    """An existing object."""

    location: Location
    size_bytes: int


def read_location(path: str, member: str) -> Location:
    """Parse an S3 path, `s3://bucket/key`, of a request's member, which the error names."""
    scheme, _, rest = path.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise InvalidInputError(f"{member} must be s3://bucket/…, not {path}")
    return Location(bucket, key)


class S3Files:
    """Copies objects to files and files to objects; every method blocks, so call it in a thread."""

    def __init__(self, region: str) -> None:
        self._client: S3Client = boto3.client("s3", region_name=region, config=Config(s3={"addressing_style": "path"}))

    def find(self, location: Location) -> list[S3Object]:
        """Return the object with a key or, if there is none, all objects with that prefix.

        Returns
        -------
        list of S3Object
            Sorted by key; without empty objects, which mark folders and successes.

        Raises
        ------
        S3FailedError
            There is no such object, or the bucket cannot be listed.
        """
        with _failures("read", location):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=location.bucket, Prefix=location.key)
            objects = [
                S3Object(Location(location.bucket, listed["Key"]), listed["Size"])
                for page in pages
                for listed in page.get("Contents", [])
                if listed["Size"] > 0
            ]
        exact = [found for found in objects if found.location == location]
        if not objects:
            raise S3FailedError(f"the input path {location} is not valid: it holds no files")
        return exact or objects

    def fetch(self, location: Location, path: Path) -> None:
        """Copy an object into a file."""
        with _failures("read", location), path.open("wb") as file:
            body = self._client.get_object(Bucket=location.bucket, Key=location.key)["Body"]
            for chunk in body.iter_chunks(CHUNK_BYTES):
                file.write(chunk)

    def store(self, path: Path, location: Location) -> None:
        """Copy a file into an object."""
        with _failures("write", location), path.open("rb") as file:
            self._client.upload_fileobj(file, location.bucket, location.key)

    def put(self, content: bytes, location: Location) -> None:
        """Write a small object."""
        with _failures("write", location):
            self._client.put_object(Bucket=location.bucket, Key=location.key, Body=content)


@contextmanager
def _failures(doing: str, location: Location) -> Iterator[None]:
    """Turn errors of S3 into the failureReason of the job."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in {"AccessDenied", "403"}:
            reason = f"insufficient privileges to {doing} {location}: the role and the bucket policy must allow it"
        elif code in {"NoSuchBucket", "NoSuchKey", "404"}:
            reason = f"the path {location} is not valid: there is nothing there"
        else:
            reason = f"S3 refused to {doing} {location}: {code}"
        raise S3FailedError(reason) from None
    except BotoCoreError as error:
        raise S3FailedError(f"S3 could not {doing} {location}: {type(error).__name__}") from None
