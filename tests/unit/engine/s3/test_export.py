"""Exports: the rows that they contain, each once, and that an import reads them back."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.datasets.avro_schema import read_schema
from model.datasets.csv_import import read_rows
from model.datasets.dataset_types import KEYWORDS
from model.datasets.values import id_refusal
from model.engine.s3.export import read_rows_to_export, write_csv
from model.engine.storage.event_log.records import EndRecord, EventRecord, RowRecord
from model.engine.storage.import_part import ROWS_FILE, read_interactions, write_interactions, write_rows
from tests.factories.shop_stream import schema_text

INTERACTIONS = read_schema(schema_text("Interactions"))
ITEMS = read_schema(schema_text("Items"))
NO_ITEM = {"CATEGORY": None, "DESCRIPTION": None, "PRICE": None, "CREATION_TIMESTAMP": None}


def exported(schema, mode, parts, log, tmp_path):
    path = tmp_path / "export.csv"
    write_csv(schema, read_rows_to_export(schema, mode, parts, log), path)
    with path.open(newline="") as file:
        return list(csv.DictReader(file)), path


def item(place, price):
    return {**NO_ITEM, "PRICE": price, "CATEGORY": f"c-{place}"}


@pytest.fixture
def items(tmp_path):
    parts = []
    for place, rows in enumerate([{"a": item(0, 1.0), "b": item(0, 2.0)}, {"b": item(1, 3.0), "a": item(0, 1.0)}]):
        part = tmp_path / f"part-{place}"
        part.mkdir()
        write_rows(part / ROWS_FILE, rows.items())
        parts.append(part)
    log = [
        RowRecord("ITEMS", "old", item(2, 9.0)),
        EndRecord("ITEMS"),
        RowRecord("ITEMS", "b", item(2, 4.0)),
        RowRecord("USERS", "b", {}),
        RowRecord("ITEMS", "b", item(2, 5.0)),
        RowRecord("ITEMS", "b", item(2, 5.0)),
    ]
    return parts, log


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("BULK", [("a", "1.0"), ("b", "2.0"), ("b", "3.0")]),
        ("PUT", [("b", "4.0"), ("b", "5.0")]),
        ("ALL", [("a", "1.0"), ("b", "5.0")]),
    ],
)
def test_all_items_with_the_same_id_are_exported_unless_both_kinds_of_data_are(items, tmp_path, mode, expected):
    parts, log = items
    rows, _ = exported(ITEMS, mode, parts, log, tmp_path)

    assert [(row["ITEM_ID"], row["PRICE"]) for row in rows] == expected


@pytest.fixture
def shop(tmp_path):
    part = tmp_path / "part"
    part.mkdir()
    row = {"USER_ID": "ann", "ITEM_ID": "i", "TIMESTAMP": 1, "EVENT_TYPE": "View", "EVENT_VALUE": None}
    write_interactions(part, INTERACTIONS, [row, row, {**row, "TIMESTAMP": 2, "EVENT_VALUE": 0.5}])
    log = [
        EventRecord("0", "ann", "s0", "View", "gone", 1),
        EndRecord("INTERACTIONS"),
        EventRecord("1", None, "s1", "View", "j", 3),
        EventRecord("2", "bob", "s1", "Login", None, 4),
        EventRecord("3", "ann", "s2", "View", "i", 1),
        EventRecord("4", None, "s3", "Buy", "k", 5, value=2.5),
    ]
    return [part], log


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("BULK", [("ann", "i", "1"), ("ann", "i", "2")]),
        ("PUT", [("bob", "j", "3"), ("ann", "i", "1"), ("s3", "k", "5")]),
        ("ALL", [("ann", "i", "1"), ("ann", "i", "2"), ("bob", "j", "3"), ("s3", "k", "5")]),
    ],
)
def test_every_interaction_is_exported_once_with_its_resolved_user(shop, tmp_path, mode, expected):
    parts, log = shop
    rows, _ = exported(INTERACTIONS, mode, parts, log, tmp_path)

    assert [(row["USER_ID"], row["ITEM_ID"], row["TIMESTAMP"]) for row in rows] == expected


def test_reserved_columns_and_properties_of_events_go_to_their_columns(tmp_path):
    fields = json.loads(schema_text("Interactions"))
    fields["fields"] += [
        {"name": name, "type": ["string", "null"]}
        for name in ("IMPRESSION", "RECOMMENDATION_ID", "EVENT_ATTRIBUTION_SOURCE", "SCREEN_SIZE")
    ]
    schema = read_schema(json.dumps(fields))
    event = EventRecord(
        "1", "ann", "s", "View", "i", 1, None, "RID-1", ["i", "j"], '{"screenSize": "big", "other": 1}', "ad"
    )

    (row,), _ = exported(schema, "PUT", [], [event], tmp_path)

    assert row["IMPRESSION"] == "i|j"
    assert row["RECOMMENDATION_ID"] == "RID-1"
    assert row["EVENT_ATTRIBUTION_SOURCE"] == "ad"
    assert row["SCREEN_SIZE"] == "big"
    assert row["EVENT_VALUE"] == ""


CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXT = st.text(CHARACTERS, min_size=1, max_size=8).filter(lambda text: text not in KEYWORDS)
ID = TEXT.filter(lambda text: not id_refusal(text))
VALUE = st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False) | st.floats(-3.4e38, 3.4e38)
LARGEST = float(np.finfo(np.float32).max)


def imported(schema, path, part):
    """Import a CSV into a new part, and return its rows."""
    part.mkdir()
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(read_rows(schema, [("export", file)]))
    if schema.dataset_type == "INTERACTIONS":
        write_interactions(part, schema, rows)
        return list(read_interactions(part, schema.dataset_type))
    return rows


@settings(max_examples=60)
@given(events=st.lists(st.tuples(ID, ID, VALUE, st.integers(0, 2**31)), min_size=1, max_size=5))
@example(events=[("u", "i", LARGEST, 1), ("u", "j", -LARGEST, 1), ("u", "k", 1e-46, 1), ("u", "l", 0.1, 1)])
def test_an_import_of_an_export_has_the_same_interactions(events):
    log = [
        EventRecord(str(number), user, "s" + user, "View", item, time, value)
        for number, (user, item, value, time) in enumerate(events)
    ]
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_csv(INTERACTIONS, read_rows_to_export(INTERACTIONS, "PUT", [], log), folder / "put.csv")
        first = imported(INTERACTIONS, folder / "put.csv", folder / "part")
        write_csv(INTERACTIONS, read_rows_to_export(INTERACTIONS, "BULK", [folder / "part"], []), folder / "bulk.csv")

        assert imported(INTERACTIONS, folder / "bulk.csv", folder / "second") == first
        assert (folder / "bulk.csv").read_bytes() == (folder / "put.csv").read_bytes()
        values = {(row["USER_ID"], row["ITEM_ID"], row["TIMESTAMP"], row["EVENT_VALUE"]) for row in first}
        assert values == {
            (user, item, time, None if value is None else float(str(np.float32(value))))
            for user, item, value, time in events
        }


@settings(max_examples=60)
@given(rows=st.dictionaries(ID, st.tuples(TEXT, st.none() | st.floats(-3.4e38, 3.4e38)), max_size=5))
def test_an_import_of_an_export_has_the_same_items(rows):
    given_rows = {row_id: {**NO_ITEM, "CATEGORY": text, "PRICE": price} for row_id, (text, price) in rows.items()}
    log = [RowRecord("ITEMS", row_id, row) for row_id, row in given_rows.items()]
    with TemporaryDirectory() as name:
        path = Path(name) / "items.csv"
        write_csv(ITEMS, read_rows_to_export(ITEMS, "ALL", [], log), path)

        found = imported(ITEMS, path, Path(name) / "part")

    assert found == [{"ITEM_ID": row_id, **row} for row_id, row in given_rows.items()]


def test_values_that_an_earlier_version_kept_as_infinite_do_not_spoil_an_export(tmp_path):
    log = [EventRecord("1", "u", "s", "View", "i", 1, 1e300)]
    write_csv(INTERACTIONS, read_rows_to_export(INTERACTIONS, "PUT", [], log), tmp_path / "put.csv")

    assert [row["EVENT_VALUE"] for row in imported(INTERACTIONS, tmp_path / "put.csv", tmp_path / "part")] == [None]


def test_an_import_reads_an_export_back(tmp_path):
    awkward = {**NO_ITEM, "DESCRIPTION": 'a "quoted", text\\ of \u00fcmlauts', "CREATION_TIMESTAMP": 7}
    log = [RowRecord("ITEMS", "a,b", awkward)]

    _, path = exported(ITEMS, "ALL", [], log, tmp_path)
    with path.open(encoding="utf-8", newline="") as file:
        (row,) = read_rows(ITEMS, [("export", file)])

    assert row == {"ITEM_ID": "a,b", **awkward}
