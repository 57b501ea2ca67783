"""Values of parameters: strings each in double quotes with commas between them, numbers as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.engine.filters.parameters import read_number, read_strings
from model.engine.personalize.errors import InvalidInputError
from tests.factories.cinema import quoted

PLAIN = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)


@given(strings=st.lists(PLAIN, min_size=1, max_size=4))
def test_strings_come_back_as_they_were_quoted(strings):
    assert read_strings("P", quoted(*strings)) == tuple(strings)


def test_blanks_around_the_commas_do_not_count():
    assert read_strings("P", ' "a" ,  "b c"') == ("a", "b c")


@pytest.mark.parametrize("text", ["", "a", '"a', 'a"', '"a" "b"', '"a",', ',"a"', "'a'", '"a"b', '"a",b', '"a\\"'])
def test_strings_that_are_not_quoted_one_by_one_are_refused(text):
    with pytest.raises(InvalidInputError, match=r"filterValues\.P must hold strings"):
        read_strings("P", text)


@pytest.mark.parametrize(("text", "number"), [("10", 10.0), ("-2.5", -2.5), ("1e3", 1000.0), (" 7 ", 7.0)])
def test_numbers(text, number):
    assert read_number("P", text) == number


@pytest.mark.parametrize("text", ["", "ten", '"10"', "nan", "inf", "1,2"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(InvalidInputError, match=r"filterValues\.P must hold a number"):
        read_number("P", text)
