"""Delivery streams with their buckets, transform functions and Glue tables."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from tests.fakes.emulator.functions import ROLE
from tests.fakes.emulator.process import REGION

if TYPE_CHECKING:
    from tests.fakes.emulator.workers import Laptop

TRANSFORM = """
import base64, json

def handler(event, context):
    answers = []
    for record in event["records"]:
        data = json.loads(base64.b64decode(record["data"]))
        if data.get("boom"):
            raise ValueError("boom")
        result = data.pop("result", "Ok")
        data["batch"] = len(event["records"])
        body = base64.b64encode(json.dumps(data).encode()).decode()
        answers.append({"recordId": record["recordId"], "result": result, "data": body})
    return {"records": answers}
"""


def make_bucket(laptop: Laptop) -> str:
    name = f"b-{uuid.uuid4().hex[:8]}"
    laptop.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def make_delivery_stream(laptop: Laptop, target: str, stream: str | None, **settings: Any) -> str:
    name = f"d-{uuid.uuid4().hex[:8]}"
    request: dict[str, Any] = {
        "DeliveryStreamName": name,
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{target}",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 2},
            **settings,
        },
    }
    if stream is not None:
        request["DeliveryStreamType"] = "KinesisStreamAsSource"
        request["KinesisStreamSourceConfiguration"] = {
            "KinesisStreamARN": laptop.stream_arn(stream),
            "RoleARN": ROLE,
        }
    laptop.client("firehose").create_delivery_stream(**request)
    return name


def transform_settings(laptop: Laptop, **parameters: str) -> dict[str, Any]:
    function = laptop.function_of(TRANSFORM)
    values = {"LambdaArn": f"arn:aws:lambda:{REGION}:000000000000:function:{function}", **parameters}
    return {
        "Enabled": True,
        "Processors": [
            {
                "Type": "Lambda",
                "Parameters": [{"ParameterName": name, "ParameterValue": value} for name, value in values.items()],
            }
        ],
    }


def parquet_settings(laptop: Laptop, columns: dict[str, str]) -> dict[str, Any]:
    database = f"db_{uuid.uuid4().hex[:8]}"
    glue = laptop.client("glue")
    glue.create_database(DatabaseInput={"Name": database})
    described = [{"Name": name, "Type": type_} for name, type_ in columns.items()]
    glue.create_table(DatabaseName=database, TableInput={"Name": "events", "StorageDescriptor": {"Columns": described}})
    return {
        "Enabled": True,
        "SchemaConfiguration": {"DatabaseName": database, "TableName": "events", "RoleARN": ROLE, "Region": REGION},
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {"Compression": "SNAPPY"}}},
    }
