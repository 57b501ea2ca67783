"""Schemas, CSV values and training data."""

from __future__ import annotations

import json
import math
import sys
import time
from typing import Any

import numpy as np
import pytest

from model.datasets.avro_schema import Column, property_name, read_schema
from model.datasets.csv_import import read_rows, to_columns, to_rows
from model.datasets.errors import ImportFailedError, InvalidSchemaError, InvalidValueError
from model.datasets.training_data import catalogue_of, select_interactions
from model.datasets.values import check_value
from tests.factories.avro import avro_schema
from tests.factories.shop_stream import SCHEMA_FIELDS, interactions_csv, schema_text, shop_rows


def schema(name="Items", **replaced):
    return {**json.loads(schema_text(name)), **replaced}


def rows_of(name, text):
    described = read_schema(schema_text(name))
    return list(read_rows(described, [("file.csv", text.splitlines(keepends=True))]))


def columns():
    return to_columns(rows_of("Interactions", interactions_csv(shop_rows())))


@pytest.mark.parametrize(("column", "name"), [("USER_ID", "userId"), ("PRICE", "price"), ("AGE_GROUP_2", "ageGroup2")])
def test_columns_are_camel_case_as_properties(column, name):
    assert property_name(column) == name


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (schema(type="array"), '"type": "record"'),
        (schema(namespace="mine"), "namespace"),
        (schema(fields=[]), 'list of "fields"'),
        (schema(fields=[{"name": "ITEM_ID", "type": "string"}]), "at least one metadata field"),
        (schema(fields=[{"name": "ITEM_ID", "type": ["string", "null"]}]), "type string and not null"),
        (schema(fields=[{"name": "ITEM_ID", "type": "bytes"}]), "the type of field ITEM_ID must be of"),
        (schema(fields=[{"name": "ITEM_ID", "type": ["int", "string"]}]), "one type"),
        (schema(fields=[{"name": "ITEM ID", "type": "string"}]), "letters, digits and underscores"),
        *(
            (
                schema(fields=[SCHEMA_FIELDS["Items"][0], {"name": "A", "type": "string", mark: "true"}]),
                f'field A: "{mark}" must be true or false',
            )
            for mark in ("categorical", "textual", "itemName")
        ),
        (
            schema(
                "Interactions",
                fields=[*SCHEMA_FIELDS["Interactions"], {"name": "T", "type": "string", "textual": True}],
            ),
            "textual is for string fields of Items",
        ),
        (
            schema(
                "Interactions",
                fields=[*SCHEMA_FIELDS["Interactions"], *({"name": f"C{n}", "type": "int"} for n in range(6))],
            ),
            "may have 5 metadata fields, not 6",
        ),
    ],
)
def test_a_schema_is_refused_with_the_rule_it_breaks(document, message):
    with pytest.raises(InvalidSchemaError, match=message.replace("(", r"\(")):
        read_schema(json.dumps(document))


def test_quotes_may_be_doubled_or_escaped_and_columns_in_any_order():
    text = 'PRICE,ITEM_ID,CATEGORY,DESCRIPTION,CREATION_TIMESTAMP,OTHER\n1.5,i,"a|b","a ""b"" \\"c\\", d",,x\n'

    (row,) = rows_of("Items", text)

    assert row == {
        "ITEM_ID": "i",
        "CATEGORY": "a|b",
        "DESCRIPTION": 'a "b" "c", d',
        "PRICE": 1.5,
        "CREATION_TIMESTAMP": None,
    }
    assert to_rows(read_schema(schema_text("Items")), [row])["i"]["PRICE"] == 1.5


DATA_FIELDS: dict[str, list[Any]] = {
    "Interactions": [*SCHEMA_FIELDS["Interactions"], {"name": "IMPRESSION", "type": ["string", "null"]}],
    "Items": SCHEMA_FIELDS["Items"],
    "Users": [*SCHEMA_FIELDS["Users"], {"name": "AGE", "type": ["int", "null"]}],
    "Actions": [
        {"name": "ACTION_ID", "type": "string"},
        *({"name": name, "type": ["long", "null"]} for name in ("VALUE", "EXPIRATION_TIMESTAMP", "REPEAT_FREQUENCY")),
    ],
    "ActionInteractions": [
        *({"name": name, "type": "string"} for name in ("USER_ID", "ACTION_ID", "EVENT_TYPE")),
        {"name": "TIMESTAMP", "type": "long"},
    ],
}
VALID = {"TIMESTAMP": "1760000000", "EVENT_TYPE": "View", "USER_ID": "u", "ITEM_ID": "i", "ACTION_ID": "a"}
COLUMNS = [(name, field["name"], str(field["type"])) for name, fields in DATA_FIELDS.items() for field in fields]
IDS = [
    (name, column)
    for name, column, _ in COLUMNS
    if column in {"USER_ID", "ITEM_ID", "ACTION_ID", "EVENT_TYPE", "IMPRESSION"}
]
NUMBERS = [(name, column) for name, column, kind in COLUMNS if "string" not in kind]
TIMES = [(name, column) for name, column in NUMBERS if column.endswith("TIMESTAMP")]


def read_row(dataset, changed="", value=""):
    """Read a valid row of a dataset in which one column has another value."""
    names = [field["name"] for field in DATA_FIELDS[dataset]]
    row = [value if name == changed else VALID.get(name, "") for name in names]
    text = f"{','.join(names)}\n{','.join(row)}\n"
    described = read_schema(avro_schema(dataset, DATA_FIELDS[dataset]))
    return next(read_rows(described, [("file.csv", text.splitlines(keepends=True))]))


@pytest.mark.parametrize("dataset", DATA_FIELDS)
def test_a_valid_row_is_read(dataset):
    assert read_row(dataset)


@pytest.mark.parametrize(("dataset", "column"), IDS)
@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f"])
def test_a_control_character_in_an_id_is_refused_with_its_line_and_column(dataset, column, character):
    with pytest.raises(ImportFailedError, match=f"line 2: column {column} has a control character"):
        read_row(dataset, column, f"a{character}b")


@pytest.mark.parametrize(("dataset", "column"), IDS)
@pytest.mark.parametrize("character", ["\u00a0", "\u200d", "🎉", "日"])
def test_other_characters_in_an_id_are_read(dataset, column, character):
    assert read_row(dataset, column, f"a{character}b")[column] == f"a{character}b"


@pytest.mark.parametrize(("dataset", "column"), NUMBERS)
@pytest.mark.parametrize(
    "digits", ["\u0661\u0662", "\uff11\uff12", "1\u0662"], ids=["arabic-indic", "full-width", "mixed"]
)
def test_digits_beyond_ascii_are_refused(dataset, column, digits):
    with pytest.raises(ImportFailedError, match=f"line 2: column {column} must hold values of type"):
        read_row(dataset, column, digits)


@pytest.mark.parametrize(("dataset", "column"), TIMES)
def test_a_negative_time_and_one_in_milliseconds_are_refused_by_what_is_wrong(dataset, column):
    with pytest.raises(ImportFailedError, match=f"line 2: column {column} must be positive epoch seconds"):
        read_row(dataset, column, "-1")
    with pytest.raises(
        ImportFailedError, match=f"line 2: column {column} must hold Unix time in seconds, not in milliseconds"
    ):
        read_row(dataset, column, "1760000000000")


@pytest.mark.parametrize(("column", "schema_has_it"), [("ITEM_ID", True), ("PRICE", True), ("COLOUR", False)])
def test_a_column_that_a_header_names_twice_is_refused_by_name(column, schema_has_it):
    header = ",".join(
        [each.name for each in read_schema(schema_text("Items")).columns] + [column] * (1 if schema_has_it else 2)
    )

    with pytest.raises(ImportFailedError, match=f"file.csv names columns more than once: .{column}."):
        rows_of("Items", f"{header}\n")


def test_the_line_of_a_bad_record_is_named_and_its_value_is_not():
    text = "USER_ID,AGE_GROUP\nu-1,20\nu-2,secret-value" + "x" * 1000

    with pytest.raises(ImportFailedError) as caught:
        rows_of("Users", text)

    assert "file.csv, line 3: column AGE_GROUP" in str(caught.value)
    assert "secret-value" not in str(caught.value)


def test_long_text_is_truncated_and_a_long_category_is_refused():
    textual = Column("DESCRIPTION", "string", nullable=False, categorical=False, textual=True)
    category = Column("CATEGORY", "string", nullable=False, categorical=True, textual=False)

    assert len(check_value(textual, "x" * 30_000)) == 20_000
    with pytest.raises(InvalidValueError, match="1001 characters; it may have 1000"):
        check_value(category, "x" * 1001)


@pytest.mark.parametrize(
    ("kind", "largest", "too_large"),
    [("float", np.finfo(np.float32).max, 2.0**128 - 2.0**103), ("double", sys.float_info.max, 10**400)],
)
def test_numbers_must_be_finite_in_their_type(kind, largest, too_large):
    column = Column("PRICE", kind, nullable=True, categorical=False, textual=False)

    for number in (float(str(largest)), -float(str(largest)), 0.1, 5):
        assert check_value(column, number) == number
    for number in (too_large, -too_large, math.nan, math.inf):
        with pytest.raises(InvalidValueError, match=f"must hold finite numbers that fit into its type {kind}"):
            check_value(column, number)


def test_a_training_selects_the_event_type_and_values_of_the_solution():
    found = columns()
    half = found.times.size // 2
    mixed = type(found)(**{**vars(found), "event_types": ["View", "Purchase"], "kinds": found.kinds.copy()})
    mixed.kinds[:half] = 1
    values = found.values.copy()
    values[half:] = 5.0
    valued = type(found)(**{**vars(mixed), "values": values})

    every = select_interactions(mixed, {})
    purchases = select_interactions(mixed, {"eventType": "purchase"})
    above = select_interactions(valued, {"solutionConfig": {"eventValueThreshold": "4.5"}})
    weighed = select_interactions(
        mixed, {"solutionConfig": {"eventsConfig": {"eventParametersList": [{"eventType": "Purchase", "weight": 0.5}]}}}
    )

    assert len(purchases) + len(above) == len(every)
    assert set(np.unique(weighed.weights).tolist()) == {0.5, 1.0}


def test_a_clock_that_runs_ahead_does_not_age_other_events():
    found = columns()
    times = found.times.copy()
    times[3] = 99_999_999_999

    ahead = select_interactions(type(found)(**{**vars(found), "times": times}), {})

    assert len(ahead) == len(select_interactions(found, {}))
    assert ahead.times.max() <= time.time()


def test_too_few_interactions_are_refused_with_their_number():
    with pytest.raises(match="there are 0 unique interactions"):
        select_interactions(columns(), {"eventType": "Watch"})


def test_features_are_categories_by_level_and_words_of_text():
    rows = {"i": {"CATEGORY": "a|b", "DESCRIPTION": "Red running SHOES of it", "CREATION_TIMESTAMP": 5}, "j": {}}

    catalogue = catalogue_of(rows, schema_text("Items"), set())
    without = catalogue_of(rows, schema_text("Items"), {"CATEGORY"})

    words = ("word=red", "word=running", "word=shoes")
    assert catalogue.features == [("CATEGORY=a", "CATEGORY=b", *words), ()]
    assert catalogue.created == [5, 0]
    assert without.features[0] == words


def test_longs_stay_whole_in_a_catalogue_and_floats_may_have_any_size():
    schema = avro_schema(
        "Items",
        [{"name": name, "type": kind} for name, kind in (("ITEM_ID", "string"), ("CODE", "long"), ("PRICE", "float"))],
    )

    catalogue = catalogue_of({"i": {"CODE": 2**53 + 1, "PRICE": 10**30}}, schema, set())

    assert catalogue.numbers == {"CODE": [2**53 + 1], "PRICE": [1e30]}
