"""Objects that jobs read from and write to S3 (any endpoint that speaks its API), by way of local files."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlparse

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
    """S3 does not give or take what a job needs; the message is the job's failureReason."""

    name = "S3Failed"


@dataclass(frozen=True)
class Location:
    """A place in S3.

    Attributes
    ----------
    key : str
        Of an object, or what the keys of a folder begin with ("" for the whole bucket).
    """

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    def inside(self, name: str) -> Location:
        """Return where an object lies in this folder; with or without a slash at its end, it is a folder."""
        folder = f"{self.key.rstrip('/')}/" if self.key else ""
        return Location(self.bucket, folder + name)


@dataclass(frozen=True)
class Found:
    """An object that is there."""

    location: Location
    size_bytes: int


def read_location(path: str, member: str) -> Location:
    """Read a path that a request names.

    Parameters
    ----------
    path : str
        `s3://bucket/key`.
    member : str
        Of the request, for the message.
    """
    parsed = urlparse(path)
    if parsed.scheme != "s3" or not parsed.netloc:
        raise InvalidInputError(f"{member} must be s3://bucket/…, not {path}")
    return Location(parsed.netloc, parsed.path.removeprefix("/"))


class S3Files:
    """Copies objects to files and files to objects; every method waits for the network, so call it in a thread."""

    def __init__(self, region: str) -> None:
        self._client: S3Client = boto3.client("s3", region_name=region, config=Config(s3={"addressing_style": "path"}))

    def find(self, location: Location) -> list[Found]:
        """Return the object of that key, or else all objects whose keys begin with it.

        Returns
        -------
        list of Found
            Sorted by key; without empty ones, which mark folders and successes.

        Raises
        ------
        S3FailedError
            There is nothing, or it may not be listed.
        """
        with _failures("read", location):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=location.bucket, Prefix=location.key)
            found = [
                Found(Location(location.bucket, one["Key"]), one["Size"])
                for page in pages
                for one in page.get("Contents", [])
                if one["Size"] > 0
            ]
        exact = [one for one in found if one.location == location]
        if not found:
            raise S3FailedError(f"the input path {location} is not valid: it holds no files")
        return exact or found

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
    """Turn what S3 refuses into the reason of the job's failure."""
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
