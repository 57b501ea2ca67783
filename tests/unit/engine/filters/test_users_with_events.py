"""Who has had interactions of some event types: all at once, as asking for each user would tell."""

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


@settings(max_examples=100, deadline=None)
@given(bulk=EVENTS, live=EVENTS, forgotten=st.lists(st.sampled_from("abc"), max_size=1))
def test_all_who_did_something_are_those_of_whom_it_is_known(bulk, live, forgotten):
    users = InteractionStore()
    columns = to_columns(
        {"USER_ID": user, "ITEM_ID": item, "TIMESTAMP": moment, "EVENT_TYPE": kind} for user, item, moment, kind in bulk
    )
    numbers = (users.number_users(columns.user_ids), users.number_items(columns.item_ids))
    users.set_imported(users.number_import(columns, *numbers).sorted())
    for number, (user, item, moment, kind) in enumerate(live):
        users.add(EventRecord(f"e{number}", user, f"of-{user}", kind, item, moment))
    users.erase(forgotten)

    for asked in ({"view"}, {"buy"}, {"view", "buy"}, set()):
        found = users.users_with(asked.__contains__)
        assert sorted(found) == [one for one in "abc" if users.recent(one).keys() & asked]
