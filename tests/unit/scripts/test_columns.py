"""The job's columns match the contract: it reads the lake's columns, and imports nothing but PySpark."""

import ast
import json
import sys
from pathlib import Path

import pytest

from backend.contract.rules import event_types as contract
from backend.contract.rules.placeholder_ids import RESERVED_WORDS
from backend.recommend import requests
from backend.recommend.visitors import fact_lists
from scripts import arguments, event_types, lake, popular_by_fact
from scripts.transforms import values

ROOT = Path(__file__).parents[3]
COLUMNS = json.loads((ROOT / "infrastructure/modules/lake/generated/columns.json").read_text(encoding="utf-8"))
SCHEMA = json.loads((ROOT / "model/schemas/interactions.avsc").read_text(encoding="utf-8"))
# Hive type → Spark type.
TYPES = {
    "boolean": "boolean",
    "string": "string",
    "bigint": "bigint",
    "double": "double",
    "timestamp": "timestamp",
    "array<string>": "array<string>",
    "array<bigint>": "array<bigint>",
}


@pytest.mark.parametrize(
    ("kind", "schema", "added"),
    [("events", lake.EVENTS, set()), ("items", lake.ITEMS, {"received_at"}), ("users", lake.USERS, {"received_at"})],
)
def test_every_column_read_is_in_the_lake_with_the_same_type(kind, schema, added):
    declared = {column["name"]: TYPES[column["type"]] for column in COLUMNS[kind]}

    for field in schema.fields:
        if field.name not in added:
            assert declared[field.name] == field.dataType.simpleString()


def test_the_job_imports_pyspark_and_the_standard_library_only():
    for path in (ROOT / "scripts").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            imported += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in imported:
                top = name.split(".")[0]
                assert top in {"pyspark", "scripts"} or top in sys.stdlib_module_names, f"{path} imports {name}"


def test_the_types_of_event_are_those_of_the_contract():
    context = [field["name"] for field in SCHEMA["fields"] if field.get("categorical")]

    assert event_types.INTERACTION_TYPES == contract.DEFAULT_INTERACTION_TYPES
    assert (event_types.SEARCH, event_types.IMPRESSION) == (contract.SEARCH, contract.IMPRESSION)
    assert event_types.MAX_TYPES_AND_CONTEXT_COLUMNS == contract.MAX_TYPES_AND_CONTEXT_COLUMNS
    assert list(event_types.CONTEXT_COLUMNS) == context
    # With the searches that the event tracker gets, the default is within the limit.
    assert event_types.read_interaction_types(",".join(event_types.INTERACTION_TYPES)) == event_types.INTERACTION_TYPES


def test_the_facts_are_those_that_the_api_reads():
    assert popular_by_fact.FACTS == requests.FACTS
    assert {*popular_by_fact.FACTS} <= {field.name for field in lake.USERS.fields}
    options = arguments.read_arguments(["--lake", "l", "--datasets", "s3://data/", "--run_id", "run"])
    assert options.popular_by_fact == f"s3://data/{fact_lists.KEY}"


def test_every_reserved_word_contains_a_reserved_part():
    assert {*values.RESERVED_WORDS} == RESERVED_WORDS
    assert all(any(part in word for part in values._RESERVED_PARTS) for word in values.RESERVED_WORDS)
