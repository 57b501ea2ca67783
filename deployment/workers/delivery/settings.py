"""What a delivery stream says, read once from the API's answer."""

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

SPOOL = "rivulet.hidden.firehose."
"""How the emulator names the streams that hold direct puts (``deployment/emulator/firehose.py``)."""

COMPRESSIONS = frozenset({"UNCOMPRESSED", "GZIP"})
PARQUET_COMPRESSIONS = frozenset({"UNCOMPRESSED", "GZIP", "SNAPPY"})


class Unsupported(ValueError):  # noqa: N818 - named for what is wrong
    """A delivery stream asks for something that is not done here, so nothing of it is done."""


@dataclass(frozen=True)
class Transform:
    """The function that records pass through.

    Parameters
    ----------
    function_arn
        The function.
    buffer_bytes, buffer_seconds
        How much it is given at once.
    retries
        How often a failed invocation is repeated.
    """

    function_arn: str
    buffer_bytes: int = DEFAULT_LAMBDA_BYTES
    buffer_seconds: float = DEFAULT_LAMBDA_SECONDS
    retries: int = DEFAULT_LAMBDA_RETRIES


@dataclass(frozen=True)
class Conversion:
    """How JSON becomes Parquet.

    Parameters
    ----------
    database, table, catalog, region
        The Glue table whose columns, in its latest version, the objects get.
    case_insensitive, dots_to_underscores, key_of_column
        Options of the OpenX JSON SerDe; `key_of_column` as pairs of column and JSON key.
    hive
        Whether the Hive JSON SerDe reads, which knows only one way to write a time.
    hive_millis
        Whether it also takes times as epoch milliseconds.
    compression
        Of the Parquet pages.
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
        What it is; the version counts its changes and stands in the objects' names.
    created
        Epoch seconds of its creation.
    stream_arn
        The Kinesis stream it reads.
    direct
        Whether producers put into it (DirectPut), and that stream is the one that holds what they put.
    start
        Epoch seconds of the arrival of the first record that is its; None for the oldest there is.
    bucket, prefix, error_prefix
        Where the objects go.
    key_arn
        The KMS key that objects are encrypted with, or None for the bucket's own way.
    buffer_bytes, buffer_seconds
        When an object is written: at so many bytes, or so long after its first record.
    gzip, extension, delimiter
        How an object that is not Parquet is written, and what every object's name ends in.
    zone
        Time zone of prefixes and names.
    transform, conversion
        What happens to records on the way, if anything.
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
        """The name under which its positions are kept; a stream made anew under the same name is another."""
        return f"delivery/{self.name}/{self.created:.3f}"


def spool_arn(delivery_arn: str) -> str:
    """Name the stream in which the emulator keeps what was put to a delivery stream until it is delivered.

    Parameters
    ----------
    delivery_arn
        ARN of the delivery stream.

    Returns
    -------
    str
        ARN of the stream; it is not listed, has one shard, and goes with the delivery stream.
    """
    head, _, name = delivery_arn.partition(":deliverystream/")
    return f"{head.replace(':firehose:', ':kinesis:')}:stream/{SPOOL}{name}"


def read_delivery(description: Answer[str, Any]) -> Delivery | None:
    """Read a DeliveryStreamDescription.

    Parameters
    ----------
    description
        The description.

    Returns
    -------
    Delivery or None
        None for one that is not active or has no S3 destination.

    Raises
    ------
    Unsupported
        When it asks for something that is not done here; the message names it.
    """
    destinations = description.get("Destinations") or [{}]
    target = destinations[0].get("ExtendedS3DestinationDescription")
    if description.get("DeliveryStreamStatus") != "ACTIVE" or target is None:
        return None
    created = description["CreateTimestamp"].timestamp()
    source = (description.get("Source") or {}).get("KinesisStreamSourceDescription") or {}
    start = source.get("DeliveryStartTimestamp")
    processors = _processors(target)
    _refuse_unsupported(target, processors)
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


def _refuse_unsupported(target: Answer[str, Any], processors: Answer[str, Answer[str, str]]) -> None:
    if (target.get("DynamicPartitioningConfiguration") or {}).get("Enabled"):
        raise Unsupported("dynamic partitioning")
    if target.get("S3BackupMode") == "Enabled":
        raise Unsupported("S3 backup of source records")
    if (compression := target.get("CompressionFormat") or "UNCOMPRESSED") not in COMPRESSIONS:
        raise Unsupported(f"compression {compression}")
    if unknown := set(processors) - {"Lambda", "AppendDelimiterToRecord"}:
        raise Unsupported(f"processor {', '.join(sorted(unknown))}")
    for template in (target.get("Prefix") or "", target.get("ErrorOutputPrefix") or ""):
        if wrong := unsupported_expressions(template):
            raise Unsupported(f"prefix expression {wrong[0]}")
    try:
        ZoneInfo(target.get("CustomTimeZone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Unsupported(f"time zone {target['CustomTimeZone']}") from error


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
    # The parameter is written with its escape, as "\\n".
    return parameters.get("Delimiter", "\\n").replace("\\n", "\n").replace("\\t", "\t").encode()


def _conversion(configuration: Answer[str, Any]) -> Conversion | None:
    if not configuration or not configuration.get("Enabled", True):
        return None
    schema = configuration.get("SchemaConfiguration") or {}
    reading = (configuration.get("InputFormatConfiguration") or {}).get("Deserializer") or {}
    writing = (configuration.get("OutputFormatConfiguration") or {}).get("Serializer") or {}
    if "ParquetSerDe" not in writing:
        raise Unsupported("conversion to another format than Parquet")
    compression = (writing["ParquetSerDe"] or {}).get("Compression", "SNAPPY")
    if compression not in PARQUET_COMPRESSIONS:
        raise Unsupported(f"Parquet compression {compression}")
    openx = reading.get("OpenXJsonSerDe") or {}
    if (version := schema.get("VersionId") or "LATEST") != "LATEST":
        raise Unsupported(f"table version {version}")
    formats = set((reading.get("HiveJsonSerDe") or {}).get("TimestampFormats") or [])
    if formats - {"millis"}:
        raise Unsupported(f"timestamp format {min(formats - {'millis'})}")
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
