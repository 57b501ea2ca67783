"""The curated lake as Terraform makes it: its tables, views and prepared statements in a database of their own."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from tests.fakes.emulator import lake
from tests.fakes.emulator.process import ROOT

LAKE = ROOT / "infrastructure/modules/lake"
BUCKET, RESULTS, WORKGROUP = "curated-lake", "curated-results", "curated"
START = "2025-01-01"
TABLES = json.loads((LAKE / "generated/curated.json").read_text())
RAW = json.loads((LAKE / "generated/columns.json").read_text())
PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
JSON = "org.openx.data.jsonserde.JsonSerDe"
INPUT_FORMATS = {
    PARQUET: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    JSON: "org.apache.hadoop.mapred.TextInputFormat",
}
ATHENA_TYPES = {"string": "varchar", "timestamp": "timestamp(3)"}
PERIOD = re.compile(r">= date_format\(current_date - interval '\d+' day, '%Y-%m-%d'\)")

Row = dict[str, Any]


class Layout(NamedTuple):
    """Where the files of a table lie, and its columns."""

    folder: str
    partition: str | None
    columns: list[tuple[str, str]]
    serde: str = PARQUET


class View(NamedTuple):
    """A view as its file declares it: columns with Hive's types, and its query."""

    description: str
    columns: list[tuple[str, str]]
    query: str


def _columns(described: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(column["name"], column["type"]) for column in described]


LAYOUTS = {
    **{name: Layout(f"curated/{name}", t["partition"], _columns(t["columns"])) for name, t in TABLES.items()},
    "events": Layout("raw/events", "ingest_date", _columns(RAW["events"])),
    "served_lists": Layout("raw/served_lists", "ingest_date", _columns(RAW["served_lists"])),
    "bad_rows": Layout("bad_rows", "ingest_date", _columns(RAW["bad_rows"]), JSON),
}


def views() -> dict[str, View]:
    """Return the views by name."""
    return {file.stem: _view(file.read_text().strip()) for file in sorted((LAKE / "views").glob("*.sql"))}


def _view(text: str) -> View:
    header = [line.removeprefix("-- ") for line in text.splitlines() if line.startswith("-- ")]
    columns = [tuple(line.split(maxsplit=2)[:2]) for line in header[1:]]
    query = "\n".join(line for line in text.splitlines() if not line.startswith("-- "))
    return View(header[0], columns, query)  # type: ignore[arg-type]


def statements() -> dict[str, str]:
    """Return the prepared statements by name, with the queries of views in them."""
    queries = {name: PERIOD.sub("BETWEEN ? AND ?", view.query) for name, view in views().items()}
    return {
        file.stem: re.sub(r"\$\{(\w+)\}", lambda name: queries[name[1]], file.read_text())
        for file in sorted((LAKE / "prepared").glob("*.sql"))
    }


class CuratedLake(lake.Athena):
    """A database with the curated tables, views and statements; rows are put into its tables."""

    def __init__(self, cloud: Any, database: str) -> None:
        super().__init__(cloud, WORKGROUP)
        self.database, self.s3, self.glue = database, cloud.client("s3"), cloud.client("glue")
        _make_buckets_and_work_group(cloud)
        self.glue.create_database(DatabaseInput={"Name": database})
        for name, layout in LAYOUTS.items():
            self.glue.create_table(DatabaseName=database, TableInput=self._table(name, layout))
        for name, view in views().items():
            self.glue.create_table(DatabaseName=database, TableInput=_view_input(name, view, database))

    def run(self, query: str, **request: Any) -> dict[str, Any]:
        return super().run(query, **{"QueryExecutionContext": {"Database": self.database}, **request})

    def records(self, query: str, **request: Any) -> list[Row]:
        """Return a query's rows by the names of their columns, numbers and booleans as such."""
        execution = self.run(query, **request)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        pages = self.client.get_paginator("get_query_results").paginate(QueryExecutionId=execution["QueryExecutionId"])
        results = [page["ResultSet"] for page in pages]
        columns = [(info["Name"], info["Type"]) for info in results[0]["ResultSetMetadata"]["ColumnInfo"]]
        rows = [row["Data"] for result in results for row in result["Rows"]][1:]
        return [
            {name: _value(kind, datum.get("VarCharValue")) for (name, kind), datum in zip(columns, row, strict=True)}
            for row in rows
        ]

    def put(self, table: str, rows: list[Row]) -> None:
        """Add rows to a table, each with its partition among its columns."""
        layout = LAYOUTS[table]
        for day in {row[layout.partition] for row in rows} if layout.partition else {None}:
            kept = [row for row in rows if layout.partition is None or row[layout.partition] == day]
            folder = f"{self.database}/{layout.folder}" + (f"/{layout.partition}={day}" if layout.partition else "")
            self.s3.put_object(Bucket=BUCKET, Key=f"{folder}/{len(rows)}-{id(rows)}", Body=_content(layout, kept))

    def _table(self, name: str, layout: Layout) -> dict[str, Any]:
        location, key = f"s3://{BUCKET}/{self.database}/{layout.folder}", layout.partition
        projection = {
            "projection.enabled": "true",
            f"projection.{key}.type": "date",
            f"projection.{key}.format": "yyyy-MM-dd",
            f"projection.{key}.interval": "1",
            f"projection.{key}.interval.unit": "DAYS",
            f"projection.{key}.range": f"{START},NOW+1DAYS",
            "storage.location.template": f"{location}/{key}=${{{key}}}",
        }
        return {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", **(projection if key else {})},
            "PartitionKeys": [{"Name": key, "Type": "string"}] if key else [],
            "StorageDescriptor": {
                "Location": f"{location}/",
                "InputFormat": INPUT_FORMATS[layout.serde],
                "Columns": [{"Name": column, "Type": kind} for column, kind in layout.columns],
                "SerdeInfo": {"SerializationLibrary": layout.serde, "Parameters": {}},
            },
        }


def _make_buckets_and_work_group(cloud: Any) -> None:
    s3, athena = cloud.client("s3"), cloud.client("athena")
    if BUCKET in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        return
    for bucket in (BUCKET, RESULTS):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    configuration = {"ResultConfiguration": {"OutputLocation": f"s3://{RESULTS}/results/"}}
    athena.create_work_group(Name=WORKGROUP, Configuration=configuration)
    for name, statement in statements().items():
        athena.create_prepared_statement(StatementName=name, WorkGroup=WORKGROUP, QueryStatement=statement)


def _view_input(name: str, view: View, database: str) -> dict[str, Any]:
    stored = {
        "originalSql": view.query,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": column, "type": ATHENA_TYPES.get(kind, kind)} for column, kind in view.columns],
    }
    text = base64.b64encode(json.dumps(stored).encode()).decode()
    return {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "StorageDescriptor": {"Columns": [{"Name": column, "Type": kind} for column, kind in view.columns]},
        "ViewOriginalText": f"/* Presto View: {text} */",
        "ViewExpandedText": "/* Presto View */",
    }


def _content(layout: Layout, rows: list[Row]) -> bytes:
    if layout.serde == JSON:
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    schema = pa.schema([(name, _arrow_type(kind)) for name, kind in layout.columns])
    content = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), content)
    return content.getvalue()


def _arrow_type(kind: str) -> pa.DataType:
    if kind.startswith("array<"):
        return pa.list_(_arrow_type(kind[6:-1]))
    return {"string": pa.string(), "bigint": pa.int64(), "double": pa.float64(), "boolean": pa.bool_()}.get(
        kind, pa.timestamp("ms")
    )


def _value(kind: str, text: str | None) -> Any:
    if text is None:
        return None
    if kind == "boolean":
        return text == "true"
    return float(text) if kind == "double" else int(text) if kind in {"bigint", "integer"} else text
