"""What the tests of durability share: reading back, and writes that must fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


def read_stream(kinesis: Any, stream: str) -> list[bytes]:
    data = []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        start = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        data += [record["Data"] for record in kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]]
    return data


def assert_not_stored(call: Callable[..., Any], **arguments: Any) -> None:
    """Assert that a write fails with a 500, which every SDK retries."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return {member: value for member, value in answer.items() if member != "ResponseMetadata"}
