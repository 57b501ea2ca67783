"""Cursors of product lists: what they were written for is read again, and nothing else is."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.contract.products import MAX_CATEGORY_KEY_BYTES, MAX_TITLE_KEY_BYTES, index_attributes
from backend.http import BadRequestError
from backend.recommend.catalogue.choice import Choice
from backend.recommend.catalogue.cursors import Place, read_cursor, write_cursor

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=1000)
PLACE = Place("item-1", "shoes", "boots")
# API Gateway's limit on the request line and the headers together is 10,240 bytes.
MOST_CHARACTERS = 4096


@given(item_id=TEXT.map(lambda text: text[:256]), category=TEXT, title=TEXT)
def test_the_place_of_every_item_fits_an_address_and_is_read_again(item_id: str, category: str, title: str):
    attributes = index_attributes({"title": title, "category": category})
    place = Place(item_id, attributes["category"]["S"], attributes["title"]["S"])
    for choice in (Choice(), Choice(category=category)):
        cursor = write_cursor(place, choice)
        assert len(cursor) <= MOST_CHARACTERS
        assert cursor.isascii()
        assert read_cursor(cursor, choice) == place


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_what_is_no_cursor_is_refused(text: str):
    with pytest.raises(BadRequestError):
        read_cursor(text, Choice())


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        [],
        ["d", "i", "c"],
        ["d", "i", "c", "t", "x"],
        ["d", 1, "c", "t"],
        ["d", "", "c", "t"],
        ["d", "i" * 1025, "c", "t"],
        ["d", "i", "c" * (MAX_CATEGORY_KEY_BYTES + 1), "t"],
        ["d", "i", "c", "t" * (MAX_TITLE_KEY_BYTES + 1)],
        ["d", "i", "c", "\ud800"],
        ["d", "i", "c", "t"],
    ],
)
def test_a_cursor_of_another_form_is_refused(content: object):
    cursor = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    with pytest.raises(BadRequestError) as refused:
        read_cursor(cursor, Choice())
    assert refused.value.field == "page"


def test_a_cursor_with_another_category_than_its_choice_is_refused():
    choice = Choice(category="shoes")
    digest = json.loads(base64.urlsafe_b64decode(write_cursor(PLACE, choice) + "=="))[0]
    forged = base64.urlsafe_b64encode(json.dumps([digest, "i", "kitchen", "t"]).encode()).decode().rstrip("=")

    with pytest.raises(BadRequestError):
        read_cursor(forged, choice)
