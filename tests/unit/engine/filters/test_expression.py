"""Wrong expressions are refused with the place of the error and the right form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.engine.filters.compiled import compile_filter
from model.engine.filters.expression import FilterExpressionError, Strings, parse
from tests.factories.cinema import SCHEMAS

ITEMS = "INCLUDE ItemID WHERE Items."


def refusal(expression: str) -> FilterExpressionError:
    with pytest.raises(FilterExpressionError) as caught:
        compile_filter(expression, SCHEMAS)
    assert str(caught.value).startswith(f"filterExpression, character {caught.value.place + 1}: ")
    return caught.value


# Where the fault is, is marked with a circumflex, which is taken out before the expression is read.
@pytest.mark.parametrize(
    ("marked", "what"),
    [
        ("^", "INCLUDE or EXCLUDE is expected here, but the expression ends"),
        ("^HIDE ItemID WHERE Items.PRICE < 1", "INCLUDE or EXCLUDE is expected here, but there is HIDE"),
        ("INCLUDE ^Items WHERE Items.PRICE < 1", "ItemID or UserID or ActionID is expected here, but there is Items"),
        ("INCLUDE ItemID ^Items.PRICE < 1", "WHERE is expected here"),
        ("INCLUDE ItemID WHERE ^Action.VALUE < 1", "Items or Users or Actions or Action_Interactions is expected"),
        ("INCLUDE ItemID WHERE Items ^PRICE < 1", '"." is expected here'),
        (ITEMS + "^< 1", "the name of a field is expected here"),
        (ITEMS + "PRICE ^LIKE 1", "IN, NOT IN or one of = != < <= > >= is expected here, but there is LIKE"),
        (ITEMS + 'GENRE NOT ^("a")', "IN after NOT is expected here"),
        (ITEMS + 'GENRE IN ^"a"', '"(" is expected here, but there is a string'),
        (ITEMS + "GENRE IN (^)", "a string in double quotes"),
        (ITEMS + 'GENRE IN ("a" ^"b")', '")" is expected here'),
        (ITEMS + 'GENRE IN ("a", ^$B)', "a string in double quotes"),
        (ITEMS + "GENRE IN ($A^, $B)", '")" is expected here'),
        (ITEMS + 'GENRE IN (^"a)', "the string that starts here has no closing quote"),
        (ITEMS + "GENRE IN (^'a')", "straight double quotes"),
        (ITEMS + "GENRE IN (^$)", "a parameter has a name"),
        (ITEMS + "PRICE < 1 ^# 2", "the character '#' has no meaning"),
        (ITEMS + "PRICE < ^", "a number, a parameter or a field of CurrentItem"),
        (ITEMS + 'PRICE = ^"cheap"', "strings are compared with IN"),
        (ITEMS + "PRICE < (^(1))", "a number, a parameter or a field of CurrentItem is expected here"),
        (ITEMS + "PRICE < (1^", '")" is expected here, but the expression ends'),
        (ITEMS + "PRICE < 1 ^PRICE", "AND, OR, IF, | or the end of the expression is expected"),
        (ITEMS + "PRICE < 1 |^", "INCLUDE or EXCLUDE is expected"),
        (ITEMS + "PRICE < 1 AND ^CurrentUser.AGE > 1", "CurrentUser may stand only after IF"),
        (ITEMS + "PRICE < 1 IF ^Users.AGE > 1", "IF may ask only for a field of CurrentUser"),
        (ITEMS + "PRICE < 1 IF CurrentUser.AGE > 1 ^OR CurrentUser.AGE < 9", "may be joined by AND only"),
        (ITEMS + "PRICE < 1 IF CurrentUser.AGE > 1 ^IF CurrentUser.AGE < 9", "or the end of the expression"),
        (ITEMS + "GENRE NOT IN ^CurrentItem.GENRE", "use IN with the opposite verb"),
    ],
)
def test_errors_of_the_grammar(marked, what):
    found = refusal(marked.replace("^", ""))

    assert what in found.what
    assert found.place == marked.index("^")


@pytest.mark.parametrize(
    ("marked", "what"),
    [
        (ITEMS + "^PRISE < 1", "the schema of Items has no field PRISE: is PRICE meant?"),
        (ITEMS + "^price < 1", "the schema of Items has no field price: is PRICE meant?"),
        (ITEMS + "^ZZZ < 1", "no field ZZZ; it has ITEM_ID, GENRE"),
        (ITEMS + '^SOLD_OUT IN ("true")', "Items.SOLD_OUT is boolean: filter by a string"),
        (ITEMS + '^DESCRIPTION IN ("a")', "Items.DESCRIPTION is a text"),
        (ITEMS + 'PRICE IN ^("1")', "Items.PRICE holds numbers: compare it with ="),
        (ITEMS + "GENRE < ^1", "Items.GENRE holds strings: compare it by IN"),
        (ITEMS + "GENRE != ^$GENRE", "Items.GENRE holds strings: compare it by IN"),
        (ITEMS + "GENRE IN ^(*)", "* stands for every event type; Items.GENRE needs strings"),
        (ITEMS + "GENRE NOT IN ^($GENRE)", "NOT IN takes no parameters: use IN with the opposite of INCLUDE"),
        (ITEMS + "PRICE < CurrentItem.^STUDIO", "CurrentItem.STUDIO must hold numbers, as PRICE does"),
        (ITEMS + "PRICE < CurrentItem.^SOLD_OUT", "CurrentItem.SOLD_OUT must hold numbers"),
        (ITEMS + "GENRE IN CurrentItem.^DESCRIPTION", "must hold strings that may be filtered by"),
        (ITEMS + "GENRE IN CurrentItem.^ZZZ", "the schema of Items has no field ZZZ"),
        ('INCLUDE ItemID WHERE ^Users.TIER IN ("gold")', "ItemID is filtered by Items or Interactions, not by Users"),
        ('INCLUDE UserID WHERE ^Items.GENRE IN ("a")', "UserID is filtered by Users or Interactions, not by Items"),
        (
            'INCLUDE ActionID WHERE ^Interactions.EVENT_TYPE IN ("a")',
            "ActionID is filtered by Actions or Action_Interactions",
        ),
        (
            ITEMS + 'PRICE < 1 AND ^Interactions.EVENT_TYPE IN ("a")',
            "the conditions of one clause are on one dataset, here Items",
        ),
        (
            ITEMS + 'PRICE < 1 | EXCLUDE ^UserID WHERE Users.TIER IN ("a")',
            "all clauses of a filter have the same target, here ItemID",
        ),
        ("INCLUDE ItemID WHERE Interactions.^TIMESTAMP > 1", "Interactions are filtered by EVENT_TYPE only"),
        ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE = ^$TYPE", "is compared by IN or NOT IN with event types"),
        ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ^CurrentItem.GENRE", "is compared by IN or NOT IN"),
        ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN ^(*)", "would match nothing"),
        ("INCLUDE ActionID WHERE Actions.^EXPIRATION_TIMESTAMP > 1", "always applies, so filters may not use it"),
        ("INCLUDE ActionID WHERE Actions.^REPEAT_FREQUENCY > 1", "always applies, so filters may not use it"),
        ("INCLUDE ActionID WHERE Actions.VALUE > ^CurrentItem.PRICE", "CurrentItem is for conditions on Items"),
        (ITEMS + "PRICE < 1 IF CurrentUser.AGE > ^CurrentItem.PRICE", "CurrentItem is for conditions on Items"),
        (ITEMS + "PRICE < 1 IF CurrentUser.TIER NOT IN ^($T)", "NOT IN takes no parameters"),
        ("INCLUDE UserID WHERE Users.AGE > 1 IF ^CurrentUser.AGE > 1", "there is no CurrentUser where users"),
    ],
)
def test_errors_of_the_rules(marked, what):
    found = refusal(marked.replace("^", ""))

    assert what in found.what
    assert found.place == marked.index("^")


def test_a_missing_dataset_is_named():
    items_only = {"ITEMS": SCHEMAS["ITEMS"]}

    with pytest.raises(FilterExpressionError, match="the dataset group has no dataset of the type Interactions"):
        compile_filter('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("a")', items_only)
    with pytest.raises(FilterExpressionError, match="the dataset group has no dataset of the type Users"):
        compile_filter("EXCLUDE ItemID WHERE Items.PRICE < 1 IF CurrentUser.AGE > 1", items_only)


def test_a_filter_may_name_ten_different_fields():
    fields = [
        *("Items.GENRE", "Items.STUDIO", "Items.PRICE", "Items.PAGES", "Items.CREATION_TIMESTAMP", "Items.ITEM_ID"),
        *("CurrentUser.AGE", "CurrentUser.TIER", "CurrentUser.USER_ID"),
    ]
    texts = {"Items.GENRE", "Items.STUDIO", "Items.ITEM_ID", "CurrentUser.TIER", "CurrentUser.USER_ID"}
    conditions = [f'{field} IN ("a")' if field in texts else f"{field} > 1" for field in fields]
    nine = f"INCLUDE ItemID WHERE {' AND '.join(conditions[:6])} IF {' AND '.join(conditions[6:])}"
    ten = f'{nine} | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("a")'

    compiled = compile_filter(ten, SCHEMAS)

    assert len(compiled.fields) == 10
    assert {"Items.PRICE", "Users.AGE", "Interactions.EVENT_TYPE"} < compiled.fields


def test_an_eleventh_field_is_refused(monkeypatch):
    monkeypatch.setattr("model.engine.personalize.limits.FIELDS_PER_FILTER", 1)

    compile_filter(ITEMS + "PRICE < 1 OR Items.PRICE > CurrentItem.PRICE", SCHEMAS)
    with pytest.raises(FilterExpressionError, match="a filter may name 1 different fields, not 2"):
        compile_filter(ITEMS + "PRICE < CurrentItem.PAGES", SCHEMAS)


def test_keywords_and_datasets_ignore_case_and_strings_do_not():
    (clause,) = parse('exclude itemId where INTERACTIONS.event_type in ("Buy\\"s", "*")')

    assert (clause.verb, clause.target) == ("EXCLUDE", "ItemID")
    (condition,) = clause.conditions()
    assert condition.operand == Strings(('Buy"s', "*"))
    assert compile_filter('exclude itemId where INTERACTIONS.event_type in ("Buy")', SCHEMAS).fields == {
        "Interactions.EVENT_TYPE"
    }


def test_the_attributes_of_a_compiled_filter():
    compiled = compile_filter(
        "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.CREATION_TIMESTAMP > $DATE | "
        "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($TYPE) IF CurrentUser.AGE > $AGE",
        SCHEMAS,
    )

    assert compiled.target == "ItemID"
    assert compiled.placeholders == {"DATE", "TYPE", "AGE"}
    assert compiled.required == {"DATE"}
    assert compiled.datasets == {"ITEMS", "INTERACTIONS"}
    assert compiled.uses_current_item


PIECES = (
    "INCLUDE EXCLUDE ItemID UserID WHERE AND OR IF NOT IN Items Users Interactions CurrentUser CurrentItem PRICE GENRE"
    ' EVENT_TYPE . ( ) , | * < = != $P $ "a" " \' \\ 1 -2.5 1e9 \x00 \u0661 \ud7ff'
)
VALID = 'EXCLUDE ItemID WHERE Items.GENRE IN ("a", "b") OR Items.PRICE < (CurrentItem.PRICE) IF CurrentUser.AGE > $A'


@given(
    cut=st.integers(0, len(VALID)),
    pieces=st.lists(st.sampled_from(PIECES.split(" ")), max_size=12),
    between=st.sampled_from(["", " ", "\n"]),
)
def test_any_text_is_a_filter_or_refused_with_a_place_in_it(cut, pieces, between):
    expression = VALID[:cut] + between.join(pieces)
    try:
        compile_filter(expression, SCHEMAS)
    except FilterExpressionError as error:
        assert 0 <= error.place <= len(expression)  # noqa: PT017 - alternatives may happen
