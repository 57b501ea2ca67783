"""The parts of the Data Catalog that awswrangler and Terraform need."""

from __future__ import annotations

import pytest

DATABASE = "catalog_test"


@pytest.fixture(scope="module")
def glue(cloud):
    client = cloud.client("glue")
    client.create_database(DatabaseInput={"Name": DATABASE})
    keys = [{"Name": "day", "Type": "date"}, {"Name": "hour", "Type": "int"}, {"Name": "country", "Type": "string"}]
    storage = {"Columns": [{"Name": "id", "Type": "string"}], "Location": "s3://somewhere/t/"}
    client.create_table(
        DatabaseName=DATABASE, TableInput={"Name": "t", "PartitionKeys": keys, "StorageDescriptor": storage}
    )
    values = [["2026-11-19", "9", "de"], ["2026-11-20", "10", "fr"], ["2026-11-21", "9", "de"]]
    client.batch_create_partition(
        DatabaseName=DATABASE, TableName="t", PartitionInputList=[{"Values": row} for row in values]
    )
    return client


def days(glue, expression: str) -> list[str]:
    found = glue.get_partitions(DatabaseName=DATABASE, TableName="t", Expression=expression)
    return [partition["Values"][0] for partition in found["Partitions"]]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("country = 'de'", ["2026-11-19", "2026-11-21"]),
        # As text '9' would come after '10'.
        ("hour < 10 AND day > DATE '2026-11-19'", ["2026-11-21"]),
        ("day BETWEEN '2026-11-19' AND '2026-11-20'", ["2026-11-19", "2026-11-20"]),
        ("country IN ('fr', 'it') OR hour = 10", ["2026-11-20"]),
        ("NOT country LIKE 'd%'", ["2026-11-20"]),
    ],
)
def test_partitions_are_selected_by_expression_and_type(glue, expression, expected):
    assert days(glue, expression) == expected


def test_an_expression_over_another_column_is_rejected(glue):
    with pytest.raises(glue.exceptions.InvalidInputException):
        days(glue, "id = 'x'")


def test_partitions_are_updated_and_deleted(glue):
    subject = {"DatabaseName": DATABASE, "TableName": "t"}
    glue.create_partition(**subject, PartitionInput={"Values": ["2026-01-01", "0", "it"]})

    moved = {"Values": ["2026-01-02", "0", "it"], "Parameters": {"moved": "yes"}}
    glue.update_partition(**subject, PartitionValueList=["2026-01-01", "0", "it"], PartitionInput=moved)
    found = glue.get_partition(**subject, PartitionValues=["2026-01-02", "0", "it"])["Partition"]
    assert found["Parameters"] == {"moved": "yes"}

    entries = [{"Values": ["2026-01-02", "0", "it"]}, {"Values": ["1999-01-01", "0", "it"]}]
    answer = glue.batch_delete_partition(**subject, PartitionsToDelete=entries)
    assert [error["PartitionValues"][0] for error in answer["Errors"]] == ["1999-01-01"]
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_partition(**subject, PartitionValues=["2026-01-02", "0", "it"])


def test_versions_of_a_table_are_stored_latest_first(glue):
    glue.create_table(DatabaseName=DATABASE, TableInput={"Name": "versioned", "Description": "first"})
    glue.update_table(DatabaseName=DATABASE, TableInput={"Name": "versioned", "Description": "second"})

    versions = glue.get_table_versions(DatabaseName=DATABASE, TableName="versioned")["TableVersions"]

    assert [version["Table"]["Description"] for version in versions] == ["second", "first"]
    assert [version["VersionId"] for version in versions] == ["2", "1"]
