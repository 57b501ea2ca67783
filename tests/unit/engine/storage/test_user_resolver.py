"""Whose streamed events are: the log says the same as the memory of the engine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from model.engine.storage.event_log.records import EventRecord
from model.engine.storage.interactions.store import InteractionStore
from model.engine.storage.interactions.user_resolver import resolve_users

EVENTS = st.lists(st.tuples(st.sampled_from([None, "ann", "bob"]), st.sampled_from(["s1", "s2", "s3"])), max_size=25)


def events(given_events):
    return [
        EventRecord(f"id-{place}", user, session, "View", f"item-{place}", place)
        for place, (user, session) in enumerate(given_events)
    ]


def test_what_a_session_did_before_and_after_its_login_is_the_users():
    found = list(resolve_users(events([(None, "s1"), ("ann", "s1"), (None, "s1"), (None, "s2")])))

    assert found == ["ann", "ann", "ann", "s2"]


def test_a_second_login_leaves_the_first_users_events():
    assert list(resolve_users(events([("ann", "s1"), (None, "s1"), ("bob", "s1"), (None, "s1")]))) == [
        "ann",
        "ann",
        "bob",
        "bob",
    ]


@given(EVENTS)
def test_the_log_and_the_memory_agree(given_events):
    records = events(given_events)
    users = InteractionStore()
    for record in records:
        users.add(record)

    by_user: dict[str, list[str]] = {}
    for record, user in zip(records, resolve_users(records), strict=True):
        by_user.setdefault(user, []).insert(0, str(record.item_id))

    for user, items in by_user.items():
        assert users.history(user) == items
