"""Import parts: reading returns every imported column, and rows are read from disk on access."""

from __future__ import annotations

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.datasets.avro_schema import Column, read_schema
from model.datasets.csv_import import read_rows
from model.datasets.dataset_types import INTERACTIONS
from model.datasets.errors import InvalidValueError
from model.datasets.interactions import from_rows
from model.datasets.training_data import catalogue_of, select_interactions
from model.datasets.values import check_value, text_reader
from model.engine.storage.import_part import ROWS_FILE, read_interactions, write_interactions, write_rows
from model.engine.storage.rows import ImportedRows, Rows
from tests.factories.shop_stream import SCHEMA_FIELDS, schema_text

OWN = [
    {"name": "DEVICE", "type": ["string", "null"], "categorical": True},
    {"name": "NOTE", "type": ["string", "null"]},
    {"name": "DEPTH", "type": ["double", "null"]},
]
SCHEMA = read_schema(
    json.dumps({**json.loads(schema_text("Interactions")), "fields": SCHEMA_FIELDS["Interactions"] + OWN})
)
EVENT = st.fixed_dictionaries(
    {
        "USER_ID": st.sampled_from(["a", "b", "ü"]),
        "ITEM_ID": st.sampled_from("ijk"),
        "TIMESTAMP": st.integers(0, 2_000_000_000),
        "EVENT_TYPE": st.sampled_from(["View", "Buy"]),
        "EVENT_VALUE": st.none() | st.integers(0, 999).map(lambda cents: cents / 100),
        "DEVICE": st.none() | st.sampled_from(["phone", "desk"]),
        "NOTE": st.none() | st.text(max_size=5),
        "DEPTH": st.none() | st.floats(0, 1),
    }
)


@settings(max_examples=60)
@given(events=st.lists(EVENT, max_size=12))
def test_reading_events_returns_all_their_columns_in_order(events):
    with TemporaryDirectory() as directory:
        columns = write_interactions(Path(directory), SCHEMA, events)
        found = list(read_interactions(Path(directory), INTERACTIONS))

    assert found == events
    assert set(columns.context) == {"DEVICE"}


@settings(max_examples=60)
@given(
    parts=st.lists(st.lists(st.tuples(st.sampled_from("ijk"), st.floats(0, 9)), max_size=5), max_size=4),
    streamed=st.dictionaries(st.sampled_from("ijkl"), st.floats(0, 9)),
)
def test_rows_are_those_of_the_last_part_unless_they_were_streamed(parts, streamed):
    rows = Rows()
    with TemporaryDirectory() as directory:
        for place, part in enumerate(parts):
            (Path(directory) / str(place)).mkdir()
            write_rows(Path(directory) / str(place) / ROWS_FILE, [(one, {"PRICE": price}) for one, price in part])
        rows.imported = ImportedRows([Path(directory) / str(place) for place in range(len(parts))])
    rows.streamed = {one: {"PRICE": price} for one, price in streamed.items()}

    wanted = {one: {"PRICE": price} for part in parts for one, price in part}
    wanted |= {one: {"PRICE": price} for one, price in streamed.items()}
    assert dict(rows.all()) == wanted
    assert all(rows.get(row_id) == wanted.get(row_id) for row_id in "ijklm")


def test_many_small_parts_take_no_descriptors(tmp_path):
    for place in range(20):
        (tmp_path / str(place)).mkdir()
        write_rows(tmp_path / str(place) / ROWS_FILE, [(f"i{place}", {})])
    before = len(list(Path("/proc/self/fd").iterdir()))

    rows = ImportedRows([tmp_path / str(place) for place in range(20)])

    assert len(rows) == 20
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@settings(max_examples=60)
@given(content=st.lists(st.text(max_size=20), min_size=1, max_size=9), small=st.sampled_from([0, 2**20]))
def test_rows_of_small_and_large_parts_are_equal(content, small):
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setattr("model.engine.storage.rows.SMALL_BYTES", small)
        write_rows(Path(directory) / ROWS_FILE, [(str(place), {"NOTE": note}) for place, note in enumerate(content)])
        rows = ImportedRows([Path(directory)])
        assert [rows[str(place)]["NOTE"] for place in range(len(content))] == content


def column(kind="string", **marks):
    return Column("X", kind, **{"nullable": True, "categorical": False, "textual": False, **marks})


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("long", "-7", -7),
        ("double", "1e3", 1000.0),
        ("boolean", "True", True),
        ("string", "", None),
        ("string", " ", " "),
    ],
)
def test_values_are_read_by_their_types(kind, text, value):
    assert text_reader(column(kind))(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("long", "1_000"),
        ("long", " 7"),
        ("long", "7.0"),
        ("int", str(2**31)),
        ("float", "nan"),
        ("float", "1_0"),
        ("boolean", "1"),
    ],
)
def test_values_of_other_types_are_refused(kind, text):
    with pytest.raises(InvalidValueError, match="column X must hold"):
        text_reader(column(kind))(text)


def test_text_is_stored_as_it_is_trained_on():
    textual = column(textual=True)

    assert check_value(textual, "<p>Red &amp; <b>warm</b></p>\r\nfor 3 < 4") == " Red    warm   for 3 < 4"
    assert len(check_value(textual, "語" * 8000)) == 7000
    assert len(check_value(textual, "word " * 8000)) == 20_000


def test_numbers_of_items_are_trained_on_and_missing_ones_are_not_zero():
    catalogue = catalogue_of({"i": {"PRICE": 2.5}, "j": {"PRICE": None}}, schema_text("Items"), set())
    without = catalogue_of({"i": {"PRICE": 2.5}}, schema_text("Items"), {"PRICE"})

    assert catalogue.numbers["PRICE"][0] == 2.5
    assert math.isnan(catalogue.numbers["PRICE"][1])
    assert "CREATION_TIMESTAMP" not in catalogue.numbers
    assert without.numbers == {}


def test_context_is_trained_on_unless_it_is_excluded(tmp_path):
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,DEVICE,NOTE,DEPTH\n"]
    lines += [f"u{n % 40},i{n},{n},View,,{'phone' if n % 2 else ''},,\n" for n in range(1200)]
    columns = write_interactions(tmp_path, SCHEMA, read_rows(SCHEMA, [("file.csv", lines)]))

    chosen = select_interactions(columns, {})
    device = chosen.context["DEVICE"]

    assert {int(item_id[1:]) % 2 for item_id, code in zip(names(chosen), device.codes, strict=True) if code < 0} == {0}
    assert select_interactions(columns, {}, frozenset({"DEVICE"})).context == {}


def names(chosen):
    return [chosen.item_ids[item] for item in chosen.items]


def test_a_hundredth_of_the_users_must_have_two_interactions(tmp_path):
    def select_with(twice):
        rows = [(f"once-{n}", "i", n) for n in range(2990)] + [
            (f"twice-{n}", f"i{k}", n) for n in range(twice) for k in (1, 2)
        ]
        found = from_rows(rows)
        event = dict.fromkeys(("EVENT_VALUE", "DEVICE", "NOTE", "DEPTH")) | {"EVENT_TYPE": "View"}
        events = [
            {**event, "USER_ID": found.user_ids[user], "ITEM_ID": found.item_ids[item], "TIMESTAMP": int(moment)}
            for user, item, moment in zip(found.users, found.items, found.times, strict=True)
        ]
        return select_interactions(write_interactions(tmp_path, SCHEMA, events), {})

    with pytest.raises(match="28 of 3018 users have two or more interactions; at least 1% are needed"):
        select_with(28)
    assert len(select_with(31)) == 2990 + 62
