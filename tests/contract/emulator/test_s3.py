"""Acknowledged objects of S3 and the settings of buckets survive the kill of the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployment.emulator.settings import ACCOUNT
from tests.fakes.emulator.durability import assert_not_stored, without_metadata
from tests.fakes.emulator.process import REGION

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.emulator.process import Emulator


def test_objects_with_their_metadata_and_versions(emulator: Emulator) -> None:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(
        Bucket="bucket", Key="a/é b", Body=b"old", Metadata={"made": "by"}, ContentType="text/x", Tagging="t=1"
    )
    s3.put_object(Bucket="bucket", Key="a/é b", Body=b"new", ContentEncoding="gzip")
    s3.put_object(Bucket="bucket", Key="gone", Body=b"x")
    s3.delete_object(Bucket="bucket", Key="gone")
    versions = s3.list_object_versions(Bucket="bucket")

    emulator.restart()

    after = s3.list_object_versions(Bucket="bucket")
    assert after["Versions"] == versions["Versions"]
    assert after["DeleteMarkers"] == versions["DeleteMarkers"]
    current = s3.get_object(Bucket="bucket", Key="a/é b")
    assert (current["Body"].read(), current["ContentEncoding"]) == (b"new", "gzip")
    old = next(each for each in after["Versions"] if each["Size"] == 3 and not each["IsLatest"])
    earlier = s3.get_object(Bucket="bucket", Key="a/é b", VersionId=old["VersionId"])
    assert (earlier["Body"].read(), earlier["Metadata"], earlier["ContentType"]) == (
        b"old",
        {"made": "by"},
        "text/x",
    )


def test_settings(emulator: Emulator) -> None:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "raw/"}, "Expiration": {"Days": 30}}
    s3.put_bucket_lifecycle_configuration(Bucket="bucket", LifecycleConfiguration={"Rules": [rule]})
    s3.put_public_access_block(Bucket="bucket", PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    s3.put_bucket_policy(Bucket="bucket", Policy='{"Version": "2012-10-17", "Statement": []}')
    s3.put_bucket_tagging(Bucket="bucket", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    calls: list[Callable[..., Any]] = [
        s3.get_bucket_lifecycle_configuration,
        s3.get_public_access_block,
        s3.get_bucket_policy,
        s3.get_bucket_tagging,
        s3.get_bucket_location,
    ]
    before = [without_metadata(call(Bucket="bucket")) for call in calls]

    emulator.restart()

    assert [without_metadata(call(Bucket="bucket")) for call in calls] == before


def test_object(emulator: Emulator) -> None:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    (emulator.directory / "s3" / ACCOUNT / "bucket").rmdir()
    (emulator.directory / "s3" / ACCOUNT / "bucket").write_text("in the way")

    assert_not_stored(s3.put_object, Bucket="bucket", Key="key", Body=b"lost")
