"""The attributes of an item for the index of products."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.contract.products import (
    MAX_CATEGORY_KEY_BYTES,
    MAX_TITLE_KEY_BYTES,
    UNKNOWN,
    category_key,
    index_attributes,
)
from tests.factories.records import item_fields

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=1000)


def test_an_item_has_its_keys_its_searched_text_and_what_a_page_shows():
    assert index_attributes(item_fields(properties={"picture": "boots.svg", "colour": "brown"})) == {
        "category": {"S": "Shoes|Boots"},
        "title": {"S": "walking boots"},
        "search": {"S": "walking boots\nnorthway"},
        "price": {"N": "129.0"},
        "product": {
            "S": '{"title":"Walking boots","category":"Shoes|Boots","brand":"Northway","price":129.0,'
            '"availability":"in_stock","picture":"boots.svg"}'
        },
    }


def test_an_item_without_fields_is_in_the_index_too():
    unknown = {"S": UNKNOWN}
    assert index_attributes({"item_id": "i"}) == {"category": unknown, "title": unknown, "product": {"S": "{}"}}


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html: bytes of keys, numbers
@given(title=TEXT, category=TEXT, price=st.floats(0, 3.4028234663852886e38))
def test_every_item_fits_the_index(title: str, category: str, price: float):
    attributes = index_attributes({"title": title, "category": category, "price": price})

    assert 1 <= len(attributes["title"]["S"].encode()) <= MAX_TITLE_KEY_BYTES
    assert 1 <= len(attributes["category"]["S"].encode()) <= MAX_CATEGORY_KEY_BYTES
    stored = Decimal(attributes["price"]["N"])
    assert stored == 0 or Decimal("1e-130") <= stored < Decimal("1e126")
    assert len(stored.as_tuple().digits) <= 38


@pytest.mark.parametrize("category", ["ü" * 1000, "ü" * 999 + "x", "a" * 513])
def test_long_categories_have_different_keys_that_no_category_is(category: str):
    assert category_key(category) != category_key(category + "x")
    assert category_key(category).startswith(UNKNOWN)
