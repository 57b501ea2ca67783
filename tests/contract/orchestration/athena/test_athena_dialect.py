"""Values, types and errors of single queries, by the table ``trino.tsv`` beside this file."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fakes.emulator.process import ENVIRONMENTS, ROOT

TABLE = Path(__file__).with_name("trino.tsv")


class Row(NamedTuple):
    query: str
    value: str
    type: str
    before: str = ""


def rows() -> list[Row]:
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [Row(*line.split("\t")) for line in lines[1:]]


ROWS = rows()


@pytest.fixture(scope="module")
def answers():
    queries = [row.query if row.query.startswith(("SELECT ", "WITH ")) else f"SELECT {row.query}" for row in ROWS]
    finished = subprocess.run(
        [str(ENVIRONMENTS / "emulator" / "bin" / "python"), "-m", "tests.fakes.emulator.dialect"],
        input=json.dumps(queries),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return dict(zip([row.query for row in ROWS], json.loads(finished.stdout), strict=True))


@pytest.mark.parametrize("row", [row for row in ROWS if row.type != "refused"], ids=lambda row: row.query)
def test_a_query_has_trinos_value_and_type(answers, row):
    value = {"NULL": None, "''": ""}.get(row.value, row.value)

    assert answers[row.query] == {"value": value, "type": row.type}


@pytest.mark.parametrize("row", [row for row in ROWS if row.type == "refused"], ids=lambda row: row.query)
def test_a_query_that_trino_refuses_fails_with_its_error(answers, row):
    assert answers[row.query].get("error", "").startswith(row.value), answers[row.query]
