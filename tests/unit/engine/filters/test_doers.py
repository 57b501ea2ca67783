"""Who has had interactions of some event types: all at once, as asking for each person would tell."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from model.engine.datasets.csv_import import to_columns
from model.engine.storage.people import People
from model.engine.storage.records import EventRecord

EVENTS = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.sampled_from("ij"), st.integers(0, 5), st.sampled_from(["View", "VIEW", "Buy"])
    ),
    max_size=8,
)


@settings(max_examples=100, deadline=None)
@given(bulk=EVENTS, live=EVENTS, forgotten=st.lists(st.sampled_from("abc"), max_size=1))
def test_all_who_did_something_are_those_of_whom_it_is_known(bulk, live, forgotten):
    people = People()
    columns = to_columns(
        {"USER_ID": user, "ITEM_ID": item, "TIMESTAMP": moment, "EVENT_TYPE": kind} for user, item, moment, kind in bulk
    )
    numbers = (people.number_users(columns.user_ids), people.number_items(columns.item_ids))
    people.set_bulk(people.numbered(columns, *numbers).sorted())
    for number, (user, item, moment, kind) in enumerate(live):
        people.add(EventRecord(f"e{number}", user, f"of-{user}", kind, item, moment))
    people.forget(forgotten)

    for asked in ({"view"}, {"buy"}, {"view", "buy"}, set()):
        found = people.doers(asked.__contains__)
        assert sorted(found) == [one for one in "abc" if people.recent(one).keys() & asked]
