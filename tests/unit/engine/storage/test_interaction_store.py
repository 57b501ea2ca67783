"""Histories agree with a simple list of interactions: imported, streamed, repeated, late or before a login."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.datasets.csv_import import to_columns
from model.engine.storage.event_log.records import EventRecord
from model.engine.storage.interactions.store import HISTORY_LENGTH, InteractionStore

USERS, SESSIONS, ITEMS = st.sampled_from("ab"), st.sampled_from("st"), st.sampled_from("ijk")
TIMES = st.integers(0, 6)
IMPORTED = st.lists(st.tuples(USERS, ITEMS, TIMES), max_size=12)
STREAMED = st.lists(st.tuples(USERS, ITEMS, TIMES), max_size=12)


def import_rows(store, rows):
    columns = to_columns(
        {"USER_ID": user, "ITEM_ID": item, "TIMESTAMP": moment, "EVENT_TYPE": "View"} for user, item, moment in rows
    )
    numbers = (store.number_users(columns.user_ids), store.number_items(columns.item_ids))
    store.set_imported(store.number_import(columns, *numbers).sorted())


def event(item="i", moment=0, user=None, session="s"):
    return EventRecord(f"{item}{moment}{user}{session}", user, session, "View", item, moment)


def seen(store, user):
    """Return the ids of all items that a user has interacted with."""
    return {store.item_names[number] for number in store.seen(user).tolist()}


@pytest.fixture
def store():
    return InteractionStore()


@settings(max_examples=150)
@given(imported=IMPORTED, streamed=STREAMED, import_first=st.booleans())
def test_a_history_has_each_interaction_once_latest_first(imported, streamed, import_first):
    store = InteractionStore()
    if import_first:
        import_rows(store, imported)
    for user, item, moment in streamed:
        store.add(event(item, moment, user, session=f"of-{user}"))
    if not import_first:
        import_rows(store, imported)

    for user in "ab":
        wanted = {(moment, item) for owner, item, moment in [*imported, *streamed] if owner == user}
        history = store.history(user)
        assert sorted(history) == sorted(item for _, item in wanted)
        moments = sorted((moment for moment, _ in wanted), reverse=True)
        assert seen(store, user) == {item for _, item in wanted}
        # Items of one second may stand in any order; all others by time.
        assert all({(moment, item)} & wanted for moment, item in zip(moments, history, strict=True))


@settings(max_examples=100)
@given(imported=IMPORTED, streamed=STREAMED)
def test_a_snapshot_has_every_interaction(imported, streamed):
    store = InteractionStore()
    import_rows(store, imported)
    for user, item, moment in streamed:
        store.add(event(item, moment, user, session=f"of-{user}"))

    found = store.snapshot()()

    seen = {
        (found.user_ids[user], found.item_ids[item], moment)
        for user, item, moment in zip(found.users.tolist(), found.items.tolist(), found.times.tolist(), strict=True)
    }
    assert seen == set(imported) | set(streamed)


def test_a_session_becomes_its_users_when_the_user_logs_in(store):
    store.add(event("i", 1))
    store.add(event("j", 2))
    assert store.history("s") == ["j", "i"]

    store.add(event("k", 3, user="a"))
    store.add(event("l", 4))

    assert store.history("a") == ["l", "k", "j", "i"]


@pytest.mark.parametrize("session", ["s", "session#s"])
def test_after_the_log_in_the_id_of_a_session_reads_nothing_of_its_user(store, session):
    import_rows(store, [("victim", "private", 1), (session, "own", 1)])
    store.add(event("i", 2, session=session))
    store.add(event("j", 3, user="victim", session=session))
    store.add(event("k", 4, session=session))

    assert "private" not in store.history(session)
    assert store.item_number("private") not in store.seen(session)
    assert "private" not in store.items_by_event_type(session).get("view", ())


def test_an_anonymous_session_and_an_imported_user_of_its_name_are_one_until_a_login(store):
    store.add(event("i", 1, session="session#s"))
    import_rows(store, [("session#s", "i", 1), ("session#s", "j", 2)])
    store.add(event("k", 3, session="session#s"))

    assert store.history("session#s") == ["k", "j", "i"]

    store.add(event("i", 4, user="a", session="session#s"))

    assert store.history("a") == ["i", "k", "j", "i"]
    assert store.history("session#s") == []


def test_another_user_of_the_same_session_does_not_get_the_first_ones_history(store):
    store.add(event("i", 1, user="a"))

    store.add(event("j", 2, user="b"))

    assert store.history("a") == ["i"]
    assert store.history("b") == ["j"]


def test_what_was_seen_is_known_however_long_ago_through_log_ins_restarts_and_deletions(store):
    import_rows(store, [("a", f"imported-{moment}", moment) for moment in range(150)])
    for moment in range(200, 500):
        store.add(event(f"item-{moment}", moment, user="a", session="of-a"))
        if not moment % 70:  # answers read meanwhile, as the log-in and the deletion come
            seen(store, "a")
            seen(store, "s")
        store.add(event(f"anonymous-{moment}", moment, session="s"))
    imported = {f"imported-{moment}" for moment in range(150)}
    own, of_session = ({f"{name}-{moment}" for moment in range(200, 500)} for name in ("item", "anonymous"))
    assert seen(store, "a") == imported | own
    assert seen(store, "s") == of_session

    logged_in = store.add(event("log-in", 501, user="a")) or 0
    assert seen(store, "a") == imported | own | of_session | {"log-in"}
    assert seen(store, "s") == set()
    opened = InteractionStore()
    opened.restore(store.copy_state())
    assert seen(opened, "a") == own | of_session | {"log-in"}

    store.erase_at([logged_in, 0])  # the second one is item-200
    assert seen(store, "a") == (imported | own | of_session) - {"item-200"}
    store.erase(["a"])
    assert seen(store, "a") == seen(store, "s") == set()


def test_an_interaction_has_the_history_at_its_arrival(store):
    import_rows(store, [("a", "i", 1)])
    first = store.add(event("j", 5, user="a")) or 0
    second = store.add(event("i", 7, user="a")) or 0
    late = store.add(event("k", 3, user="a")) or 0

    found = [(event.item_id, event.previous, event.is_new) for event in store.with_histories([first, second, late])]
    assert found == [("j", ["i"], True), ("i", ["j", "i"], False), ("k", ["i"], True)]


@settings(max_examples=120)
@given(
    imported=st.lists(st.tuples(st.sampled_from(["a", "b"]), ITEMS, TIMES), max_size=8),
    calls=st.lists(st.lists(st.tuples(SESSIONS, st.booleans(), ITEMS, TIMES), min_size=1, max_size=4), max_size=8),
)
def test_events_of_any_order_have_the_interactions_before_them_by_time(imported, calls):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model.engine.storage.interactions.store.HISTORY_LENGTH", 6)
        patch.setattr("model.engine.storage.interactions.store.PREVIOUS_LENGTH", 2)
        store = InteractionStore()
        import_rows(store, imported)
        arrived: list[Any] = []  # position, user or session, item, time
        identified: set[str] = set()
        for call in calls:
            positions = []
            for session, is_identified, item, moment in call:
                user = {"s": "a", "t": "b"}[session]
                position = store.add(event(item, moment, user if is_identified else None, session))
                if is_identified:
                    identified.add(session)
                    arrived = [(at, user if who == session else who, *of) for at, who, *of in arrived]
                owner = user if session in identified else session
                if position is not None:
                    positions.append(position)
                    arrived.append((position, owner, item, moment))

            found = list(store.with_histories(positions))

            assert [event.previous for event in found] == [
                interactions_before(position, imported, arrived)[:2] for position in positions
            ]
        restored = InteractionStore()
        restored.restore(store.copy_state())
        for other in (store, restored):
            import_rows(other, imported)
        for user in "abst":
            assert store.history(user) == restored.history(user)


def interactions_before(position, imported, arrived):
    """Return the items of the user of an arrival before it, latest first, by definition; each interaction once."""
    _, owner, _, until = next(arrival for arrival in arrived if arrival[0] == position)
    earlier = [(moment, 1, at, item) for at, user, item, moment in arrived if user == owner and at < position][-6:]
    rows = [(moment, 0, place, item) for place, (user, item, moment) in enumerate(imported) if user == owner]
    first = {(moment, item): -place for moment, _, place, item in reversed(rows)}
    rows = [(moment, 0, -place, item) for (moment, item), place in first.items()]
    known = sorted((moment for moment in [*rows, *earlier] if moment[0] <= until), reverse=True)
    return [item for _, item in dict.fromkeys((moment, item) for moment, _, _, item in known)]


def test_an_event_without_item_or_a_repeated_event_has_no_position(store):
    assert store.add(EventRecord("e", "a", "s", "Search", None, 1)) is None
    assert store.add(event("i", 1, user="a")) == 0
    assert store.add(EventRecord("other", "a", "s", "View", "i", 1)) is None
    assert store.add(EventRecord("kind", "a", "s", "Purchase", "i", 1)) == 1


def test_an_interaction_of_a_session_that_the_user_has_too_is_in_the_history_once(store):
    store.add(event("i", 2, session="anonymous"))
    for place, (item, user, moment) in enumerate([("i", "a", 2), ("j", "a", 3)]):
        store.add(EventRecord(str(place), user, "other", "View", item, moment))
    store.add(EventRecord("login", "a", "anonymous", "Search", None, 4))
    later = [store.add(event(item, moment, "a", session="other")) for item, moment in [("k", 5), ("l", 6)]]

    assert store.history("a") == ["l", "k", "j", "i"]
    assert [each.previous for each in store.with_histories(later)] == [["j", "i"], ["k", "j", "i"]]


@settings(max_examples=150)
@given(
    imported=st.lists(st.tuples(USERS, ITEMS, TIMES), max_size=20),
    streamed=st.lists(st.tuples(USERS, ITEMS, TIMES, st.sampled_from(["View", "view", "Buy"])), max_size=30),
)
def test_all_items_of_each_event_type_count(imported, streamed):
    store = InteractionStore()
    import_rows(store, imported)
    for place, (user, item, moment, kind) in enumerate(streamed):
        store.add(EventRecord(str(place), user, f"of-{user}", kind, item, moment))

    for user in "ab":
        of_type: dict[str, set[str]] = {}
        for owner, item, _, kind in [*((*row, "View") for row in imported), *streamed]:
            if owner == user:
                of_type.setdefault(kind.lower(), set()).add(item)
        assert store.items_by_event_type(user) == of_type


def test_a_backfill_of_old_events_does_not_push_the_newest_out_of_a_history(store):
    store.add(event("newest", 10_000, "a"))
    for moment in range(2 * HISTORY_LENGTH):
        store.add(event(f"i{moment}", moment, "a"))

    latest = range(2 * HISTORY_LENGTH - 1, HISTORY_LENGTH, -1)
    assert store.history("a") == ["newest", *(f"i{moment}" for moment in latest)]


@pytest.mark.parametrize("is_imported", [True, False])
def test_no_number_of_later_interactions_hides_an_item_from_filters(store, is_imported):
    rows = [("a", f"i{moment}", moment) for moment in range(2 * HISTORY_LENGTH)]
    if is_imported:
        import_rows(store, rows)
    else:
        for user, item, moment in rows:
            store.add(event(item, moment, user))

    assert store.items_by_event_type("a") == {"view": {item for _, item, _ in rows}}


def test_context_belongs_to_the_interactions_that_have_it(store):
    store.add(EventRecord("1", "a", "s", "View", "i", 1))
    store.add(EventRecord("2", "a", "s", "View", "j", 2, context={"DEVICE": "phone"}))
    store.add(EventRecord("3", "b", "t", "View", "k", 3, context={"DEVICE": "desk", "SHOP": "north"}))

    found = store.snapshot()()

    device, shop = found.context["DEVICE"], found.context["SHOP"]
    assert [[*device.values, None][code] for code in device.codes] == [None, "phone", "desk"]
    assert [[*shop.values, None][code] for code in shop.codes] == [None, None, "north"]
