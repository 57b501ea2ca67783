"""The lake from Python as analysts use it: awswrangler, by each of its ways to a result."""

from __future__ import annotations

import awswrangler as wr
import boto3
import pytest

from tests.fakes.emulator import lake
from tests.fakes.emulator.lake import BUCKET, DATABASE, RESULTS
from tests.fakes.emulator.process import REGION

QUERY = "SELECT event_id, event_value, \"timestamp\", event_type = 'View' AS viewed FROM events ORDER BY event_id"


@pytest.fixture
def session(lake_cloud, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", lake_cloud.endpoint)
    return boto3.Session(region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture
def free_workgroup(lake_cloud):
    client = lake_cloud.client("athena")
    if "wrangler" not in {group["Name"] for group in client.list_work_groups()["WorkGroups"]}:
        configuration = {
            "ResultConfiguration": {"OutputLocation": f"s3://{RESULTS}/wrangler/"},
            "EnforceWorkGroupConfiguration": False,
        }
        client.create_work_group(Name="wrangler", Configuration=configuration)
    return "wrangler"


def read(session, query, **options):
    """Read the rows of a query, by default from the CSV file of its results."""
    settings = {"workgroup": lake.WORKGROUP, "ctas_approach": False, **options}
    return wr.athena.read_sql_query(query, database=DATABASE, boto3_session=session, **settings)


def check(frame) -> None:
    assert list(frame.columns) == ["event_id", "event_value", "timestamp", "viewed"]
    assert len(frame) == 6
    assert frame["event_value"].sum() == 6.0
    assert str(frame["timestamp"].dtype).startswith("datetime64")
    assert frame["viewed"].sum() == 4


def test_a_query_is_read_from_its_csv(session):
    check(read(session, QUERY))


def test_a_query_with_parameters_is_read(session):
    query = "SELECT count(*) AS n FROM events WHERE event_type = :kind"

    frame = read(session, query, params={"kind": "Purchase"})

    assert frame["n"].tolist() == [2]


def test_an_empty_result_has_its_columns(session):
    frame = read(session, "SELECT * FROM users")

    assert (len(frame), list(frame.columns)) == (0, ["user_id", "age", "ingest_date"])


def test_a_query_is_read_through_a_table_made_for_it(session, free_workgroup):
    check(read(session, QUERY, workgroup=free_workgroup, ctas_approach=True))


def test_a_query_is_read_from_what_it_unloads(session, free_workgroup):
    unloaded = f"s3://{RESULTS}/unloaded/"

    check(read(session, QUERY, workgroup=free_workgroup, unload_approach=True, s3_output=unloaded))


def test_a_data_set_written_with_partitions_is_read_and_overwritten(session):
    import pandas as pd  # noqa: PLC0415 - awswrangler brings it

    frame = pd.DataFrame({"id": ["a", "b"], "day": ["2026-01-01", "2026-01-02"]})
    for _ in range(2):
        wr.s3.to_parquet(
            frame,
            path=f"s3://{BUCKET}/frames/",
            dataset=True,
            database=DATABASE,
            table="frames",
            partition_cols=["day"],
            mode="overwrite",
            boto3_session=session,
        )

    rows = read(session, "SELECT id, day FROM frames WHERE day = '2026-01-02'")
    assert rows.to_numpy().tolist() == [["b", "2026-01-02"]]
