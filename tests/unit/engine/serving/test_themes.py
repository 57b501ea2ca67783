"""Themes of lists: the words that items share, and how well each item fits them."""

from __future__ import annotations

import pytest

from model.datasets.avro_schema import read_schema
from model.engine.serving.themes import LEAST_SCORE, MOST_SCORE, NO_THEME, Themes
from tests.factories.shop_stream import schema_text

SCHEMA = read_schema(schema_text("Items"))


def row(category, description):
    return {"CATEGORY": category, "DESCRIPTION": description, "PRICE": 1.0}


CATALOGUE = {
    "trail": row("shoes", "Light running shoe for the trail"),
    "road": row("shoes", "Cushioned running shoe for the road"),
    "track": row("shoes", "Fast running shoe with spikes"),
    "mug": row("kitchen", "A mug for the coffee"),
    "pan": row("kitchen", "A pan for the stove"),
    "pot": row("kitchen", "A pot for the soup"),
}


def test_a_theme_has_the_words_that_the_items_share_and_others_lack():
    theme, _ = Themes(CATALOGUE, SCHEMA, "DESCRIPTION").find_theme(["trail", "road", "track"])

    assert set(theme.lower().replace(",", "").replace(" and", "").split()) == {"running", "shoe", "shoes"}


def test_items_are_ordered_by_how_well_they_fit_the_theme():
    _, items = Themes(CATALOGUE, SCHEMA, "DESCRIPTION").find_theme(["mug", "trail", "road"])

    assert [item for item, _ in items] == ["trail", "road", "mug"]
    assert [score for _, score in items] == [pytest.approx(MOST_SCORE)] * 2 + [pytest.approx(LEAST_SCORE)]


def test_items_without_a_common_word_get_the_default_theme():
    theme, items = Themes(CATALOGUE, SCHEMA, "DESCRIPTION").find_theme(["trail", "unknown"])

    assert theme == NO_THEME
    assert {score for _, score in items} == {LEAST_SCORE}
