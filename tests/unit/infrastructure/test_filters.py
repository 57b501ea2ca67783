"""The declared filters are valid for the declared data sets."""

import json
from pathlib import Path

import pytest

from model.datasets.avro_schema import read_schema
from model.engine.filters.compiled import compile_filter

MODEL = Path(__file__).resolve().parents[3] / "model"
DECLARATION = json.loads((MODEL / "solutions/default.json").read_text(encoding="utf-8"))
SCHEMAS = [read_schema((MODEL / f"schemas/{name}.avsc").read_text("utf-8")) for name in DECLARATION["datasets"]]


@pytest.mark.parametrize("name", DECLARATION["filters"])
def test_a_declared_filter_compiles(name):
    compile_filter(DECLARATION["filters"][name]["expression"], {schema.dataset_type: schema for schema in SCHEMAS})
