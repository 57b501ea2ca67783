"""A lake of an earlier version gives the same data sets; see tests/integration/formats/README.md."""

from __future__ import annotations

import json

from scripts.arguments import Options, Window
from scripts.build import build_datasets
from tests.factories.data_sets.lakes import read_csv
from tests.integration.formats.store import extract

KINDS = ("interactions", "items", "users")
# Columns that the earlier version did not have; its records have no value for them.
LATER = {"interactions": ["DEVICE"], "items": ["AVAILABILITY"], "users": ["COUNTRY", "REGION", "CITY", "DEVICE"]}
DERIVED = ["HOUR"]  # from the time, which the earlier records have
# The earlier version took all types for interactions.
TYPES = ("View", "Click", "AddToCart", "RemoveFromCart", "Purchase", "Watch", "Rating", "Like", "Dislike")


def rows(folder, empty=()):
    """Return the rows of a data set, without columns that must be empty in each."""
    read = list(read_csv(folder))
    assert not any(row[column] for row in read for column in empty)
    added = {*empty, *DERIVED}
    return sorted(sorted((name, value) for name, value in row.items() if name not in added) for row in read)


def test_a_lake_of_an_earlier_version_gives_the_same_data_sets(spark, tmp_path):
    stored = extract("lake", tmp_path)
    built, earlier = tmp_path / "built", stored / "datasets" / "run"

    build_datasets(spark, Options("test", f"{stored}/s3/lake/raw/", f"{built}/", "run", Window(), TYPES))

    assert all(rows(earlier / kind) for kind in KINDS)
    for kind in KINDS:
        assert rows(built / kind, empty=LATER.get(kind, ())) == rows(earlier / kind)
    assert json.loads((built / "manifest.json").read_text()) == json.loads((earlier / "manifest.json").read_text())
