"""Users of streamed events: `UserResolver` agrees with `InteractionStore`."""

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


def test_events_before_and_after_a_login_belong_to_the_user():
    found = list(resolve_users(events([(None, "s1"), ("ann", "s1"), (None, "s1"), (None, "s2")])))

    assert found == ["ann", "ann", "ann", "s2"]


@given(EVENTS)
def test_the_resolver_and_the_store_agree(given_events):
    records = events(given_events)
    store = InteractionStore()
    for record in records:
        store.add(record)

    by_user: dict[str, list[str]] = {}
    for record, user in zip(records, resolve_users(records), strict=True):
        by_user.setdefault(user, []).insert(0, str(record.item_id))

    for user, items in by_user.items():
        assert store.history(user) == items
