"""The page of what the engine honours says what the marks say, and refuses marks that say nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.contract.engine.compatibility import TESTS, BadMarkError, Marks, by_operation, page, unshown
from tests.contract.engine.conformance.corpus import Corpus, Row

EMPTY = Corpus((), {})


def test_a_statement_stands_once_with_the_test_that_makes_it():
    marks = [
        ("honours", ("PutEvents", "an eventId is kept once"), "test_b.py::test_two"),
        ("honours", ("PutEvents", "an eventId is kept once"), "test_b.py::test_two"),
        ("differs", ("PutItems", "unknown properties are refused"), "test_a.py::test_three"),
    ]

    text = page(by_operation(marks), EMPTY)

    assert text.count("an eventId is kept once") == 1
    assert "### PutEvents\n- an eventId is kept once ([`test_two`](../../tests/contract/engine/test_b.py))" in text
    assert "### PutItems\n- **Differs:** unknown properties are refused ([`test_three`]" in text
    assert "| `personalize-events` | 5 | 2 | 1 | 1 |" in text


@pytest.mark.parametrize("given", ["skip", "skipif", "xfail"])
def test_a_test_that_may_not_run_shows_nothing(given):
    honours = pytest.mark.honours("PutEvents", "an eventId is kept once").mark

    def session(*names: str) -> Any:
        has = {"get_closest_marker": lambda name: name in names, "iter_markers": lambda kind: [honours]}
        return SimpleNamespace(items=[SimpleNamespace(path=TESTS / "test_a.py", name="test_one", **has)])

    marks = Marks()
    marks.pytest_collection_finish(session(given))
    assert marks.found == []
    marks.pytest_collection_finish(session())
    assert marks.found


@pytest.mark.parametrize(
    ("follows", "engine"), [("observation", "both are kept (observation)"), ("neither", "**Differs:** both are kept")]
)
def test_a_row_of_the_corpus_is_printed_with_its_test_and_sources(follows, engine):
    row = Row(
        id="two|ids",
        operations=("PutEvents",),
        in_short="PutEvents twice",
        page="one is kept",
        observed="two were kept",
        sources=("notebook",),
        choice="both are kept",
        follows=follows,
        test="events/test_a.py::test_two",
    )

    text = page(by_operation([]), Corpus((row,), {"guide": "the guide", "notebook": "a notebook"}))

    assert (
        f"| two&#124;ids | PutEvents | PutEvents twice | one is kept | two were kept | {engine} | 2 | "
        "[`test_two`](../../tests/contract/engine/events/test_a.py) |" in text
    )
    assert "1. the guide\n2. a notebook\n" in text


def test_all_79_operations_are_counted_and_the_unshown_are_named():
    shown = by_operation([("honours", ("CreateFilter", "thirty filters per dataset group"), "test_a.py::test_one")])

    assert len(shown) == 79
    assert len(unshown(shown)) == 78
    assert "CreateFilter" not in unshown(shown)
    assert "ListFilters" in page(shown, EMPTY)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("CreateFilter",),
        ("CreateFilters", "thirty of them"),
        ("CreateFilter", ""),
        ("CreateFilter", "thirty."),
        ("A", "b", "c"),
    ],
)
def test_a_bad_mark_is_refused_with_its_test(arguments):
    with pytest.raises(BadMarkError, match=r"test_a\.py::test_one"):
        by_operation([("honours", arguments, "test_a.py::test_one")])


@pytest.mark.parametrize("kind", ["honours", "differs"])
@pytest.mark.parametrize("repeated", ["an eventId is kept once", "An `eventId`, is kept once"])
def test_two_marks_with_the_same_statement_about_an_operation_are_refused(kind, repeated):
    marks = [
        ("honours", ("PutEvents", "an eventId is kept once"), "test_a.py::test_one"),
        (kind, ("PutEvents", repeated), "test_b.py::test_two"),
    ]

    with pytest.raises(
        BadMarkError, match=r"test_a\.py::test_one and test_b\.py::test_two make the same statement about PutEvents"
    ):
        by_operation(marks)
