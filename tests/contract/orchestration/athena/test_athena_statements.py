"""Statements other than SELECT change the catalogue and the lake, and their results can be read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fakes.emulator import lake
from tests.fakes.emulator.lake import BUCKET, DATABASE, DAYS, RESULTS


@pytest.fixture(scope="module")
def athena(lake_cloud):
    return lake.Athena(lake_cloud)


@pytest.fixture(scope="module")
def free_athena(lake_cloud):
    """A work group that leaves the place of results to the caller."""
    lake_cloud.client("athena").create_work_group(
        Name="free",
        Configuration={
            "ResultConfiguration": {"OutputLocation": f"s3://{RESULTS}/free/"},
            "EnforceWorkGroupConfiguration": False,
        },
    )
    return lake.Athena(lake_cloud, "free")


def succeed(athena: lake.Athena, statement: str) -> dict[str, Any]:
    execution = athena.run(statement)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    return execution


def test_a_view_is_stored_and_can_be_queried(athena, lake_cloud):
    succeed(athena, "CREATE OR REPLACE VIEW views AS SELECT user_id, count(*) AS n FROM events GROUP BY user_id")
    succeed(athena, "CREATE OR REPLACE VIEW views_of_views AS SELECT max(n) AS most FROM views")

    assert athena.rows(f"SELECT most FROM {DATABASE}.views_of_views", QueryExecutionContext={}) == [["3"]]
    assert athena.rows("SHOW VIEWS") == [["views"], ["views_of_views"]]
    table = lake_cloud.client("glue").get_table(DatabaseName=DATABASE, Name="views")["Table"]
    assert table["TableType"] == "VIRTUAL_VIEW"
    assert [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]] == [
        ("user_id", "string"),
        ("n", "bigint"),
    ]
    assert "TABLE_NOT_FOUND" in athena.run("CREATE VIEW broken AS SELECT * FROM nowhere")["Status"]["StateChangeReason"]
    succeed(athena, "DROP VIEW views_of_views")
    assert athena.rows("SHOW VIEWS") == [["views"]]
    succeed(athena, "DROP VIEW views")


def test_a_table_made_from_a_query_is_a_table_of_the_catalogue(athena, lake_cloud):
    execution = succeed(
        athena,
        "CREATE TABLE made WITH (format = 'PARQUET', write_compression = 'ZSTD', "
        "partitioned_by = ARRAY['event_type']) AS "
        'SELECT event_id, impression, "timestamp" AS at, event_type FROM events',
    )

    assert athena.rows("SELECT event_type, count(*) FROM made GROUP BY 1 ORDER BY 1") == [
        ["Purchase", "2"],
        ["View", "4"],
    ]
    made = lake_cloud.client("glue").get_table(DatabaseName=DATABASE, Name="made")["Table"]
    assert [(column["Name"], column["Type"]) for column in made["StorageDescriptor"]["Columns"]] == [
        ("event_id", "string"),
        ("impression", "array<string>"),
        ("at", "timestamp"),
    ]
    assert athena.rows("SHOW PARTITIONS made") == [["event_type=Purchase"], ["event_type=View"]]
    manifest = execution["Statistics"]["DataManifestLocation"].partition(f"{RESULTS}/")[2]
    listed = lake_cloud.client("s3").get_object(Bucket=RESULTS, Key=manifest)["Body"].read().decode().split()
    assert len(listed) == 2
    assert "TABLE_ALREADY_EXISTS" in athena.run("CREATE TABLE made AS SELECT 1 AS x")["Status"]["StateChangeReason"]


def test_only_a_work_group_that_allows_it_takes_a_location(athena, free_athena):
    statement = f"CREATE TABLE placed WITH (external_location = 's3://{BUCKET}/placed/') AS SELECT 1 AS x, 'a' AS y"

    with pytest.raises(ClientError, match="enforces a centralized output location"):
        athena.run(statement)
    succeed(free_athena, statement)
    assert athena.rows("SELECT x, y, \"$path\" LIKE 's3://athena-lake/placed/%' FROM placed") == [["1", "a", "true"]]
    succeed(athena, "DROP TABLE placed")
    again = free_athena.run(statement)["Status"]
    assert again["StateChangeReason"].startswith("HIVE_PATH_ALREADY_EXISTS")


@pytest.mark.parametrize("kind", ["PARQUET", "JSON", "TEXTFILE"])
def test_rows_are_inserted_in_the_tables_own_format(athena, kind):
    name = f"grows_{kind.lower()}"
    succeed(athena, f"CREATE TABLE {name} WITH (format = '{kind}') AS SELECT 1 AS x, CAST('a' AS varchar) AS y")

    execution = succeed(athena, f"INSERT INTO {name} (y, x) VALUES ('b', 2), (NULL, 3)")

    assert athena.rows(f"SELECT x, y FROM {name} ORDER BY x") == [["1", "a"], ["2", "b"], ["3", None]]
    answer = athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    assert answer["UpdateCount"] == 2
    wrong = athena.run(f"INSERT INTO {name} SELECT 1")["Status"]["StateChangeReason"]
    assert wrong.startswith("TYPE_MISMATCH")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (
            "INSERT INTO users SELECT 1, 'old', '2026-01-01'",
            (
                "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: "
                "Table: [varchar, integer, varchar], Query: [integer, varchar(3), varchar(10)]"
            ),
        ),
        (
            "INSERT INTO users SELECT user_id, age + 'x', ingest_date FROM users",
            "TYPE_MISMATCH: line 1:39: Cannot apply",
        ),
        ("CREATE TABLE unnamed AS SELECT 1", "MISSING_COLUMN_NAME: line 1:1: Column name not specified at position 1"),
        (
            "CREATE VIEW unnamed AS SELECT 1 AS x, 2",
            "MISSING_COLUMN_NAME: line 1:1: Column name not specified at position 2",
        ),
        (
            "CREATE TABLE twice AS SELECT 1 AS x, 2 AS x",
            "DUPLICATE_COLUMN_NAME: line 1:1: Column name 'x' specified more",
        ),
        (
            "CREATE TABLE zoned AS SELECT now() AS x",
            "NOT_SUPPORTED: Unsupported Hive type: timestamp(3) with time zone",
        ),
        ("CREATE VIEW wrong AS SELECT user_id + 1 AS x FROM users", "TYPE_MISMATCH: line 1:16: Cannot apply operator"),
    ],
)
def test_what_tables_and_views_cannot_hold_is_refused(athena, statement, reason):
    status = athena.run(statement)["Status"]

    assert (status["State"], status["StateChangeReason"][: len(reason)]) == ("FAILED", reason)


def test_files_alone_are_unloaded(athena, lake_cloud):
    execution = succeed(
        athena, f"UNLOAD (SELECT event_id FROM events) TO 's3://{BUCKET}/out/' WITH (format = 'PARQUET')"
    )

    keys = [e["Key"] for e in lake_cloud.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="out/")["Contents"]]
    assert [key.endswith(".parquet") for key in keys] == [True]
    assert execution["Statistics"]["DataManifestLocation"].endswith("-manifest.csv")


def test_registered_partitions_are_added_found_and_dropped(athena, lake_cloud):
    s3 = lake_cloud.client("s3")
    for day, where in (
        ("2026-01-01", "plain/day=2026-01-01"),
        ("2026-01-02", "elsewhere"),
        ("2026-01-03", "plain/day=2026-01-03"),
    ):
        lake.put_lines(s3, f"{where}/a.json", [{"id": day}])
    succeed(
        athena,
        f"""CREATE EXTERNAL TABLE plain (id string) PARTITIONED BY (day date)
        ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{BUCKET}/plain/'""",
    )

    assert athena.rows("SELECT id FROM plain") == []
    succeed(athena, "MSCK REPAIR TABLE plain")
    succeed(athena, f"ALTER TABLE plain ADD PARTITION (day = '2026-01-02') LOCATION 's3://{BUCKET}/elsewhere/'")
    succeed(athena, "ALTER TABLE plain ADD IF NOT EXISTS PARTITION (day = '2026-01-02')")
    assert athena.rows("SELECT id FROM plain WHERE day > DATE '2026-01-01' ORDER BY 1") == [
        ["2026-01-02"],
        ["2026-01-03"],
    ]
    assert athena.rows("SHOW PARTITIONS plain") == [["day=2026-01-01"], ["day=2026-01-02"], ["day=2026-01-03"]]
    succeed(athena, "ALTER TABLE plain DROP PARTITION (day = '2026-01-01')")
    assert athena.rows("SELECT count(*) FROM plain") == [["2"]]
    succeed(athena, "DROP TABLE plain")


def test_databases_are_made_and_dropped_and_the_catalogue_described(athena):
    succeed(athena, "CREATE DATABASE IF NOT EXISTS scratchpad")
    succeed(athena, "CREATE TABLE scratchpad.t AS SELECT 1 AS x")

    assert athena.rows("SHOW DATABASES LIKE 'scratch*'") == [["scratchpad"]]
    assert athena.rows("SHOW TABLES IN scratchpad") == [["t"]]
    assert athena.rows("SHOW COLUMNS IN scratchpad.t") == [["x"]]
    assert "Parquet" in str(athena.rows("SHOW CREATE TABLE scratchpad.t"))
    described = athena.rows("DESCRIBE events")
    assert [value.strip() if value else value for value in described[0][:2]] == ["event_id", "string"]
    assert athena.run("DROP DATABASE scratchpad")["Status"]["StateChangeReason"].startswith("SCHEMA_NOT_EMPTY")
    succeed(athena, "DROP DATABASE scratchpad CASCADE")
    assert athena.rows("SHOW DATABASES LIKE 'scratch*'") == []
    succeed(athena, "DROP TABLE IF EXISTS nowhere")
    assert athena.run("DROP TABLE nowhere")["Status"]["State"] == "FAILED"


def test_work_groups_show_their_defaults_and_lose_their_limit(lake_cloud):
    client = lake_cloud.client("athena")
    assert (
        client.get_work_group(WorkGroup="primary")["WorkGroup"]["Configuration"]["EnforceWorkGroupConfiguration"]
        is False
    )
    client.create_work_group(Name="defaults", Configuration={"BytesScannedCutoffPerQuery": 20_000_000})

    client.update_work_group(WorkGroup="defaults", ConfigurationUpdates={"RemoveBytesScannedCutoffPerQuery": True})

    configuration = client.get_work_group(WorkGroup="defaults")["WorkGroup"]["Configuration"]
    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert "BytesScannedCutoffPerQuery" not in configuration
    with pytest.raises(ClientError, match="No output location provided"):
        client.start_query_execution(QueryString="SELECT 1", WorkGroup="defaults")
    client.update_work_group(WorkGroup="defaults", State="DISABLED")
    with pytest.raises(ClientError, match="is disabled"):
        client.start_query_execution(QueryString="SELECT 1", WorkGroup="defaults")


def test_a_workflow_waits_for_a_query(athena, run_workflow):
    arguments = {
        "QueryString": f"SELECT count(*) FROM events WHERE ingest_date = '{DAYS[0]}'",
        "WorkGroup": athena.workgroup,
        "QueryExecutionContext": {"Database": DATABASE},
    }
    states = {
        "Query": {
            "Type": "Task",
            "Resource": "arn:aws:states:::athena:startQueryExecution.sync",
            "Arguments": arguments,
            "Next": "Read",
        },
        "Read": {
            "Type": "Task",
            "Resource": "arn:aws:states:::athena:getQueryResults",
            "Arguments": {"QueryExecutionId": "{% $states.input.QueryExecution.QueryExecutionId %}"},
            "Output": "{% $states.result.ResultSet.Rows[1].Data[0].VarCharValue %}",
            "End": True,
        },
    }

    ended = run_workflow("queries", json.dumps({"QueryLanguage": "JSONata", "StartAt": "Query", "States": states}))

    assert json.loads(ended["output"]) == "3"
