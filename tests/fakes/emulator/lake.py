"""A lake as Terraform makes it, small: projected tables of Parquet and of JSON lines, and a work group with a limit."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.fakes.emulator.process import ROOT
from tests.fakes.waiting import wait_until

BUCKET, RESULTS = "athena-lake", "athena-results"
DATABASE = "lake_test"
WORKGROUP = "analysts"
TODAY = datetime.now(UTC).date()
DAYS = [(TODAY - timedelta(days=back)).isoformat() for back in range(3)]
PROJECTION = {
    "EXTERNAL": "TRUE",
    "projection.enabled": "true",
    "projection.ingest_date.type": "date",
    "projection.ingest_date.format": "yyyy-MM-dd",
    "projection.ingest_date.range": f"{DAYS[-1]},NOW",
    "projection.ingest_date.interval": "1",
    "projection.ingest_date.interval.unit": "DAYS",
}
# The columns of the lake's own tables, as the contract has them.
GENERATED = json.loads((ROOT / "infrastructure/modules/lake/generated/columns.json").read_text())
EVENT_COLUMNS = [(column["name"], column["type"]) for column in GENERATED["events"]]
SERVED_LIST_COLUMNS = [(column["name"], column["type"]) for column in GENERATED["served_lists"]]
BAD_ROW_COLUMNS = [(column["name"], column["type"]) for column in GENERATED["bad_rows"]]
ITEM_COLUMNS = [
    ("item_id", "string"),
    ("price", "double"),
    ("created_at", "timestamp"),
    ("properties", "map<string,string>"),
]


def make(cloud: Any) -> None:
    s3, glue, athena = (cloud.client(name) for name in ("s3", "glue", "athena"))
    for bucket in (BUCKET, RESULTS):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    glue.create_database(DatabaseInput={"Name": DATABASE})
    hours = {
        "projection.ingest_hour.type": "integer",
        "projection.ingest_hour.range": "0,23",
        "projection.ingest_hour.digits": "2",
    }
    table(glue, "events", EVENT_COLUMNS, ["ingest_date", "ingest_hour"], "parquet", hours)
    table(glue, "served_lists", SERVED_LIST_COLUMNS, ["ingest_date"], "parquet", {})
    table(glue, "items", ITEM_COLUMNS, ["ingest_date"], "json", {})
    table(glue, "users", [("user_id", "string"), ("age", "int")], ["ingest_date"], "json", {})
    writers = {"projection.written_by.type": "enum", "projection.written_by.values": "collect,forward"}
    table(glue, "bad_rows", BAD_ROW_COLUMNS, ["written_by", "ingest_date"], "json", writers)
    put_events(s3)
    put_parquet(s3, f"raw/served_lists/ingest_date={DAYS[0]}/a.parquet", served_lists())
    put_lines(s3, f"raw/items/ingest_date={DAYS[0]}/a.jsonl", items())
    errors = [{"field": "price", "rule": "float"}]
    for writer in ("collect", "forward", "unknown"):
        row = {"reason": "wrong_type", "errors": errors}
        put_lines(s3, f"raw/bad_rows/{writer}/ingest_date={DAYS[0]}/a.jsonl", [row])
    athena.create_work_group(
        Name=WORKGROUP,
        Configuration={
            "ResultConfiguration": {"OutputLocation": f"s3://{RESULTS}/results/"},
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": 100_000_000,
        },
    )


def table(
    glue: Any, name: str, columns: list[tuple[str, str]], keys: list[str], kind: str, parameters: dict[str, str]
) -> None:
    folders = "/".join(f"{key}=${{{key}}}" if key != "written_by" else f"${{{key}}}" for key in keys)
    serdes = {
        "parquet": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "json": "org.openx.data.jsonserde.JsonSerDe",
    }
    storage = {
        "Location": f"s3://{BUCKET}/raw/{name}/",
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "Columns": [{"Name": column, "Type": type_name} for column, type_name in columns],
        "SerdeInfo": {"SerializationLibrary": serdes[kind], "Parameters": {"ignore.malformed.json": "true"}},
    }
    template = {"storage.location.template": f"s3://{BUCKET}/raw/{name}/{folders}"}
    glue.create_table(
        DatabaseName=DATABASE,
        TableInput={
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {**PROJECTION, **parameters, **template},
            "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
            "StorageDescriptor": storage,
        },
    )


def put_events(s3: Any) -> None:
    for day, hour, count in ((DAYS[0], "09", 3), (DAYS[1], "10", 2), (DAYS[2], "23", 1)):
        put_parquet(s3, f"raw/events/ingest_date={day}/ingest_hour={hour}/a.parquet", events(day, int(hour), count))
    # Outside of the projection's range and of its digits: Athena would not look there.
    put_parquet(s3, "raw/events/ingest_date=1999-01-01/ingest_hour=09/a.parquet", events("1999-01-01", 9, 5))
    put_parquet(s3, f"raw/events/ingest_date={DAYS[0]}/ingest_hour=9/a.parquet", events(DAYS[0], 9, 5))


def events(day: str, hour: int, count: int) -> list[dict[str, Any]]:
    moment = datetime.fromisoformat(f"{day}T{hour:02}:00:00.125+00:00")
    return [
        {
            "event_id": f"{day}-{number}",
            "user_id": f"u{number}",
            "item_id": f"i{number}",
            "timestamp": (moment + timedelta(minutes=number)).replace(tzinfo=None),
            "event_type": "View" if number % 2 == 0 else "Purchase",
            "event_value": None if number == 0 else number * 1.5,
            "impression": ["i1", "i2"],
            "received_at": (moment + timedelta(minutes=number, seconds=90)).replace(tzinfo=None),
        }
        for number in range(count)
    ]


def served_lists() -> list[dict[str, Any]]:
    return [
        {
            "served_id": f"request-{number}",
            "served_at": datetime.fromisoformat(f"{DAYS[0]}T09:00:00"),
            "route": "popular",
            "source": source,
            "items": ["i1", "i2"],
            "recommendation_id": recommendation_id,
            "model": "popular",
        }
        for number, source, recommendation_id in (
            (1, "recommender", "RID-seen"),
            (2, "recommender", "RID-unseen"),
            (2, "recommender", "RID-unseen"),  # delivered twice
            (3, "last_good", "RID-seen"),
            (4, "popular", None),
        )
    ]


def items() -> list[Any]:
    return [
        {
            "item_id": "i0",
            "price": 9.5,
            "created_at": "2026-01-02T03:04:05.678Z",
            "properties": {"colour": "red", "size": 4},
        },
        "this line is not JSON {",
        {"item_id": "i1", "price": None, "created_at": "2026-01-02T04:04:05+01:00"},
    ]


def put_parquet(s3: Any, key: str, rows: list[dict[str, Any]]) -> None:
    content = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), content)
    s3.put_object(Bucket=BUCKET, Key=key, Body=content.getvalue())


def put_lines(s3: Any, key: str, rows: list[Any]) -> None:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    s3.put_object(Bucket=BUCKET, Key=key, Body=("\n".join(lines) + "\n").encode())


class Athena:
    """Runs queries and reads their results through the API."""

    def __init__(self, cloud: Any, workgroup: str = WORKGROUP) -> None:
        self.client, self.workgroup = cloud.client("athena"), workgroup

    def run(self, query: str, **request: Any) -> dict[str, Any]:
        started = self.client.start_query_execution(
            QueryString=query,
            **{"WorkGroup": self.workgroup, "QueryExecutionContext": {"Database": DATABASE}, **request},
        )

        def ended():
            execution = self.client.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
            return execution if execution["Status"]["State"] in {"SUCCEEDED", "FAILED", "CANCELLED"} else None

        execution: dict[str, Any] = wait_until(ended)
        return execution

    def rows(self, query: str, **request: Any) -> list[list[str | None]]:
        """Return a query's rows without the names of its columns."""
        execution = self.run(query, **request)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        found = self.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]["Rows"]
        skipped = 1 if execution["StatementType"] == "DML" else 0
        return [[datum.get("VarCharValue") for datum in row["Data"]] for row in found[skipped:]]
