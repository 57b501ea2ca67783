"""The rule of identity, on its table of cases and on generated sessions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.contract.rules.identity import find_owners, identifies, in_time_order
from tests.factories.identity.cases import CASES, Row
from tests.factories.identity.events import ROWS, event_of


def owners_by_id(events):
    return dict(zip((event.event_id for event in events), find_owners(events), strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_event_belongs_to_its_user_in_order_of_time(case):
    owners = owners_by_id(in_time_order(event_of(row) for row in case.rows))

    assert {row.event_id: owners[row.event_id] for row in case.stored} == {
        row.event_id: row.owner for row in case.stored
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_event_belongs_to_its_user_in_order_of_arrival(case):
    owners = owners_by_id([event_of(row) for row in case.rows])

    assert {row.event_id: owners[row.event_id] for row in case.stored} == {
        row.event_id: row.served_owner for row in case.stored
    }


@given(rows=ROWS, shuffle=st.randoms(use_true_random=False))
def test_the_order_of_the_input_makes_no_difference_in_order_of_time(rows, shuffle):
    events = [event_of(row) for row in rows]
    owners = owners_by_id(in_time_order(events))

    shuffle.shuffle(events)

    assert owners_by_id(in_time_order(events)) == owners


@given(rows=ROWS)
def test_an_anonymous_event_belongs_to_a_user_who_was_identified_in_its_session_or_to_the_session(rows):
    events = [event_of(row) for row in rows]
    users: dict[str | None, set[str | None]] = {
        session: {event.user_id for event in events if event.session_id == session and identifies(event)}
        for session in "st"
    }

    for event, owner in zip(events, find_owners(events), strict=True):
        if event.user_id is not None:
            assert owner == event.user_id
        else:
            assert owner in (users[event.session_id] or {f"session#{event.session_id}"})


def test_an_event_without_a_session_identifies_no_session():
    assert not identifies(event_of(Row("a", 1, "ann", None, "ann")))
