"""S3 in memory, with the limits that AWS documents and faults on request."""

# ruff: noqa: N803 - the argument names are those of the AWS client

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections import Counter, defaultdict
from typing import Any

from botocore.response import StreamingBody

from tests.fakes.faults import Faults, client_error, played

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
MAX_KEY_BYTES = 1024


class FakeS3:
    """Buckets that exist by name, and their objects."""

    def __init__(self, *buckets: str) -> None:
        self.buckets = set(buckets)
        self.objects: dict[tuple[str, str], bytes] = {}
        self.puts: Counter[tuple[str, str]] = Counter()
        self.faults: defaultdict[str, Faults] = defaultdict(Faults)
        # For each of the next bodies, how many bytes it returns before its connection breaks.
        self.breaking_after: list[int] = []

    @played
    def put_object(
        self, *, Bucket: str, Key: str, Body: bytes, ContentType: str = "", IfMatch: str = "", IfNoneMatch: str = ""
    ) -> dict[str, Any]:
        self._check(Bucket)
        if not 1 <= len(Key.encode()) <= MAX_KEY_BYTES:
            raise client_error("KeyTooLongError", 400, "PutObject")
        there = self.objects.get((Bucket, Key))
        if IfMatch and there is None:
            raise client_error("NoSuchKey", 404, "PutObject")
        if there is not None and (IfNoneMatch == "*" or (IfMatch and IfMatch != _etag(there))):
            raise client_error("PreconditionFailed", 412, "PutObject")
        self.objects[Bucket, Key] = bytes(Body)
        self.puts[Bucket, Key] += 1
        return {"ETag": _etag(Body)}

    @played
    def head_object(self, *, Bucket: str, Key: str, ChecksumMode: str = "") -> dict[str, Any]:
        self._check(Bucket)
        if (Bucket, Key) not in self.objects:
            # HEAD has no body, so there is no code but the status.
            raise client_error("404", 404, "HeadObject", "Not Found")
        body = self.objects[Bucket, Key]
        head = {"ContentLength": len(body), "ETag": _etag(body), "VersionId": str(self.puts[Bucket, Key])}
        checksum = {"ChecksumSHA256": base64.b64encode(hashlib.sha256(body).digest()).decode()}
        return head | (checksum if ChecksumMode == "ENABLED" else {})

    @played
    def get_object(self, *, Bucket: str, Key: str, Range: str = "", IfMatch: str = "") -> dict[str, Any]:
        self._check(Bucket)
        if (Bucket, Key) not in self.objects:
            raise client_error("NoSuchKey", 404, "GetObject")
        body = self.objects[Bucket, Key]
        if IfMatch and IfMatch != _etag(body):
            raise client_error("PreconditionFailed", 412, "GetObject")
        part = body[self._part(Range, body)]
        raw = _Breaking(part, self.breaking_after.pop(0)) if self.breaking_after else io.BytesIO(part)
        return {"Body": StreamingBody(raw, len(part)), "ContentLength": len(part), "ETag": _etag(body)}

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        return sorted(key for name, key in self.objects if name == bucket and key.startswith(prefix))

    def json_lines(self, bucket: str) -> list[dict[str, Any]]:
        """Return every line of the bucket's objects."""
        return [json.loads(line) for key in self.keys(bucket) for line in self.objects[bucket, key].splitlines()]

    def _check(self, bucket: str) -> None:
        if bucket not in self.buckets:
            raise client_error("NoSuchBucket", 404)

    @staticmethod
    def _part(asked: str, body: bytes) -> slice:
        if not asked:
            return slice(None)
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", asked)
        assert found, f"unsupported range: {asked}"
        start = int(found[1])
        if start >= len(body):
            raise client_error("InvalidRange", 416, "GetObject")
        return slice(start, int(found[2]) + 1 if found[2] else None)


class FakePagesBucket:
    """A client of S3 that knows one bucket: its objects with their settings and tags, in the order of their writes."""

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket
        self.objects: dict[str, dict[str, Any]] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str, CacheControl: str) -> None:
        self._check(Bucket)
        # A new object has no tags of the one that it replaces.
        self.objects[Key] = {"Body": Body, "ContentType": ContentType, "CacheControl": CacheControl, "tags": []}

    def get_object_tagging(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        self._check(Bucket)
        return {"TagSet": self.objects[Key]["tags"]}

    def put_object_tagging(self, *, Bucket: str, Key: str, Tagging: dict[str, Any]) -> None:
        self._check(Bucket)
        self.objects[Key]["tags"] = Tagging["TagSet"]

    def delete_object(self, *, Bucket: str, Key: str) -> None:
        self._check(Bucket)
        del self.objects[Key]

    def get_paginator(self, name: str) -> FakePagesBucket:
        assert name == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str) -> list[dict[str, Any]]:
        """Return pages of two keys each, and an empty one, as a listing can have."""
        self._check(Bucket)
        keys = sorted(self.objects)
        pages = [[{"Key": key} for key in keys[start : start + 2]] for start in range(0, len(keys), 2)]
        return [*({"Contents": page} for page in pages), {"KeyCount": 0}]

    def _check(self, bucket: str) -> None:
        if bucket != self.bucket:
            raise client_error("NoSuchBucket", 404)


class _Breaking(io.BytesIO):
    def __init__(self, body: bytes, after: int) -> None:
        super().__init__(body)
        self._after = after

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= self._after:
            raise ConnectionResetError
        return super().read(size)


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'
