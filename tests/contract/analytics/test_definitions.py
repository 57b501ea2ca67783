"""The views and prepared statements as Terraform declares them: their columns, types, and SQL of Trino."""

from __future__ import annotations

import pytest

from tests.fakes.emulator import curated_lake
from tests.fakes.emulator.curated_lake import CuratedLake

VIEWS = curated_lake.views()


@pytest.fixture(scope="module")
def empty_lake(cloud):
    return CuratedLake(cloud, "definitions")


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_has_the_columns_that_its_file_declares(empty_lake, name):
    execution = empty_lake.run(f"SELECT * FROM {name}")

    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    results = empty_lake.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]
    described = [(column["Name"], column["Type"]) for column in results["ResultSetMetadata"]["ColumnInfo"]]
    assert described == [(column, {"string": "varchar"}.get(kind, kind)) for column, kind in VIEWS[name].columns]
