"""POST /uploads: an address for exactly the announced object."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config

from backend.collect.update_data import post_update_data
from backend.contract.generators.errors import UPLOAD_TOO_LARGE
from backend.contract.limits import MAX_UPLOAD_BYTES
from backend.http import BadRequestError, NotFoundError, TooLargeError
from backend.upload.addresses import post_uploads
from tests.factories.records import NOW
from tests.fakes.functions.front_door import FrontDoor, request

DATA = b'{"item_id": "mug"}\n'
ANNOUNCED = {
    "size_bytes": len(DATA),
    "sha256": hashlib.sha256(DATA).hexdigest(),
    "content_type": "application/x-ndjson",
}


@pytest.fixture
def door() -> FrontDoor:
    door = FrontDoor()
    signer = boto3.client(
        "s3",
        region_name="eu-central-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}),
    )
    fake: Any = door.s3
    fake.generate_presigned_url = signer.generate_presigned_url
    return door


def address(door: FrontDoor, **changes: Any) -> dict[str, Any]:
    body = json.dumps(ANNOUNCED | changes).encode()
    answered = post_uploads(request(body, resource="/uploads"), door.uploads, NOW)
    assert answered["statusCode"] == 201
    answer: dict[str, Any] = json.loads(answered["body"])
    return answer


def update_data(door: FrontDoor, source: str) -> dict[str, Any]:
    body = json.dumps({"kind": "items", "source": source}).encode()
    answer: dict[str, Any] = json.loads(post_update_data(request(body), door.submission())["body"])
    return answer


def test_the_signature_covers_size_type_checksum_and_that_there_is_no_object_yet(door):
    answer = address(door)

    url = urlsplit(answer["url"])
    query = parse_qs(url.query)
    assert url.netloc == "uploads.s3.eu-central-1.amazonaws.com"
    assert answer["source"] == f"s3://uploads{url.path}"
    assert query["X-Amz-SignedHeaders"] == ["content-length;content-type;host;if-none-match;x-amz-checksum-sha256"]
    assert query["X-Amz-Expires"] == ["900"]
    assert answer["headers"] == {
        "Content-Type": "application/x-ndjson",
        "If-None-Match": "*",
        "x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(DATA).digest()).decode(),
    }
    assert answer["expires_at"] > NOW.isoformat()[:16]


def test_each_address_is_another_one(door):
    assert address(door)["source"] != address(door)["source"]


def test_the_announced_object_is_processed(door):
    source = address(door)["source"]
    door.s3.objects["uploads", source.partition("uploads/")[2]] = DATA

    assert update_data(door, source)["state"] == "WAITING"


def test_an_object_that_has_not_arrived_is_named(door):
    with pytest.raises(NotFoundError, match="has not arrived"):
        update_data(door, address(door)["source"])


@pytest.mark.parametrize("other", [DATA + b"\n", DATA.replace(b"mug", b"cup")], ids=["size", "content"])
def test_another_object_at_the_address_is_refused(door, other):
    source = address(door)["source"]
    door.s3.objects["uploads", source.partition("uploads/")[2]] = other

    with pytest.raises(BadRequestError) as refused:
        update_data(door, source)
    assert (refused.value.code, refused.value.field) == ("not_as_announced", "source")
    assert door.functions.invoked == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"[]", "body"),
        (b'{"size_bytes": 1', "body"),
        (json.dumps(ANNOUNCED | {"key": "a"}).encode(), "key"),
        (json.dumps({"size_bytes": 1}).encode(), "sha256"),
        *(
            (json.dumps(ANNOUNCED | {name: value}).encode(), name)
            for name, values in {
                "size_bytes": [0, -1, "1", 1.5, True, None],
                "sha256": ["", "0" * 63, "A" * 64, 1, None],
                "content_type": ["image/png", "TEXT/CSV", 1, None],
            }.items()
            for value in values
        ),
    ],
)
def test_a_body_of_another_form_is_refused_with_its_field(door, body, field):
    with pytest.raises(BadRequestError) as refused:
        post_uploads(request(body, resource="/uploads"), door.uploads, NOW)
    assert refused.value.field == field


def test_an_object_that_would_be_too_large_gets_no_address(door):
    assert address(door, size_bytes=float(MAX_UPLOAD_BYTES))
    with pytest.raises(TooLargeError) as refused:
        address(door, size_bytes=MAX_UPLOAD_BYTES + 1)
    # The answer that the OpenAPI document has.
    error = {"code": refused.value.code, "message": refused.value.message, "field": refused.value.field}
    assert UPLOAD_TOO_LARGE["error"] == error | {"rule": refused.value.rule}
