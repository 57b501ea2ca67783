"""Filters allow the rows that the guide's rules allow, in a cinema of five films."""

from __future__ import annotations

import pytest

from model.engine.personalize.errors import InvalidInputError
from tests.factories.cinema import FILMS, World, cinema, quoted

EVERY_FILM = set(FILMS)


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ('INCLUDE ItemID WHERE Items.STUDIO IN ("north")', {"heist", "farce"}),
        ('EXCLUDE ItemID WHERE Items.STUDIO IN ("north")', {"trial", "elegy", "blank"}),
        ('INCLUDE ItemID WHERE Items.GENRE IN ("drama", "comedy")', {"heist", "trial", "farce", "elegy"}),
        ('INCLUDE ItemID WHERE Items.GENRE NOT IN ("crime")', {"farce", "elegy"}),
        ('EXCLUDE ItemID WHERE Items.GENRE NOT IN ("crime")', {"heist", "trial", "blank"}),
        ("INCLUDE ItemID WHERE Items.PRICE < 9.5", {"trial", "farce"}),
        ("INCLUDE ItemID WHERE Items.PRICE <= 9.5", {"heist", "trial", "farce"}),
        ("INCLUDE ItemID WHERE Items.PRICE > (4)", {"heist", "elegy"}),
        ("INCLUDE ItemID WHERE Items.PRICE >= 4", {"heist", "trial", "elegy"}),
        ("INCLUDE ItemID WHERE Items.PAGES = 90", {"trial"}),
        ("INCLUDE ItemID WHERE Items.PAGES != 90", {"heist", "farce"}),
        ('INCLUDE ItemID WHERE Items.ITEM_ID IN ("farce", "blank", "unheard-of")', {"farce", "blank"}),
        ('INCLUDE ItemID WHERE Items.ITEM_ID NOT IN ("farce")', EVERY_FILM - {"farce"}),
        # AND before OR
        ('INCLUDE ItemID WHERE Items.PRICE > 10 OR Items.PRICE > 3 AND Items.STUDIO IN ("south")', {"trial", "elegy"}),
        ('EXCLUDE ItemID WHERE Items.GENRE IN ("crime") AND Items.STUDIO NOT IN ("north")', EVERY_FILM - {"trial"}),
    ],
)
def test_conditions_on_items(expression, allowed):
    assert cinema().allowed(expression) == allowed


@pytest.mark.parametrize(
    ("expression", "user", "allowed"),
    [
        ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")', "ann", {"heist", "trial"}),
        ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")', "ann", {"farce", "elegy", "blank"}),
        ('INCLUDE ItemID WHERE Interactions.event_type IN ("CLICK", "Purchase")', "ann", {"heist", "trial"}),
        ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")', "bob", {"farce"}),
        ("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*)", "bob", EVERY_FILM - {"farce"}),
        ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN ("click")', "ann", {"heist"}),
        (
            'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click") AND Interactions.EVENT_TYPE IN ("purchase")',
            "ann",
            {"heist"},
        ),
        ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")', "stranger", set()),
        ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")', "stranger", EVERY_FILM),
    ],
)
def test_conditions_on_the_interactions_of_the_user(expression, user, allowed):
    assert cinema().allowed(expression, user) == allowed


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ('INCLUDE ItemID WHERE Items.STUDIO IN ("east") | INCLUDE ItemID WHERE Items.PRICE < 3', {"elegy", "farce"}),
        (
            'EXCLUDE ItemID WHERE Items.STUDIO IN ("east") | EXCLUDE ItemID WHERE Items.PRICE < 3',
            EVERY_FILM - {"elegy", "farce"},
        ),
        (
            "INCLUDE ItemID WHERE Items.PRICE < 10 AND Items.PAGES > 1 | EXCLUDE ItemID WHERE Items.PAGES > 99",
            {"trial", "farce"},
        ),
        (
            'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase") | INCLUDE ItemID WHERE Items.PAGES > 80',
            {"trial"},
        ),
        (
            """INCLUDE ItemID WHERE Items.GENRE IN ("crime") | INCLUDE ItemID WHERE Items.GENRE IN ("comedy")
            | EXCLUDE ItemID WHERE Items.PRICE > 9 | EXCLUDE ItemID WHERE Items.STUDIO IN ("south")""",
            {"farce"},
        ),
    ],
)
def test_clauses_of_one_verb_are_joined_and_exclusion_wins_in_any_order(expression, allowed):
    assert cinema().allowed(expression) == allowed


@pytest.mark.parametrize(
    ("user", "allowed"),
    [("ann", {"heist", "farce"}), ("bob", EVERY_FILM), ("cyd", EVERY_FILM), ("stranger", EVERY_FILM)],
)
def test_a_clause_applies_only_to_users_who_meet_its_if(user, allowed):
    expression = (
        'INCLUDE ItemID WHERE Items.STUDIO IN ("north") IF CurrentUser.AGE > 18 AND CurrentUser.TIER IN ("gold", "x")'
    )

    assert cinema().allowed(expression, user) == allowed


@pytest.mark.parametrize(
    ("user_condition", "applies_to"),
    [
        ("CurrentUser.AGE = 17", {"bob"}),
        ("CurrentUser.AGE != 17", {"ann"}),
        ('CurrentUser.TIER NOT IN ("gold")', {"bob"}),
        ('CurrentUser.TIER IN ("early")', {"ann"}),
        ('CurrentUser.USER_ID IN ("bob", "stranger")', {"bob", "stranger"}),
    ],
)
def test_conditions_on_the_current_user(user_condition, applies_to):
    world = cinema()
    expression = f"EXCLUDE ItemID WHERE Items.PRICE > 0 IF {user_condition}"

    assert {
        user for user in ("ann", "bob", "cyd", "stranger") if world.allowed(expression, user) == {"blank"}
    } == applies_to


@pytest.mark.parametrize(
    ("expression", "item", "allowed"),
    [
        ("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE", "heist", {"trial", "farce"}),
        ("INCLUDE ItemID WHERE Items.GENRE IN CurrentItem.GENRE", "heist", {"heist", "trial", "farce"}),
        (
            "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.GENRE IN CurrentItem.GENRE",
            "elegy",
            {"trial"},
        ),
        ("INCLUDE ItemID WHERE Items.STUDIO = CurrentItem.STUDIO", "farce", {"heist", "farce"}),
        ("EXCLUDE ItemID WHERE Items.ITEM_ID IN CurrentItem.ITEM_ID", "farce", EVERY_FILM - {"farce"}),
        ("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE", "blank", set()),
        ("EXCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE", "unheard-of", EVERY_FILM),
    ],
)
def test_conditions_on_the_current_item(expression, item, allowed):
    assert cinema().allowed(expression, item=item) == allowed


def test_a_filter_by_the_current_item_needs_a_current_item():
    with pytest.raises(InvalidInputError, match="is for related items only"):
        cinema().allowed("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE")


@pytest.mark.parametrize(
    ("expression", "values", "allowed"),
    [
        ("INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)", {"GENRE": quoted("drama")}, {"trial", "elegy"}),
        ("INCLUDE ItemID WHERE Items.STUDIO IN ($S)", {"S": quoted("east", "south")}, {"trial", "elegy"}),
        ("INCLUDE ItemID WHERE Items.STUDIO = $S", {"S": quoted("east")}, {"elegy"}),
        ("INCLUDE ItemID WHERE Items.PRICE <= $MOST", {"MOST": "4"}, {"trial", "farce"}),
        ("INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP < $DATE", {"DATE": "2000"}, {"heist"}),
        (
            "EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE) IF CurrentUser.AGE = $AGE",
            {"GENRE": quoted("crime"), "AGE": "34"},
            {"farce", "elegy", "blank"},
        ),
        (
            "EXCLUDE ItemID WHERE Items.PRICE > 3 IF CurrentUser.TIER = $TIER",
            {"TIER": quoted("gold")},
            {"farce", "blank"},
        ),
        ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($E)", {"E": quoted("Purchase")}, {"heist"}),
        ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($E)", {"E": quoted("*")}, {"heist", "trial"}),
        # EXCLUDE may omit its parameters: their conditions are ignored.
        ("EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE)", {}, EVERY_FILM),
        ("EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE) AND Items.PRICE < $MOST", {}, EVERY_FILM),
        (
            'EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE) OR Items.STUDIO IN ("east")',
            {},
            EVERY_FILM - {"elegy"},
        ),
        ('EXCLUDE ItemID WHERE Items.PRICE < $MOST AND Items.STUDIO IN ("east")', {}, EVERY_FILM - {"elegy"}),
        (
            'EXCLUDE ItemID WHERE Items.PRICE < $MOST OR Items.STUDIO IN ("north") AND Items.PAGES > $LEAST',
            {"LEAST": "100"},
            EVERY_FILM - {"heist"},
        ),
        # Without the parameter of IF it is not known whether the clause applies.
        ("EXCLUDE ItemID WHERE Items.PRICE > 0 IF CurrentUser.AGE = $AGE", {}, EVERY_FILM),
        (
            "INCLUDE ItemID WHERE Items.PRICE > $LEAST | EXCLUDE ItemID WHERE Items.STUDIO IN ($S)",
            {"LEAST": "5"},
            {"heist", "elegy"},
        ),
    ],
)
def test_parameters(expression, values, allowed):
    assert cinema().allowed(expression, **values) == allowed


@pytest.mark.parametrize(
    ("expression", "values", "message"),
    [
        ("INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)", {}, "filterValues must hold GENRE"),
        ("INCLUDE ItemID WHERE Items.PRICE > 1 IF CurrentUser.AGE > $AGE", {}, "filterValues must hold AGE"),
        ("EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE)", {"GENRES": '"a"'}, "no parameter GENRES; it has GENRE"),
        ("EXCLUDE ItemID WHERE Items.PRICE < 1", {"PRICE": "1"}, "no parameter PRICE; it has none"),
        ("INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)", {"GENRE": "drama"}, "filterValues.GENRE must hold strings"),
        ("INCLUDE ItemID WHERE Items.PRICE < $P", {"P": '"cheap"'}, "filterValues.P must hold a number"),
    ],
)
def test_invalid_values_are_refused_and_not_repeated(expression, values, message):
    with pytest.raises(InvalidInputError) as caught:
        cinema().allowed(expression, **values)

    assert message in str(caught.value)
    assert "cheap" not in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ('EXCLUDE ActionID WHERE Actions.CATEGORY IN ("feedback")', {"join"}),
        ("INCLUDE ActionID WHERE Actions.VALUE > (5)", {"join", "call"}),
        ('EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("NOT_TAKEN")', {"join", "rate"}),
        ('INCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("Taken", "Viewed")', {"join", "rate", "call"}),
        ('INCLUDE ActionID WHERE Actions.CATEGORY IN ("sales") IF CurrentUser.TIER IN ("gold")', {"call"}),
        ('INCLUDE ActionID WHERE Actions.ACTION_ID IN ("rate")', {"rate"}),
    ],
)
def test_filters_of_actions(expression, allowed):
    assert cinema().allowed(expression) == allowed


@pytest.mark.parametrize(
    ("expression", "values", "allowed"),
    [
        ("INCLUDE UserID WHERE Users.TIER IN ($TIER)", {"TIER": quoted("gold", "basic")}, {"ann", "bob"}),
        ("EXCLUDE UserID WHERE Users.AGE < 18", {}, {"ann", "cyd"}),
        ('INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("click", "watch")', {}, {"ann", "bob"}),
        ("EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ($E)", {"E": quoted("watch")}, {"ann", "cyd"}),
        ("EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ($E)", {}, {"ann", "bob", "cyd"}),
        (
            'EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ($E) AND Interactions.EVENT_TYPE IN ("watch")',
            {},
            {"ann", "cyd"},
        ),
        ('INCLUDE UserID WHERE Users.USER_ID NOT IN ("bob")', {}, {"ann", "cyd"}),
    ],
)
def test_filters_of_users(expression, values, allowed):
    assert cinema().allowed(expression, **values) == allowed


def test_an_item_without_data_is_dropped_by_include_and_kept_by_exclude():
    world = cinema()
    world.tables["ITEMS"].intern(["only-clicked"])

    assert "only-clicked" not in world.allowed("INCLUDE ItemID WHERE Items.PRICE > 0")
    assert "only-clicked" in world.allowed("EXCLUDE ItemID WHERE Items.PRICE > 0")


def test_a_changed_item_counts_from_the_next_query_on():
    world = cinema()
    expression = 'INCLUDE ItemID WHERE Items.STUDIO IN ("north") AND Items.PRICE < 5'
    assert world.allowed(expression) == {"farce"}

    world.tables["ITEMS"].upsert("farce", {"STUDIO": "north", "PRICE": 50.0})
    world.tables["ITEMS"].upsert("sequel", {"STUDIO": "north", "PRICE": 1})

    assert world.allowed(expression) == {"sequel"}


@pytest.mark.parametrize(
    ("expression", "values", "allowed"),
    [
        ("INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP = 9007199254740993", {}, {"odd"}),
        ("INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP > $T", {"T": "9007199254740992"}, {"odd"}),
        ("EXCLUDE ItemID WHERE Items.CREATION_TIMESTAMP < CurrentItem.CREATION_TIMESTAMP", {}, {"odd"}),
        ("INCLUDE ItemID WHERE Items.PRICE > 0 IF CurrentUser.AGE = 9007199254740992", {}, {"even", "odd"}),
        ("INCLUDE ItemID WHERE Items.PRICE > 0 IF CurrentUser.AGE != 9007199254740993", {}, {"even", "odd"}),
    ],
)
def test_whole_numbers_beyond_those_of_a_float_are_compared_exactly(expression, values, allowed):
    world = World(
        {"even": {"CREATION_TIMESTAMP": 2**53}, "odd": {"CREATION_TIMESTAMP": 2**53 + 1}},
        {"ann": {"AGE": 2**53 + 1}},
    )

    assert world.allowed(expression, item="odd", **values) == allowed


def test_a_world_without_rows_allows_nothing():
    assert World().allowed("EXCLUDE ItemID WHERE Items.PRICE > 0") == set()
