"""The replay command against the laptop's AWS."""

from __future__ import annotations

import json

import pytest

from backend.aws.bad_rows import put_bad_rows
from backend.contract import Refusal, deaggregate_records, is_aggregated
from deployment import replay
from deployment.release.environment import Environment
from tests.factories.records import NOW, numbered_event

PREFIX = "rivulet-local"


@pytest.fixture
def cloud(shared_emulator, monkeypatch, tmp_path):
    s3 = shared_emulator.client("s3")
    account = shared_emulator.client("sts").get_caller_identity()["Account"]
    for purpose in ("bad-rows", "lake"):
        s3.create_bucket(
            Bucket=f"{PREFIX}-{account}-{purpose}", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
    shared_emulator.client("kinesis").create_stream(StreamName=f"{PREFIX}-events", ShardCount=2)
    rows = [
        (Refusal("refused_by_tracker", (), json.dumps(numbered_event(number, user_id=f"u-{number}")).encode()), NOW)
        for number in range(3)
    ]
    put_bad_rows(rows, s3, f"{PREFIX}-{account}-bad-rows", "forward")
    put_bad_rows([(Refusal("empty", (), b"{}"), NOW)], s3, f"{PREFIX}-{account}-bad-rows", "collect")
    variables = {
        "AWS_ENDPOINT_URL": shared_emulator.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    monkeypatch.setattr(replay, "open_environment", lambda name: Environment(name, variables))
    monkeypatch.setattr(replay, "STATES", tmp_path)
    return shared_emulator


def ids(cloud):
    kinesis = cloud.client("kinesis")
    found = []
    for shard in kinesis.list_shards(StreamName=f"{PREFIX}-events")["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=f"{PREFIX}-events", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        for record in kinesis.get_records(ShardIterator=iterator)["Records"]:
            data = record["Data"]
            found += [
                json.loads(each)["event_id"] for each in (deaggregate_records(data) if is_aggregated(data) else [data])
            ]
    return sorted(found)


def test_bad_rows_are_counted_then_sent_and_the_stream_is_replayed(cloud, capsys, tmp_path):
    assert replay.main(["local", "--dry-run"]) == 0
    assert "would be sent              3" in capsys.readouterr().out
    assert ids(cloud) == []

    assert replay.main(["local", "--stage", "forward"]) == 0
    assert ids(cloud) == ["e-0", "e-1", "e-2"]
    assert list(tmp_path.iterdir()) == []

    assert replay.main(["local", "--stream", "--since", "2026-01-01T00:00:00Z"]) == 0
    assert ids(cloud) == ["e-0", "e-0", "e-1", "e-1", "e-2", "e-2"]
    printed = capsys.readouterr().out
    assert printed.count("unaccounted                0") == 2
