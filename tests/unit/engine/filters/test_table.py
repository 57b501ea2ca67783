"""Tables: rows keep their numbers, and cached results are never out of date."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.engine.filters import table as table_module
from model.engine.filters.interned_columns import COMPARISONS
from model.engine.filters.table import ROOM, Table

IDS = st.sampled_from("abcdef")
ROWS = st.fixed_dictionaries(
    {},
    optional={
        "KIND": st.sampled_from(["x", "y", "x|y", "", None]),
        "SIZE": st.sampled_from([0, 1, 2.5, None]),
        "EITHER": st.sampled_from(["x", 1, None]),
    },
)
TABLES = st.dictionaries(IDS, ROWS, max_size=4)
CHANGES = st.one_of(
    st.tuples(st.just("upsert"), IDS, ROWS),
    st.tuples(st.just("replace"), TABLES, st.dictionaries(IDS, ROWS, max_size=2)),
    st.tuples(st.just("intern"), st.lists(IDS, max_size=3), st.none()),
    st.tuples(st.just("forget"), st.lists(IDS, max_size=2), st.none()),
)


def assert_agrees(table: Table, rows: dict[str, dict[str, Any]]) -> None:
    """Compare all that a table says with plain dictionaries."""
    known = [rows.get(row_id, {}) for row_id in table.ids]
    kinds = [row.get("KIND") for row in known]
    sizes = [row.get("SIZE") for row in known]
    eithers = [row.get("EITHER") for row in known]
    whole = table.with_texts("KIND", ("x",), several=False, negated=False)
    among = table.with_texts("KIND", ("x", "z"), several=True, negated=False)
    others = table.with_texts("KIND", ("x",), several=True, negated=True)
    assert whole.tolist() == [kind == "x" for kind in kinds]
    assert among.tolist() == [kind is not None and "x" in kind.split("|") for kind in kinds]
    assert others.tolist() == [kind is not None and "x" not in kind.split("|") for kind in kinds]
    for sign, wanted in (("<", [0, 1]), ("!=", [0, 2.5]), ("=", [1])):
        assert table.with_number("SIZE", sign, 2 if sign == "<" else 1).tolist() == [size in wanted for size in sizes]
    assert table.with_number("EITHER", "=", 1).tolist() == [either == 1 for either in eithers]
    assert table.with_texts("EITHER", ("x",), several=False, negated=False).tolist() == [
        either == "x" for either in eithers
    ]
    assert table.with_ids(["a", "zzz"]).tolist() == [row_id == "a" for row_id in table.ids]
    for number, row in enumerate(known):
        assert table.texts(number, "KIND", several=False) == ((row["KIND"],) if row.get("KIND") is not None else ())
        assert table.number(number, "SIZE") == row.get("SIZE")


@pytest.fixture
def table():
    return Table()


@settings(max_examples=200)
@given(changes=st.lists(CHANGES, max_size=8))
def test_a_table_agrees_with_its_rows_after_any_changes(changes):
    table, rows = Table(), {}
    numbers: dict[str, int] = {}
    for kind, first, second in changes:
        if kind == "upsert":
            table.upsert(first, second)
            rows[first] = second
        elif kind == "replace":
            replacement = table.replacement(first)
            for row_id, row in second.items():  # while the new columns are made
                table.upsert(row_id, row)
            replacement.build()
            replacement.finish()
            rows = {**first, **second}
        elif kind == "intern":
            assert [table.ids[number] for number in table.intern(first)] == first
        else:
            table.erase(first)
            for row_id in first:
                rows.pop(row_id, None)
                numbers.pop(row_id, None)
        assert_agrees(table, rows)
        for row_id, number in numbers.items():
            assert table.row(row_id) == number
        numbers = {row_id: number for number, row_id in enumerate(table.ids) if row_id}


WHOLE = st.integers(-(2**63), 2**63 - 1)
NEAR_LIMITS = st.sampled_from([2**53, 2**62, -(2**53)]).flatmap(lambda limit: st.integers(limit - 3, limit + 3))


@given(
    sizes=st.lists(NEAR_LIMITS | WHOLE | st.sampled_from([0, 2.5, None]), min_size=1, max_size=6),
    asked=NEAR_LIMITS | WHOLE | st.just(2.5) | NEAR_LIMITS.map(float),
)
def test_whole_numbers_are_compared_exactly(sizes, asked):
    table = Table()
    table.replace({str(place): {"SIZE": size} for place, size in enumerate(sizes)})

    assert [table.number(place, "SIZE") for place in range(table.size)] == sizes
    for sign, compares in COMPARISONS.items():
        wanted = [size is not None and compares(size, asked) for size in sizes]
        assert table.with_number("SIZE", sign, asked).tolist() == wanted


def test_a_replaced_large_number_leaves_nothing_of_it(table):
    table.upsert("a", {"SIZE": 2**53 + 1})
    table.upsert("a", {"SIZE": 2**53})

    assert table.with_number("SIZE", "=", 2**53).tolist() == [True]


def test_a_table_grows_beyond_its_initial_room(table):
    table.upsert("first", {"SIZE": 7})
    many = [f"id-{number}" for number in range(3 * ROOM)]
    table.intern(many)
    table.upsert(many[-1], {"SIZE": 7})

    found = table.with_number("SIZE", "=", 7)

    assert np.flatnonzero(found).tolist() == [0, 3 * ROOM]


def test_a_returned_result_does_not_change_when_rows_do(table):
    table.upsert("a", {"SIZE": 1})
    before = table.with_number("SIZE", "=", 1)

    table.upsert("a", {"SIZE": 2})

    assert before.tolist() == [True]
    assert table.with_number("SIZE", "=", 1).tolist() == [False]


def test_more_changes_and_conditions_than_the_cache_holds(monkeypatch):
    monkeypatch.setattr(table_module, "CHANGES", 3)
    monkeypatch.setattr(table_module, "CACHED_RESULTS", 3)
    table = Table()
    for step in range(20):
        table.upsert(f"id-{step % 5}", {"SIZE": step})
        for asked in range(step % 4 + 1):
            sizes = [table.number(number, "SIZE") for number in range(table.size)]
            assert table.with_number("SIZE", ">", asked).tolist() == [(size or 0) > asked for size in sizes]


def test_long_texts_and_booleans_have_no_columns(table):
    table.upsert("a", {"TEXT": "x" * 1001, "FLAG": True})

    assert not table.with_texts("TEXT", ("x" * 1001,), several=False, negated=False).any()
    assert not table.with_number("FLAG", "=", 1).any()


def test_erased_rows_leave_no_values(table):
    table.replace({"ann": {"MAIL": "ann@home", "TIER": "gold"}, "bob": {"MAIL": "bob@home", "TIER": "gold"}})
    assert table.with_texts("MAIL", ("ann@home",), several=True, negated=False).any()

    table.erase(["ann", "nobody"])

    held = pickle.dumps(table)
    assert b"ann" not in held
    assert b"bob@home" in held
    assert table.row("ann") is None
    assert table.with_texts("MAIL", ("bob@home",), several=True, negated=False).tolist() == [False, True]


def test_rows_erased_during_a_replacement_stay_erased(table):
    table.replace({"ann": {"MAIL": "ann@home"}})
    replacement = table.replacement({"ann": {"MAIL": "ann@work"}, "bob": {"MAIL": "bob@work"}})
    replacement.build()
    table.erase(["ann"])

    replacement.finish()

    held = pickle.dumps(table)
    assert b"ann" not in held
    assert b"bob@work" in held


def test_two_replacements_may_be_built_at_once(table):
    first, second = table.replacement({"a": {"SIZE": 1}}), table.replacement({"b": {"SIZE": 2}})
    table.upsert("c", {"SIZE": 3})
    for replacement in (first, second):
        replacement.build()
        replacement.finish()

    assert [table.number(number, "SIZE") for number in table.intern(["a", "b", "c"])] == [None, 2, 3]
