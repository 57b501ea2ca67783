"""The settings of a delivery stream, parsed from the API's response."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from deployment.workers.delivery.prefix import unsupported_expressions

if TYPE_CHECKING:
    from collections.abc import Mapping as Answer

MEBIBYTE = 1024 * 1024

DEFAULT_LAMBDA_BYTES = MEBIBYTE
DEFAULT_LAMBDA_SECONDS = 60
DEFAULT_LAMBDA_RETRIES = 3
"""Firehose developer guide, "Understand data transformation in Amazon Data Firehose": 1 MB or 60 s, three retries."""

SPOOL_PREFIX = "rivulet.hidden.firehose."
"""The prefix of the emulator's streams for direct puts (``deployment/emulator/firehose.py``)."""

COMPRESSIONS = frozenset({"UNCOMPRESSED", "GZIP"})
PARQUET_COMPRESSIONS = frozenset({"UNCOMPRESSED", "GZIP", "SNAPPY"})


class UnsupportedError(ValueError):
    """A delivery stream has a setting that the workers do not support, so nothing of it is delivered."""


@dataclass(frozen=True)
class Transform:
    """The function that transforms records."""

    function_arn: str
    buffer_bytes: int = DEFAULT_LAMBDA_BYTES
    buffer_seconds: float = DEFAULT_LAMBDA_SECONDS
    retries: int = DEFAULT_LAMBDA_RETRIES


@dataclass(frozen=True)
class Conversion:
    """The settings of the conversion from JSON to Parquet.

    Parameters
    ----------
    database, table, catalog, region
        The Glue table, whose latest version defines the columns.
    case_insensitive, dots_to_underscores, key_of_column
        Options of the OpenX JSON SerDe; `key_of_column` as pairs of column and JSON key.
    hive
        Whether the Hive JSON SerDe is used, which accepts one format of times only.
    hive_millis
        Whether it also accepts times in epoch milliseconds.
    """

    database: str
    table: str
    catalog: str | None = None
    region: str | None = None
    case_insensitive: bool = True
    dots_to_underscores: bool = False
    key_of_column: tuple[tuple[str, str], ...] = ()
    hive: bool = False
    hive_millis: bool = False
    compression: str = "SNAPPY"


@dataclass(frozen=True)
class Delivery:
    """One active delivery stream to S3; two that are equal need no restart.

    Parameters
    ----------
    name, arn, version
        The delivery stream; the version counts its changes and is part of the objects' names.
    created
        Epoch seconds of its creation.
    direct
        Whether producers put into it (DirectPut); its stream is then the emulator's hidden one.
    start
        Epoch seconds of the arrival of its first record; None for the oldest one.
    key_arn
        The KMS key of the objects, or None for the bucket's default.
    buffer_bytes, buffer_seconds
        The size, or the age of its first record, at which an object is written.
    gzip, extension, delimiter
        The format of an object that is not Parquet, and the extension of every object's name.
    zone
        Time zone of prefixes and names.
    """

    name: str
    arn: str
    version: str
    created: float
    stream_arn: str
    direct: bool
    start: float | None
    bucket: str
    prefix: str = ""
    error_prefix: str = ""
    key_arn: str | None = None
    buffer_bytes: int = 5 * MEBIBYTE
    buffer_seconds: float = 300
    gzip: bool = False
    extension: str = ""
    delimiter: bytes = b""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    transform: Transform | None = None
    conversion: Conversion | None = None

    @property
    def reader(self) -> str:
        """The name under which its positions are stored; a new stream under an old name has another one."""
        return f"delivery/{self.name}/{self.created:.3f}"


def spool_arn(delivery_arn: str) -> str:
    """Return the ARN of the hidden stream in which the emulator stores the direct puts of a delivery stream.

    The stream is not listed, has one shard, and is deleted with the delivery stream.
    """
    head, _, name = delivery_arn.partition(":deliverystream/")
    return f"{head.replace(':firehose:', ':kinesis:')}:stream/{SPOOL_PREFIX}{name}"


def read_delivery(description: Answer[str, Any]) -> Delivery | None:
    """Parse a DeliveryStreamDescription; None if it is not active or has no S3 destination.

    An `UnsupportedError` names an unsupported setting.
    """
    destinations = description.get("Destinations") or [{}]
    target = destinations[0].get("ExtendedS3DestinationDescription")
    if description.get("DeliveryStreamStatus") != "ACTIVE" or target is None:
        return None
    created = description["CreateTimestamp"].timestamp()
    source = (description.get("Source") or {}).get("KinesisStreamSourceDescription") or {}
    start = source.get("DeliveryStartTimestamp")
    processors = _processors(target)
    _check_supported(target, processors)
    encryption = (target.get("EncryptionConfiguration") or {}).get("KMSEncryptionConfig") or {}
    hints = target.get("BufferingHints") or {}
    conversion = _conversion(target.get("DataFormatConversionConfiguration") or {})
    gzip = target.get("CompressionFormat") == "GZIP"
    return Delivery(
        name=description["DeliveryStreamName"],
        arn=description["DeliveryStreamARN"],
        version=str(description.get("VersionId", 1)),
        created=created,
        stream_arn=source.get("KinesisStreamARN") or spool_arn(description["DeliveryStreamARN"]),
        direct="KinesisStreamARN" not in source,
        start=start.timestamp() if start else None,
        bucket=target["BucketARN"].rpartition(":")[2],
        prefix=target.get("Prefix") or "",
        key_arn=encryption.get("AWSKMSKeyARN"),
        error_prefix=target.get("ErrorOutputPrefix") or "",
        buffer_bytes=hints.get("SizeInMBs", 5) * MEBIBYTE,
        buffer_seconds=hints.get("IntervalInSeconds", 300),
        gzip=gzip,
        extension=target.get("FileExtension") or (".parquet" if conversion else ".gz" if gzip else ""),
        delimiter=_delimiter(processors),
        zone=ZoneInfo(target.get("CustomTimeZone") or "UTC"),
        transform=_transform(processors),
        conversion=conversion,
    )


def _check_supported(target: Answer[str, Any], processors: Answer[str, Answer[str, str]]) -> None:
    if (target.get("DynamicPartitioningConfiguration") or {}).get("Enabled"):
        raise UnsupportedError("dynamic partitioning")
    if target.get("S3BackupMode") == "Enabled":
        raise UnsupportedError("S3 backup of source records")
    if (compression := target.get("CompressionFormat") or "UNCOMPRESSED") not in COMPRESSIONS:
        raise UnsupportedError(f"compression {compression}")
    if unknown := set(processors) - {"Lambda", "AppendDelimiterToRecord"}:
        raise UnsupportedError(f"processor {', '.join(sorted(unknown))}")
    for template in (target.get("Prefix") or "", target.get("ErrorOutputPrefix") or ""):
        if wrong := unsupported_expressions(template):
            raise UnsupportedError(f"prefix expression {wrong[0]}")
    try:
        ZoneInfo(target.get("CustomTimeZone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnsupportedError(f"time zone {target['CustomTimeZone']}") from error


def _processors(target: Answer[str, Any]) -> dict[str, dict[str, str]]:
    processing = target.get("ProcessingConfiguration") or {}
    if not processing.get("Enabled"):
        return {}
    return {
        processor["Type"]: {
            parameter["ParameterName"]: parameter["ParameterValue"] for parameter in processor.get("Parameters") or []
        }
        for processor in processing.get("Processors") or []
    }


def _transform(processors: Answer[str, Answer[str, str]]) -> Transform | None:
    parameters = processors.get("Lambda")
    if parameters is None:
        return None
    return Transform(
        function_arn=parameters["LambdaArn"],
        buffer_bytes=int(float(parameters.get("BufferSizeInMBs", 1)) * MEBIBYTE),
        buffer_seconds=float(parameters.get("BufferIntervalInSeconds", DEFAULT_LAMBDA_SECONDS)),
        retries=int(parameters.get("NumberOfRetries", DEFAULT_LAMBDA_RETRIES)),
    )


def _delimiter(processors: Answer[str, Answer[str, str]]) -> bytes:
    parameters = processors.get("AppendDelimiterToRecord")
    if parameters is None:
        return b""
    # The parameter holds the escape sequence, as "\\n".
    return parameters.get("Delimiter", "\\n").replace("\\n", "\n").replace("\\t", "\t").encode()


def _conversion(configuration: Answer[str, Any]) -> Conversion | None:
    if not configuration or not configuration.get("Enabled", True):
        return None
    schema = configuration.get("SchemaConfiguration") or {}
    reading = (configuration.get("InputFormatConfiguration") or {}).get("Deserializer") or {}
    writing = (configuration.get("OutputFormatConfiguration") or {}).get("Serializer") or {}
    if "ParquetSerDe" not in writing:
        raise UnsupportedError("conversion to another format than Parquet")
    compression = (writing["ParquetSerDe"] or {}).get("Compression", "SNAPPY")
    if compression not in PARQUET_COMPRESSIONS:
        raise UnsupportedError(f"Parquet compression {compression}")
    openx = reading.get("OpenXJsonSerDe") or {}
    if (version := schema.get("VersionId") or "LATEST") != "LATEST":
        raise UnsupportedError(f"table version {version}")
    formats = set((reading.get("HiveJsonSerDe") or {}).get("TimestampFormats") or [])
    if formats - {"millis"}:
        raise UnsupportedError(f"timestamp format {min(formats - {'millis'})}")
    return Conversion(
        database=schema.get("DatabaseName", ""),
        table=schema.get("TableName", ""),
        catalog=schema.get("CatalogId"),
        region=schema.get("Region"),
        case_insensitive=openx.get("CaseInsensitive", True),
        dots_to_underscores=openx.get("ConvertDotsInJsonKeysToUnderscores", False),
        key_of_column=tuple(sorted((openx.get("ColumnToJsonKeyMappings") or {}).items())),
        hive="HiveJsonSerDe" in reading,
        hive_millis="millis" in formats,
        compression=compression,
    )
