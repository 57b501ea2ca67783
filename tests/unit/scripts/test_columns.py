"""The job's columns are the contract's: it reads what the lake holds and writes what Personalize is told to expect."""

import ast
import json
import sys
from pathlib import Path

import pytest

from scripts import lake
from scripts.transforms import values

ROOT = Path(__file__).parents[3]
COLUMNS = json.loads((ROOT / "infrastructure/modules/lake/generated/columns.json").read_text(encoding="utf-8"))
# Spark's name of a Hive type.
TYPES = {"string": "string", "double": "double", "timestamp": "timestamp", "array<string>": "array<string>"}


@pytest.mark.parametrize(
    ("kind", "schema", "added"),
    [("events", lake.EVENTS, set()), ("items", lake.ITEMS, {"received_at"}), ("users", lake.USERS, {"received_at"})],
)
def test_what_is_read_is_in_the_lake_with_that_type(kind, schema, added):
    declared = {column["name"]: TYPES[column["type"]] for column in COLUMNS[kind]}

    for field in schema.fields:
        if field.name not in added:
            assert declared[field.name] == field.dataType.simpleString()


def test_the_job_needs_pyspark_and_nothing_else():
    for path in (ROOT / "scripts").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            named += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in named:
                top = name.split(".")[0]
                assert top in {"pyspark", "scripts"} or top in sys.stdlib_module_names, f"{path} imports {name}"


def test_a_list_without_a_telling_part_holds_no_reserved_word():
    assert all(any(part in word for part in values._RESERVED_PARTS) for word in values.RESERVED_WORDS)
