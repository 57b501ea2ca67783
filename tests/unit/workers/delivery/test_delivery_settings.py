from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from deployment.workers.delivery.settings import Delivery, UnsupportedError, read_delivery
from tests.factories.workers.records import DELIVERY_ARN, FUNCTION_ARN, STREAM_ARN

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def description(*, source: bool = True, **target: Any) -> dict[str, Any]:
    described: dict[str, Any] = {
        "DeliveryStreamName": "lake",
        "DeliveryStreamARN": DELIVERY_ARN,
        "DeliveryStreamStatus": "ACTIVE",
        "VersionId": "2",
        "CreateTimestamp": NOW,
        "Destinations": [{"ExtendedS3DestinationDescription": {"BucketARN": "arn:aws:s3:::lake-bucket", **target}}],
    }
    if source:
        described["Source"] = {
            "KinesisStreamSourceDescription": {"KinesisStreamARN": STREAM_ARN, "DeliveryStartTimestamp": NOW}
        }
    return described


def processor(type_: str, **parameters: str) -> dict[str, Any]:
    return {
        "Enabled": True,
        "Processors": [
            {
                "Type": type_,
                "Parameters": [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()],
            }
        ],
    }


def parquet(**changes: Any) -> dict[str, Any]:
    return {
        "Enabled": True,
        "SchemaConfiguration": {"DatabaseName": "db", "TableName": "events"},
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
        **changes,
    }


def described_delivery(**changes: Any) -> Delivery:
    delivery = read_delivery(description(**changes))
    assert delivery is not None
    return delivery


def test_missing_settings_have_the_documented_defaults():
    delivery = described_delivery()
    assert (delivery.bucket, delivery.version, delivery.stream_arn) == ("lake-bucket", "2", STREAM_ARN)
    assert (delivery.buffer_bytes, delivery.buffer_seconds) == (5 * 1024 * 1024, 300)
    assert (delivery.gzip, delivery.extension, delivery.delimiter) == (False, "", b"")
    assert delivery.transform is None
    assert delivery.conversion is None


def test_direct_puts_are_read_from_the_emulators_hidden_stream():
    delivery = described_delivery(source=False)
    assert delivery.direct
    assert delivery.start is None
    assert delivery.stream_arn == "arn:aws:kinesis:eu-central-1:000000000000:stream/rivulet.hidden.firehose.lake"


def test_a_transform_has_its_hints_and_retries():
    delivery = described_delivery(
        ProcessingConfiguration=processor(
            "Lambda",
            LambdaArn=FUNCTION_ARN,
            BufferSizeInMBs="0.5",
            BufferIntervalInSeconds="30",
            NumberOfRetries="1",
        )
    )
    assert delivery.transform is not None
    assert delivery.transform.function_arn == FUNCTION_ARN
    assert (delivery.transform.buffer_bytes, delivery.transform.buffer_seconds) == (512 * 1024, 30)
    assert delivery.transform.retries == 1


def test_a_conversion_makes_parquet():
    delivery = described_delivery(DataFormatConversionConfiguration=parquet())
    assert delivery.conversion is not None
    assert (delivery.conversion.database, delivery.conversion.table) == ("db", "events")
    assert delivery.extension == ".parquet"


def test_objects_are_encrypted_with_the_streams_key():
    key = {"KMSEncryptionConfig": {"AWSKMSKeyARN": "arn:aws:kms:eu-central-1:000000000000:key/k"}}

    delivery = described_delivery(EncryptionConfiguration=key)
    assert delivery.key_arn == "arn:aws:kms:eu-central-1:000000000000:key/k"


def test_gzip_and_delimiter():
    delivery = described_delivery(
        CompressionFormat="GZIP", ProcessingConfiguration=processor("AppendDelimiterToRecord", Delimiter="\\n")
    )
    assert (delivery.gzip, delivery.extension, delivery.delimiter) == (True, ".gz", b"\n")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ({"CompressionFormat": "ZIP"}, "ZIP"),
        ({"DynamicPartitioningConfiguration": {"Enabled": True}}, "dynamic partitioning"),
        ({"S3BackupMode": "Enabled"}, "backup"),
        ({"Prefix": "!{partitionKeyFromQuery:a}/"}, "partitionKeyFromQuery"),
        ({"CustomTimeZone": "Mars/Base"}, "Mars/Base"),
        ({"ProcessingConfiguration": processor("MetadataExtraction")}, "MetadataExtraction"),
        (
            {"DataFormatConversionConfiguration": parquet(OutputFormatConfiguration={"Serializer": {"OrcSerDe": {}}})},
            "Parquet",
        ),
        (
            {
                "DataFormatConversionConfiguration": parquet(
                    SchemaConfiguration={"DatabaseName": "d", "TableName": "t", "VersionId": "3"}
                )
            },
            "version 3",
        ),
        (
            {
                "DataFormatConversionConfiguration": parquet(
                    InputFormatConfiguration={"Deserializer": {"HiveJsonSerDe": {"TimestampFormats": ["yyyy"]}}}
                )
            },
            "yyyy",
        ),
    ],
)
def test_an_unsupported_setting_is_named(target: dict[str, Any], reason: str):
    with pytest.raises(UnsupportedError, match=reason):
        read_delivery(description(**target))


def test_a_stream_that_is_inactive_or_has_another_destination_is_ignored():
    assert read_delivery({**description(), "DeliveryStreamStatus": "DELETING"}) is None
    assert read_delivery({**description(), "Destinations": [{"HttpEndpointDestinationDescription": {}}]}) is None
