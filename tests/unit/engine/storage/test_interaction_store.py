"""Who did what: histories agree with a simple list, whatever comes in bulk, live, twice, late or before a login."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.datasets.csv_import import to_columns
from model.engine.storage.event_log.records import EventRecord
from model.engine.storage.interactions.store import InteractionStore

USERS, SESSIONS, ITEMS = st.sampled_from("ab"), st.sampled_from("st"), st.sampled_from("ijk")
TIMES = st.integers(0, 6)
BULK = st.lists(st.tuples(USERS, ITEMS, TIMES), max_size=12)
LIVE = st.lists(st.tuples(USERS, ITEMS, TIMES), max_size=12)


def bulk_of(users, rows):
    columns = to_columns(
        {"USER_ID": user, "ITEM_ID": item, "TIMESTAMP": moment, "EVENT_TYPE": "View"} for user, item, moment in rows
    )
    numbers = (users.number_users(columns.user_ids), users.number_items(columns.item_ids))
    users.set_imported(users.number_import(columns, *numbers).sorted())


def event(item="i", moment=0, user=None, session="s"):
    return EventRecord(f"{item}{moment}{user}{session}", user, session, "View", item, moment)


@settings(max_examples=150, deadline=None)
@given(bulk=BULK, live=LIVE, bulk_first=st.booleans())
def test_a_history_holds_each_interaction_once_newest_first(bulk, live, bulk_first):
    users = InteractionStore()
    if bulk_first:
        bulk_of(users, bulk)
    for user, item, moment in live:
        users.add(event(item, moment, user, session=f"of-{user}"))
    if not bulk_first:
        bulk_of(users, bulk)

    for user in "ab":
        wanted = {(moment, item) for owner, item, moment in [*bulk, *live] if owner == user}
        history = users.history(user)
        assert sorted(history) == sorted(item for _, item in wanted)
        moments = sorted((moment for moment, _ in wanted), reverse=True)
        # Items of one second may stand in any order; all others by time.
        assert all({(moment, item)} & wanted for moment, item in zip(moments, history, strict=True))


@settings(max_examples=100, deadline=None)
@given(bulk=BULK, live=LIVE)
def test_a_training_sees_every_interaction(bulk, live):
    users = InteractionStore()
    bulk_of(users, bulk)
    for user, item, moment in live:
        users.add(event(item, moment, user, session=f"of-{user}"))

    found = users.snapshot()()

    seen = {
        (found.user_ids[user], found.item_ids[item], moment)
        for user, item, moment in zip(found.users.tolist(), found.items.tolist(), found.times.tolist(), strict=True)
    }
    assert seen == set(bulk) | set(live)


def test_a_session_becomes_its_users_when_the_user_logs_in():
    users = InteractionStore()
    users.add(event("i", 1))
    users.add(event("j", 2))
    assert users.history("s") == ["j", "i"]

    users.add(event("k", 3, user="a"))
    users.add(event("l", 4))

    assert users.history("a") == ["l", "k", "j", "i"]


def test_an_anonymous_session_and_an_imported_user_of_its_name_are_one_until_somebody_logs_in():
    users = InteractionStore()
    users.add(event("i", 1, session="session#s"))
    bulk_of(users, [("session#s", "i", 1), ("session#s", "j", 2)])
    users.add(event("k", 3, session="session#s"))

    assert users.history("session#s") == ["k", "j", "i"]

    users.add(event("i", 4, user="a", session="session#s"))

    assert users.history("a") == ["i", "k", "i"]
    assert users.history("session#s") == ["j", "i"]


def test_another_user_of_the_same_session_does_not_get_the_first_ones_history():
    users = InteractionStore()
    users.add(event("i", 1, user="a"))

    users.add(event("j", 2, user="b"))

    assert users.history("a") == ["i"]
    assert users.history("b") == ["j"]


def test_what_came_before_is_what_was_known_when_the_event_came():
    users = InteractionStore()
    bulk_of(users, [("a", "i", 1)])
    first = users.add(event("j", 5, user="a")) or 0
    second = users.add(event("i", 7, user="a")) or 0
    late = users.add(event("k", 3, user="a")) or 0

    assert users.with_history(first) == ("j", 5, ["i"], True)
    assert users.with_history(second) == ("i", 7, ["j", "i"], False)
    assert users.with_history(late) == ("k", 3, ["i"], True)


def test_an_event_without_item_or_one_that_repeats_has_no_place():
    users = InteractionStore()
    assert users.add(EventRecord("e", "a", "s", "Search", None, 1)) is None
    assert users.add(event("i", 1, user="a")) == 0
    assert users.add(EventRecord("other", "a", "s", "View", "i", 1)) is None
    assert users.add(EventRecord("kind", "a", "s", "Purchase", "i", 1)) == 1


@settings(max_examples=150, deadline=None)
@given(
    bulk=st.lists(st.tuples(USERS, ITEMS, TIMES), max_size=20),
    live=st.lists(st.tuples(USERS, ITEMS, TIMES, st.sampled_from(["View", "view", "Buy"])), max_size=30),
    most=st.integers(1, 4),
)
def test_the_newest_of_each_event_type_are_found_whatever_else_came_since(bulk, live, most):
    users = InteractionStore()
    bulk_of(users, bulk)
    for place, (user, item, moment, kind) in enumerate(live):
        users.add(EventRecord(str(place), user, f"of-{user}", kind, item, moment))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model.engine.storage.interactions.store.HISTORY_LENGTH", most)
        recent = {user: users.recent(user) for user in "ab"}

    for user in "ab":
        of_type: dict[str, set[tuple[int, str]]] = {}
        for owner, item, moment, kind in [*((*row, "View") for row in bulk), *live]:
            if owner == user:
                of_type.setdefault(kind.lower(), set()).add((moment, item))
        assert recent[user].keys() == of_type.keys()
        for kind, items in recent[user].items():
            # Late ones are looked for among the latest arrivals only, so with few looked at, older may be missing.
            assert set(items) <= {item for _, item in of_type[kind]}
            assert len(items) <= most
            if len(of_type[kind]) <= most or all(live[n][2] <= live[n + 1][2] for n in range(len(live) - 1)):
                wanted = sorted((moment for moment, _ in of_type[kind]), reverse=True)[:most]
                assert len(items) == len(wanted)


def test_context_comes_with_the_interactions_that_have_it():
    users = InteractionStore()
    users.add(EventRecord("1", "a", "s", "View", "i", 1))
    users.add(EventRecord("2", "a", "s", "View", "j", 2, context={"DEVICE": "phone"}))
    users.add(EventRecord("3", "b", "t", "View", "k", 3, context={"DEVICE": "desk", "SHOP": "north"}))

    found = users.snapshot()()

    device, shop = found.context["DEVICE"], found.context["SHOP"]
    assert [[*device.values, None][code] for code in device.codes] == [None, "phone", "desk"]
    assert [[*shop.values, None][code] for code in shop.codes] == [None, None, "north"]
