"""CSV rows: every physical line is in one row, and a broken line spoils no other."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.contract.csv_rows import MAX_ROW_LINES, MAX_VALUE_CHARACTERS, VALUE_TOO_LONG, read_csv

GOOD = [b"i%d,x" % number for number in range(5)]


def _rows(lines, columns=2, **options):
    return list(read_csv(lines, columns, **options))


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b'i0,"weird al" yankovic', "delimiter"),
        (b'i0,"never closed', "quote"),
        (b"i0", "2 values"),
        (b"i0,a,b", "2 values"),
        (b"i0,\xff", "UTF-8"),
    ],
)
@pytest.mark.parametrize("position", [0, 2, 5])
def test_a_broken_line_is_refused_alone(line, rule, position):
    rows = _rows([*GOOD[:position], line, *GOOD[position:]])

    assert [row.values for row in rows if not row.rule] == [[f"i{number}", "x"] for number in range(5)]
    (broken,) = (row for row in rows if row.rule)
    assert broken.lines == [line]
    assert rule in broken.rule


def test_a_quote_inside_a_value_is_a_character():
    assert [row.values for row in _rows([b'i0,5" disk', b'"i1",7" tablet'])] == [["i0", '5" disk'], ["i1", '7" tablet']]


def test_a_row_over_several_lines_is_one_row_of_all_of_them():
    rows = _rows([b'i0,"a', b"", b'said ""b"""', b"i1,c"])

    assert [row.values for row in rows] == [["i0", 'a\n\nsaid "b"'], ["i1", "c"]]
    assert [len(row.lines) for row in rows] == [3, 1]


def test_two_stray_quotes_that_together_are_no_row_are_refused_alone():
    rows = _rows([b'i0,"a', b"i1,b", b'i2,"c', b"i3,d"])

    assert [bool(row.rule) for row in rows] == [True, False, True, False]


def test_a_quote_that_is_open_for_too_long_is_a_stray_one():
    rows = _rows([b'i0,"a', *[b"i1,b"] * MAX_ROW_LINES, b'x"'])

    assert [len(row.lines) for row in rows] == [1] * (MAX_ROW_LINES + 2)
    assert sum(not row.rule for row in rows) == MAX_ROW_LINES


def test_a_value_is_too_long_whatever_the_csv_modules_limit_is():
    limit = csv.field_size_limit(1_000_000)  # as the engine sets it, for imports
    try:
        (row,) = read_csv([b'a,"' + b"x" * (MAX_VALUE_CHARACTERS + 1) + b'"'], 2)
    finally:
        csv.field_size_limit(limit)

    assert row.rule == VALUE_TOO_LONG


def test_without_quoting_a_quote_is_a_character_everywhere():
    assert _rows([b'"a\t"b" c'], delimiter="\t", is_quoted=False)[0].values == ['"a', '"b" c']


@given(st.lists(st.lists(st.text('a",\n \r', max_size=4), min_size=2, max_size=2).filter(any), max_size=5))
def test_what_a_csv_writer_writes_is_read_back(table):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(table)

    rows = _rows(text.getvalue().encode().removesuffix(b"\n").split(b"\n")) if table else []

    assert [list(row.values) for row in rows] == table


@given(st.lists(st.from_regex(re.compile(rb'[a",]{0,6}', re.ASCII), fullmatch=True), max_size=12))
def test_every_line_is_in_exactly_one_row(lines):
    assert [line for row in _rows(lines) for line in row.lines] == lines
