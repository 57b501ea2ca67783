"""Queries of the Item-Attribute-Affinity recipe: valid ones, and the reasons of refusals."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.datasets.avro_schema import read_schema
from model.engine.personalize.errors import InvalidInputError
from model.engine.serving.segment_query import read_query
from tests.factories.shop_stream import schema_text

ITEMS = read_schema(schema_text("Items"))


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ('ITEMS.category = "shoes"', [("CATEGORY", "shoes")]),
        ('ITEMS.CATEGORY="a" and ITEMS.price = 9.5', [("CATEGORY", "a"), ("PRICE", 9.5)]),
        ("ITEMS.creation_timestamp = 9007199254740993", [("CREATION_TIMESTAMP", 2**53 + 1)]),
        (r'ITEMS.category = "6\" pipe AND more"', [("CATEGORY", '6" pipe AND more')]),
        ('ITEMS.category = "a" AND ITEMS.category = "b"', [("CATEGORY", "a"), ("CATEGORY", "b")]),
    ],
)
def test_names_of_attributes_ignore_case(expression, wanted):
    assert read_query(expression, ITEMS) == wanted


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "must be ITEMS.column"),
        ('ITEMS.category IN ("a")', "must be ITEMS.column"),
        ('ITEMS.category = "a" OR ITEMS.category = "b"', "by AND only"),
        ('ITEMS.category = "a" AND', "must be ITEMS.column"),
        ('ITEMS.colour = "red"', "no column colour"),
        ('ITEMS.description = "red"', "textual"),
        ("ITEMS.category = 7", "holds strings"),
        ('ITEMS.price = "9.5"', "holds numbers"),
        ('USERS.age = "9"', "must be ITEMS.column"),
    ],
)
def test_an_invalid_query_is_refused_with_the_reason(expression, reason):
    with pytest.raises(InvalidInputError, match=re.escape(reason)):
        read_query(expression, ITEMS)


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"])), min_size=1, max_size=4))
def test_reading_an_escaped_value_returns_it_unchanged(values):
    quoted = ['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]

    found = read_query(" AND ".join(f"ITEMS.category = {value}" for value in quoted), ITEMS)

    assert found == [("CATEGORY", value) for value in values]
