"""The lake from Python: views and statements as typed data frames."""

from __future__ import annotations

from datetime import date

import boto3
import pandas as pd
import pytest
from awswrangler.exceptions import QueryFailed

from data.analysis import Lake, UnknownViewError
from tests.fakes.emulator.curated_lake import WORKGROUP, CuratedLake
from tests.fakes.emulator.process import REGION

DAYS = [
    {"user_key": user, "anonymous": False, "events": events, "is_bot": False, "event_date": day}
    for user, day, events in (("ann", "2026-10-01", 3), ("bob", "2026-10-02", 2), ("o'neil", "2026-10-03", 1))
]


@pytest.fixture(scope="module")
def curated(cloud):
    curated = CuratedLake(cloud, "from_python")
    curated.put("user_days", DAYS)
    return curated


@pytest.fixture
def lake(cloud, curated, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
    session = boto3.Session(region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")
    return Lake(curated.database, WORKGROUP, reuse_minutes=5, session=session)


def test_a_view_is_a_frame_with_the_types_of_its_columns(lake):
    frame = lake.view("daily_kpis", "2026-10-01", date(2026, 10, 2)).sort_values("event_date")

    assert frame["event_date"].tolist() == [pd.Timestamp(2026, 10, 1), pd.Timestamp(2026, 10, 2)]
    assert frame[["users", "events"]].to_numpy().tolist() == [[1, 3], [1, 2]]
    assert [str(frame[name].dtype) for name in ("users", "conversion_rate")] == ["Int64", "float64"]


def test_further_columns_narrow_it_and_a_quote_is_no_end(lake):
    assert lake.view("user_days", user_key="o'neil")["events"].tolist() == [1]


def test_the_days_of_a_frame_are_days_of_a_view(lake):
    days = lake.view("daily_kpis")["event_date"]

    assert len(lake.view("daily_kpis", days.min(), days.max())) == 3


@pytest.mark.parametrize("day", ["2026-10-1", "2026-13-01", "1 October", ""])
def test_what_is_no_day_is_refused(lake, day):
    with pytest.raises(ValueError, match="is no day; write 2026-11-01"):
        lake.view("daily_kpis", day)


def test_none_selects_the_rows_without_a_value(lake):
    assert len(lake.view("user_days", variation=None)) == 3
    assert len(lake.view("user_days", anonymous=True)) == 0


def test_a_statement_takes_its_parameters_in_order(lake):
    frame = lake.run("cohort", pd.Timestamp(2026, 10, 2), "2026-10-03")

    assert {*frame["first_date"]} == {pd.Timestamp(2026, 10, 2), pd.Timestamp(2026, 10, 3)}


def test_a_name_that_is_no_name_is_refused(lake):
    with pytest.raises(ValueError, match="is no name of a prepared statement"):
        lake.run("cohort USING '2026-10-02', '2026-10-03' --")


def test_a_query_keeps_its_own_columns(lake):
    assert lake.query("SELECT week(date(event_date)) AS week FROM user_days ORDER BY 1")["week"].tolist() == [40] * 3


def test_numbers_and_booleans_of_frames_are_parameters(lake):
    values = pd.DataFrame({"n": [2], "x": [1.5], "b": [True]}).iloc[0]

    frame = lake.query("SELECT ? AS n, ? AS x, ? AS b", values["n"], values["x"], values["b"])

    assert frame.iloc[0].tolist() == [2, 1.5, True]


def test_the_columns_of_all_views_and_tables_are_described(lake):
    described = lake.describe()

    assert {"clean_events", "daily_kpis", "funnel"} <= {*described["name"]}
    assert described.query("name == 'user_days'")["column"].tolist()[-1] == "event_date"


def test_an_unknown_database_is_named(lake):
    with pytest.raises(UnknownViewError, match="the database rivulet_prod does not exist"):
        Lake.of("prod", session=lake.session).view("ctr")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("funnels", {}, "has no view or table funnels; it has .*, funnel,"),
        ("user_days", {"usr": "ann"}, "user_days has no column usr; its columns are user_key, "),
        ("items_current", {"first": "2026-10-01"}, "items_current has no column with days, so it takes no period"),
    ],
)
def test_an_unknown_name_is_reported_with_the_known_ones(lake, name, options, message):
    with pytest.raises(UnknownViewError, match=message):
        lake.view(name, **options)


@pytest.mark.parametrize("value", [None, float("nan"), pd.NaT, b"x"])
def test_a_parameter_of_another_type_is_refused(lake, value):
    with pytest.raises(TypeError, match="is no parameter of a query"):
        lake.query("SELECT ?", value)


def test_a_failed_query_has_athenas_reason(lake):
    with pytest.raises(QueryFailed, match="COLUMN_NOT_FOUND"):
        lake.query("SELECT nothing FROM user_days")
