"""Filters agree with an interpreter that evaluates each row separately, for any expression and any data."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.cinema import World, quoted

WORDS = st.sampled_from(["drama", "Drama", "crime", "a b", 'q"uote', "ü"])
NUMBERS = st.integers(-2, 3)
ITEM_IDS, USERS, EVENTS = "ijkl", "abc", ("click", "buy", "watch")
COMPARE = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

ITEM_ROWS = st.fixed_dictionaries(
    {},
    optional={
        "GENRE": st.none() | st.lists(WORDS, min_size=1, max_size=3).map("|".join),
        "STUDIO": st.none() | WORDS,
        "PRICE": st.none() | NUMBERS.map(float),
        "PAGES": st.none() | NUMBERS,
    },
)
USER_ROWS = st.fixed_dictionaries({}, optional={"AGE": st.none() | NUMBERS, "TIER": st.none() | WORDS})


@dataclass
class Asker:
    """Who asks about what, with which values."""

    rows: dict[str, dict[str, Any]]
    users: dict[str, dict[str, Any]]
    done: dict[str, dict[str, list[str]]]
    user: str
    item: str
    values: dict[str, str]


Meets = Callable[[Asker, str], bool]
Condition = tuple[str, Meets]


def values_of(row: dict[str, Any], field: str) -> list[str]:
    value = row.get(field)
    if value is None:
        return []
    return value.split("|") if field in {"GENRE", "TIER"} else [value]


@st.composite
def text_conditions(draw) -> Condition:
    field = draw(st.sampled_from(["GENRE", "STUDIO"]))
    shape = draw(st.sampled_from(["IN", "NOT IN", "IN $T", "= $T", "IN CurrentItem", "= CurrentItem"]))
    given_ones = draw(st.lists(WORDS, min_size=1, max_size=3))
    other = draw(st.sampled_from(["GENRE", "STUDIO"]))

    def meets(asker: Asker, item: str) -> bool:
        mine = values_of(asker.rows.get(item, {}), field)
        if "CurrentItem" in shape:
            wanted = values_of(asker.rows.get(asker.item, {}), other)
        elif "$T" in shape:
            wanted = TEXT_VALUES
        else:
            wanted = given_ones
        if shape == "NOT IN":
            return bool(mine) and not set(mine) & set(wanted)
        return bool(set(mine) & set(wanted))

    right = {
        "IN $T": "IN ($T)",
        "IN CurrentItem": f"IN CurrentItem.{other}",
        "= CurrentItem": f"= CurrentItem.{other}",
    }.get(shape, shape if "$" in shape else f"{shape} ({quoted(*given_ones)})")
    return f"Items.{field} {right}", meets


TEXT_VALUES = ["crime", "a b"]
NUMBER_VALUE = 1


@st.composite
def number_conditions(draw) -> Condition:
    field = draw(st.sampled_from(["PRICE", "PAGES"]))
    sign = draw(st.sampled_from(sorted(COMPARE)))
    other = draw(st.sampled_from(["PRICE", "PAGES"]))
    number = draw(NUMBERS)
    shape = draw(st.sampled_from([str(number), f"({number})", "$N", f"CurrentItem.{other}"]))

    def meets(asker: Asker, item: str) -> bool:
        mine = asker.rows.get(item, {}).get(field)
        if shape == "$N":
            wanted: float | None = NUMBER_VALUE
        elif shape.startswith("Current"):
            wanted = asker.rows.get(asker.item, {}).get(other)
        else:
            wanted = number
        return mine is not None and wanted is not None and COMPARE[sign](mine, wanted)

    return f"Items.{field} {sign} {shape}", meets


@st.composite
def event_conditions(draw) -> Condition:
    kinds = draw(st.lists(st.sampled_from([*EVENTS, "CLICK", "Buy", "other"]), min_size=1, max_size=2))
    shape = draw(st.sampled_from(["IN", "NOT IN", "*"]))

    def meets(asker: Asker, item: str) -> bool:
        wanted = {kind.lower() for kind in kinds}
        done = asker.done.get(asker.user, {})
        return any(item in done[kind] and (shape == "*" or (kind in wanted) == (shape == "IN")) for kind in done)

    return f"Interactions.EVENT_TYPE {'IN (*)' if shape == '*' else f'{shape} ({quoted(*kinds)})'}", meets


@st.composite
def user_conditions(draw) -> Condition:
    by_age = draw(st.booleans())
    sign, number = draw(st.sampled_from(sorted(COMPARE))), draw(NUMBERS)
    word, negated = draw(WORDS), draw(st.booleans())

    def meets(asker: Asker, _: str) -> bool:
        user = asker.users.get(asker.user, {})
        if by_age:
            return user.get("AGE") is not None and COMPARE[sign](user["AGE"], number)
        tiers = values_of(user, "TIER")
        return bool(tiers) and (word in tiers) != negated

    if by_age:
        return f"CurrentUser.AGE {sign} {number}", meets
    return f"CurrentUser.TIER {'NOT ' if negated else ''}IN ({quoted(word)})", meets


def is_used(condition: str, asker: Asker) -> bool:
    """Return whether the request has the value of the condition's parameter; only EXCLUDE may lack it."""
    return "$" not in condition or condition.rpartition("$")[2].rstrip(")") in asker.values


@st.composite
def clauses(draw) -> tuple[str, str, Meets, Meets]:
    """Draw a clause as its verb, its text, what rows must meet and what the user must meet."""
    verb = draw(st.sampled_from(["INCLUDE", "EXCLUDE"]))
    kind = draw(st.sampled_from([text_conditions() | number_conditions(), event_conditions()]))
    alternatives = draw(st.lists(st.lists(kind, min_size=1, max_size=2), min_size=1, max_size=2))
    asked = draw(st.lists(user_conditions(), max_size=2))
    text = " OR ".join(" AND ".join(condition for condition, _ in conjunction) for conjunction in alternatives)
    if asked:
        text += " IF " + " AND ".join(condition for condition, _ in asked)

    def rows_meet(asker: Asker, item: str) -> bool:
        used = [[meets for condition, meets in group if is_used(condition, asker)] for group in alternatives]
        return any(all(meets(asker, item) for meets in group) for group in used if group)

    def user_meets(asker: Asker, item: str) -> bool:
        return all(meets(asker, item) for _, meets in asked)

    return verb, f"{verb} ItemID WHERE {text}", rows_meet, user_meets


def naively(asker: Asker, drawn: list[tuple[str, str, Meets, Meets]], item: str) -> bool:
    counting = [(verb, meets) for verb, _, meets, user_meets in drawn if user_meets(asker, item)]
    included = [meets(asker, item) for verb, meets in counting if verb == "INCLUDE"]
    excluded = [meets(asker, item) for verb, meets in counting if verb == "EXCLUDE"]
    return (any(included) or not included) and not any(excluded)


@settings(max_examples=300)
@given(
    before=st.dictionaries(st.sampled_from(ITEM_IDS), ITEM_ROWS, max_size=4),
    changed=st.dictionaries(st.sampled_from(ITEM_IDS), ITEM_ROWS, max_size=3),
    users=st.dictionaries(st.sampled_from(USERS), USER_ROWS, max_size=3),
    done=st.dictionaries(
        st.sampled_from(USERS),
        st.dictionaries(st.sampled_from(EVENTS), st.lists(st.sampled_from(ITEM_IDS), max_size=3), max_size=2),
    ),
    drawn=st.lists(clauses(), min_size=1, max_size=3),
    user=st.sampled_from([*USERS, "stranger"]),
    item=st.sampled_from([*ITEM_IDS, "unheard-of"]),
    omitted=st.sets(st.sampled_from(["T", "N"])),
)
def test_a_filter_allows_what_the_interpreter_allows(before, changed, users, done, drawn, user, item, omitted):
    expression = " | ".join(text for _, text, _, _ in drawn)
    required = " ".join(text for verb, text, _, _ in drawn if verb == "INCLUDE")
    stated = {"T": quoted(*TEXT_VALUES), "N": str(NUMBER_VALUE)}
    values = {
        name: text
        for name, text in stated.items()
        if f"${name}" in required or (f"${name}" in expression and name not in omitted)
    }
    world = World(before, users, done=done)
    world.tables["ITEMS"].intern([*ITEM_IDS])

    def agrees(rows: dict[str, dict[str, Any]]) -> None:
        asker = Asker(rows, users, done, user, item, values)
        wanted = {item_id for item_id in world.tables["ITEMS"].ids if naively(asker, drawn, item_id)}
        assert world.allowed(expression, user, item, **values) == wanted

    agrees(before)
    for row_id, row in changed.items():
        world.tables["ITEMS"].upsert(row_id, row)
    agrees({**before, **changed})
