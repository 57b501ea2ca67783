"""Queries over the lake: what is read, what comes out, and how they fail."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.fakes.emulator import lake
from tests.fakes.emulator.lake import BUCKET, DATABASE, DAYS, RESULTS


@pytest.fixture(scope="module")
def athena(lake_cloud):
    return lake.Athena(lake_cloud)


def size_of(cloud, prefix: str) -> int:
    listed = cloud.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    return sum(entry["Size"] for entry in listed["Contents"])


def test_only_partitions_within_the_projection_are_read(athena):
    rows = athena.rows("SELECT ingest_date, ingest_hour, count(*) FROM events GROUP BY 1, 2 ORDER BY 1 DESC")

    assert rows == [[DAYS[0], "09", "3"], [DAYS[1], "10", "2"], [DAYS[2], "23", "1"]]


def test_an_enumeration_and_a_struct_in_an_array_are_read(athena):
    rows = athena.rows(
        "SELECT written_by, element_at(errors, 1).field AS first_field, count(*) AS n FROM bad_rows "
        "GROUP BY written_by, element_at(errors, 1).field ORDER BY 1"
    )

    assert rows == [["collect", "price", "1"], ["forward", "price", "1"]]


def test_a_condition_on_partitions_decides_what_is_scanned(athena, lake_cloud):
    everything = athena.run("SELECT count(*) FROM events")["Statistics"]["DataScannedInBytes"]
    today = athena.run(
        "SELECT count(*) FROM events e WHERE e.ingest_date > date_format(current_date - interval '1' day, '%Y-%m-%d') "
        "AND event_type <> 'x'"
    )

    expected = size_of(lake_cloud, f"raw/events/ingest_date={DAYS[0]}/ingest_hour=09/")
    assert today["Statistics"]["DataScannedInBytes"] == expected
    assert expected < everything


def test_json_lines_are_read_with_their_types_and_a_malformed_one_is_a_row_of_nulls(athena):
    rows = athena.rows("SELECT item_id, price, created_at, properties['colour'] FROM items ORDER BY 1")

    assert rows == [
        ["i0", "9.5", "2026-01-02 03:04:05.678", "red"],
        ["i1", None, "2026-01-02 03:04:05.000", None],
        [None, None, None, None],
    ]


def test_an_empty_table_has_its_columns_and_no_rows(athena):
    execution = athena.run("SELECT * FROM users")

    results = athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]
    described = [(column["Name"], column["Type"]) for column in results["ResultSetMetadata"]["ColumnInfo"]]
    assert described == [("user_id", "varchar"), ("age", "integer"), ("ingest_date", "varchar")]
    assert len(results["Rows"]) == 1
    assert execution["Statistics"]["DataScannedInBytes"] == 0


def test_values_are_printed_as_athena_prints_them(athena):
    query = """SELECT 1/2, 7/2.0, 1e10, CAST(0.0001 AS double), true, NULL, '', 'a"b', DATE '2026-01-02',
        TIMESTAMP '2026-01-02 03:04:05.678', ARRAY[1, 2], MAP(ARRAY['k'], ARRAY[1]), CAST(1.5 AS decimal(4,2)),
        TIMESTAMP '2026-01-02 03:04:05 UTC', ARRAY['x', NULL], CAST(1.1 AS real)"""

    [row] = athena.rows(query)

    assert row == [
        "0", "3.5", "1.0E10", "1.0E-4", "true", None, "", 'a"b', "2026-01-02", "2026-01-02 03:04:05.678", "[1, 2]",
        "{k=1}", "1.50", "2026-01-02 03:04:05.000 UTC", "[x, null]", "1.1",
    ]  # fmt: skip


def test_columns_are_typed_and_named_as_athena_does(athena):
    execution = athena.run(
        'SELECT count(*), event_id AS "EventId", impression, "timestamp" FROM events GROUP BY 2, 3, 4'
    )

    results = athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]
    described = [(column["Name"], column["Type"]) for column in results["ResultSetMetadata"]["ColumnInfo"]]
    assert described == [
        ("_col0", "bigint"),
        ("eventid", "varchar"),
        ("impression", "array"),
        ("timestamp", "timestamp"),
    ]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("date_format(from_unixtime(1700000000), '%Y-%m-%d %H:%i:%s')", "2023-11-14 22:13:20"),
        ("json_extract_scalar('{\"a\": {\"b\": 1}}', '$.a.b')", "1"),
        ("date_parse('2026-01-02', '%Y-%m-%d')", "2026-01-02 00:00:00.000"),
        ("format_datetime(TIMESTAMP '2026-01-02 03:04:05', 'yyyy-MM-dd''T''HH')", "2026-01-02T03"),
        ("date_diff('minute', TIMESTAMP '2026-01-02 03:04:05', TIMESTAMP '2026-01-02 04:04:05')", "60"),
        ("cardinality(sequence(DATE '2026-01-01', DATE '2026-01-03'))", "3"),
        ("array_join(ARRAY['a', 'b'], '-')", "a-b"),
        ("regexp_extract('abc12', '\\d+')", "12"),
        ("element_at(map_agg('k', 'v'), 'k')", "v"),
        ("any_match(ARRAY[1, 2], x -> x > 1)", "true"),
        ("approx_distinct(1)", "1"),
        ("url_extract_host('https://shop.example/a?b=1')", "shop.example"),
        ("try_cast('x' AS integer)", None),
        ("if(1 > 0, 'yes', 'no')", "yes"),
        ("to_unixtime(TIMESTAMP '1970-01-01 00:00:10')", "10.0"),
    ],
)
def test_functions_of_trino_work(athena, expression, expected):
    assert athena.rows(f"SELECT {expression}") == [[expected]]


def test_arrays_are_unnested_and_names_of_a_with_are_not_tables(athena):
    query = """-- what was shown
        WITH events AS (SELECT * FROM lake_test.events WHERE event_type = 'View'), shown AS (
          SELECT e.event_id, t.item FROM events e CROSS JOIN UNNEST(e.impression) AS t(item)
        ) SELECT item, count(*) FROM shown GROUP BY item ORDER BY item;"""

    assert athena.rows(query) == [["i1", "4"], ["i2", "4"]]


def test_an_outer_join_keeps_rows_without_a_match(athena):
    query = f"""SELECT e.item_id, i.price FROM events e LEFT JOIN items i ON i.item_id = e.item_id
        WHERE e.ingest_date = '{DAYS[0]}' AND i.ingest_date IS NULL ORDER BY 1"""

    assert athena.rows(query) == [["i2", None]]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (
            "SELECT * FROM nowhere",
            f"TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.{DATABASE}.nowhere' does not exist",
        ),
        ("SELECT * FROM nodb.events", "SCHEMA_NOT_FOUND: line 1:15: Schema 'nodb' does not exist"),
        ("SELECT event_id, nothing FROM events", "COLUMN_NOT_FOUND: line 1:18: Column 'nothing' cannot be resolved"),
        ("SELECT frobnicate(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'frobnicate' not registered"),
        ("SELECT CAST('x' AS integer)", "INVALID_CAST_ARGUMENT"),
    ],
)
def test_a_failing_query_has_athenas_error_message(athena, query, reason):
    status = athena.run(query)["Status"]

    assert status["State"] == "FAILED"
    assert status["StateChangeReason"].startswith(reason)
    assert status["AthenaError"]["ErrorCategory"] == 2


def test_files_of_the_machine_are_not_tables(athena):
    assert athena.run("SELECT * FROM read_csv('/etc/hostname')")["Status"]["State"] == "FAILED"


def test_an_invalid_statement_or_work_group_is_rejected_at_once(athena):
    with pytest.raises(ClientError, match="line 1:") as malformed:
        athena.run("SELECT a FROM WHERE")
    assert malformed.value.response.get("AthenaErrorCode") == "MALFORMED_QUERY"
    with pytest.raises(ClientError, match="WorkGroup unknown is not found"):
        athena.run("SELECT 1", WorkGroup="unknown")
    with pytest.raises(ClientError, match="Only one sql statement is allowed"):
        athena.run("SELECT 1; SELECT 2")


def test_a_query_over_the_limit_is_cancelled_before_it_has_a_result(lake_cloud):
    client = lake_cloud.client("athena")
    configuration = {"ResultConfiguration": {"OutputLocation": f"s3://{RESULTS}/limited/"}}
    client.create_work_group(Name="limited", Configuration={**configuration, "BytesScannedCutoffPerQuery": 10_000_000})
    athena = lake.Athena(lake_cloud, "limited")
    lake_cloud.client("s3").put_object(
        Bucket=BUCKET, Key=f"raw/users/ingest_date={DAYS[1]}/big.jsonl", Body=b'{"user_id": "u"}\n' * 700_000
    )

    status = athena.run("SELECT count(*) FROM users")["Status"]
    assert (status["State"], "Bytes scanned limit was exceeded" in status["StateChangeReason"]) == ("CANCELLED", True)
    assert athena.rows(f"SELECT count(*) FROM users WHERE ingest_date = '{DAYS[0]}'") == [["0"]]
    lake_cloud.client("s3").delete_object(Bucket=BUCKET, Key=f"raw/users/ingest_date={DAYS[1]}/big.jsonl")


def test_the_work_group_decides_where_results_go_and_they_lie_there(athena, lake_cloud):
    execution = athena.run(
        "SELECT 'a' AS x, NULL AS y", ResultConfiguration={"OutputLocation": f"s3://{RESULTS}/elsewhere/"}
    )

    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://{RESULTS}/results/{execution['QueryExecutionId']}.csv"
    s3, key = lake_cloud.client("s3"), location.partition(f"{RESULTS}/")[2]
    assert s3.get_object(Bucket=RESULTS, Key=key)["Body"].read() == b'"x","y"\n"a",\n'
    assert s3.head_object(Bucket=RESULTS, Key=f"{key}.metadata")


def test_parameters_are_bound_in_order(athena):
    query = "SELECT count(*) FROM events WHERE event_type = ? AND ingest_hour = ?"

    assert athena.rows(query, ExecutionParameters=["'View'", "'09'"]) == [["2"]]
    assert "INVALID_PARAMETER_USAGE" in athena.run(query, ExecutionParameters=["'View'"])["Status"]["StateChangeReason"]


def test_prepared_statements_are_executed(athena):
    athena.client.create_prepared_statement(
        StatementName="by_type",
        WorkGroup=athena.workgroup,
        QueryStatement="SELECT count(*) FROM events WHERE event_type = ?",
    )

    assert athena.rows("EXECUTE by_type USING 'Purchase'") == [["2"]]
    assert athena.rows("EXECUTE by_type", ExecutionParameters=["'View'"]) == [["4"]]
    assert athena.run("PREPARE other FROM SELECT ? + ?")["Status"]["State"] == "SUCCEEDED"
    assert athena.rows("EXECUTE other USING 1, 2") == [["3"]]
    assert "NOT_FOUND" in athena.run("EXECUTE missing USING 1")["Status"]["StateChangeReason"]


def test_results_come_in_pages_with_the_names_on_the_first(athena):
    execution = athena.run("SELECT x FROM UNNEST(sequence(1, 5)) AS t(x) ORDER BY x")
    pages = athena.client.get_paginator("get_query_results").paginate(
        QueryExecutionId=execution["QueryExecutionId"], PaginationConfig={"PageSize": 2}
    )

    values = [[row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]] for page in pages]
    assert values == [["x", "1"], ["2", "3"], ["4", "5"]]


def test_a_query_can_be_stopped(athena):
    slow = "SELECT count(*) FROM UNNEST(sequence(1, 3000)) a(x) CROSS JOIN UNNEST(sequence(1, 3000)) b(y) " * 1
    slow += "CROSS JOIN UNNEST(sequence(1, 3000)) c(z) WHERE x * y * z % 7 = 3"
    started = athena.client.start_query_execution(QueryString=slow, WorkGroup=athena.workgroup)["QueryExecutionId"]

    athena.client.stop_query_execution(QueryExecutionId=started)

    status = athena.client.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Query was cancelled by user")
    assert athena.rows("SELECT 1") == [["1"]]
