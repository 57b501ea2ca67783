"""Values of parameters: comma-separated strings in double quotes, and plain numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.engine.filters.parameters import read_number, read_strings
from model.engine.personalize.errors import InvalidInputError
from tests.factories.cinema import quoted

PLAIN = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)


@given(strings=st.lists(PLAIN, min_size=1, max_size=4))
def test_reading_quoted_strings_returns_them_unchanged(strings):
    assert read_strings("P", quoted(*strings)) == tuple(strings)


def test_blanks_around_the_commas_do_not_count():
    assert read_strings("P", ' "a" ,  "b c"') == ("a", "b c")


@pytest.mark.parametrize("text", ["", "a", '"a', 'a"', '"a" "b"', '"a",', ',"a"', "'a'", '"a"b', '"a",b', '"a\\"'])
def test_strings_that_are_not_quoted_separately_are_refused(text):
    with pytest.raises(InvalidInputError, match=r"filterValues\.P must hold strings"):
        read_strings("P", text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10", 10),
        ("-2.5", -2.5),
        ("1e3", 1000.0),
        (" 7 ", 7),
        ("9007199254740993", 2**53 + 1),
        ("9" * 300, float("9" * 300)),
    ],
)
def test_numbers(text, number):
    assert read_number("P", text) == number


@pytest.mark.parametrize("text", ["", "ten", '"10"', "nan", "inf", "1,2", "1_000", "\u0661\u0662"])
def test_other_text_than_a_number_is_refused(text):
    with pytest.raises(InvalidInputError, match=r"filterValues\.P must hold a number"):
        read_number("P", text)
