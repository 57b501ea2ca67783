"""The linter describes a filter, counts the rows that each clause removes, and points at errors."""

from __future__ import annotations

import pytest

from model.engine.filters.expression import FilterExpressionError
from model.engine.filters.linter import Sample, explain, pointer, report
from tests.factories.cinema import FILMS, SCHEMAS, VIEWERS, quoted

SAMPLE = Sample(
    {
        "ITEMS": [{"ITEM_ID": row_id, **row} for row_id, row in FILMS.items()],
        "USERS": [{"USER_ID": row_id, **row} for row_id, row in VIEWERS.items()],
        "INTERACTIONS": [
            {"USER_ID": "ann", "ITEM_ID": item, "TIMESTAMP": moment, "EVENT_TYPE": kind}
            for moment, (item, kind) in enumerate([("heist", "Click"), ("trial", "Click"), ("heist", "Purchase")])
        ],
    }
)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (
            'INCLUDE ItemID WHERE Items.GENRE IN ("drama", "crime") AND Items.PRICE <= 20',
            'Keeps only items where GENRE is "drama" or "crime" and PRICE is at most 20.',
        ),
        (
            "EXCLUDE ItemID WHERE Items.PRICE != 3.5 OR Items.CREATION_TIMESTAMP < 1700000000",
            "Removes items where PRICE is other than 3.5, or where CREATION_TIMESTAMP is below 1700000000.",
        ),
        (
            "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.GENRE IN CurrentItem.GENRE",
            (
                "Keeps only items where PRICE is below the current item's PRICE "
                "and GENRE is one that the current item has in GENRE."
            ),
        ),
        (
            'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN ("buy") IF CurrentUser.AGE > $AGE',
            (
                'Removes items where the user has had an interaction of a type other than "buy"; '
                "this applies only if the current user's AGE is above $AGE."
            ),
        ),
        (
            "INCLUDE UserID WHERE Interactions.EVENT_TYPE IN (*)",
            "Keeps only users where the user has had an interaction of any type.",
        ),
        ("EXCLUDE ActionID WHERE Actions.CATEGORY IN ($C)", "Removes actions where CATEGORY is $C."),
    ],
)
def test_the_description_of_a_clause(expression, words):
    assert explain(expression) == [f"1. {words}"]


def test_each_clause_and_each_condition_has_a_count():
    expression = (
        "INCLUDE ItemID WHERE Items.GENRE IN ($GENRE) AND Items.PRICE < 10"
        ' | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'
    )

    lines = report(expression, SCHEMAS, SAMPLE, "ann", None, {"GENRE": quoted("crime")})

    assert lines == [
        "1. Keeps only items where GENRE is $GENRE and PRICE is below 10.",
        "   removes 3 of 5 items",
        "   - met by 2: GENRE is $GENRE",
        "   - met by 3: PRICE is below 10",
        '2. Removes items where the user has had an interaction of the type "purchase".',
        "   removes 1 of 5 items",
        "Together the filter keeps 1 of 5 items and removes 4.",
    ]


def test_a_clause_that_does_not_apply_to_the_user_is_reported():
    lines = report("EXCLUDE ItemID WHERE Items.PRICE > 0 IF CurrentUser.AGE > 20", SCHEMAS, SAMPLE, "bob")

    assert "   does not apply to this user" in lines
    assert lines[-1] == "Together the filter keeps 5 of 5 items and removes 0."


def test_a_condition_without_its_parameter_is_reported_as_ignored():
    expression = "EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE) AND Items.PRICE < 10"

    assert report(expression, SCHEMAS, SAMPLE, "ann")[1:-1] == [
        "   removes 3 of 5 items",
        "   - ignored, since $GENRE has no value: GENRE is $GENRE",
        "   - met by 3: PRICE is below 10",
    ]


def test_without_data_there_are_no_counts():
    assert report("EXCLUDE ItemID WHERE Items.PRICE > 0", SCHEMAS, Sample({})) == [
        "1. Removes items where PRICE is above 0."
    ]


def test_the_place_of_an_error_is_shown_in_its_line():
    expression = "INCLUDE ItemID WHERE Items.PRICE < 1\n| EXCLUDE ItemID WHERE Items.PRISE < 1"

    with pytest.raises(FilterExpressionError) as caught:
        report(expression, SCHEMAS, SAMPLE)

    assert pointer(expression, caught.value) == [
        "| EXCLUDE ItemID WHERE Items.PRISE < 1",
        "                             ^",
        "the schema of Items has no field PRISE: is PRICE meant?",
    ]
