"""`users_with` returns the users whose recent interactions include a matching event type."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from model.datasets.csv_import import to_columns
from model.engine.storage.event_log.records import EventRecord
from model.engine.storage.interactions.store import InteractionStore

EVENTS = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.sampled_from("ij"), st.integers(0, 5), st.sampled_from(["View", "VIEW", "Buy"])
    ),
    max_size=8,
)


@settings(max_examples=100)
@given(imported=EVENTS, streamed=EVENTS, erased=st.lists(st.sampled_from("abc"), max_size=1))
def test_users_with_matching_events_agree_with_the_interactions_of_each_user(imported, streamed, erased):
    store = InteractionStore()
    columns = to_columns(
        {"USER_ID": user, "ITEM_ID": item, "TIMESTAMP": moment, "EVENT_TYPE": kind}
        for user, item, moment, kind in imported
    )
    numbers = (store.number_users(columns.user_ids), store.number_items(columns.item_ids))
    store.set_imported(store.number_import(columns, *numbers).sorted())
    for number, (user, item, moment, kind) in enumerate(streamed):
        store.add(EventRecord(f"e{number}", user, f"of-{user}", kind, item, moment))
    store.erase(erased)

    for wanted in ({"view"}, {"buy"}, {"view", "buy"}, set()):
        assert sorted(store.users_with(wanted.__contains__)) == [
            user for user in "abc" if store.items_by_event_type(user).keys() & wanted
        ]
