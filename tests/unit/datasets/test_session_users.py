"""The users of sessions of large files and logs: as by the rule of identity, with a pass over the events more."""

from __future__ import annotations

import pytest
from hypothesis import given

from backend.contract.rules.identity import find_owners, identifies, in_time_order, name_session
from backend.contract.rules.placeholder_ids import SESSION_PREFIX
from model.datasets.identity import session_users
from model.datasets.identity.session_users import SessionUsers
from tests.factories.identity.cases import CASES
from tests.factories.identity.events import ROWS, event_of


def place(event):
    return event.timestamp, event.event_id


def owners_of(events):
    users = SessionUsers(lambda: filter(identifies, events), place)
    return {event.event_id: users.of_event(event) or name_session(event.session_id) for event in events}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_event_of_the_table_belongs_to_its_user(case):
    owners = owners_of([event_of(row) for row in case.stored])

    assert owners == {row.event_id: row.owner for row in case.stored}


@given(rows=ROWS)
def test_the_users_are_those_of_the_rule(rows):
    events = in_time_order(event_of(row) for row in rows)

    assert owners_of([event_of(row) for row in rows]) == {
        event.event_id: owner for event, owner in zip(events, find_owners(events), strict=True)
    }


def test_the_prefix_of_sessions_is_the_contracts():
    assert session_users.SESSION_PREFIX == SESSION_PREFIX
