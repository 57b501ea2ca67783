"""The rule of identity in Spark: on its table of cases, and on generated sessions as the contract's rule."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.contract.rules.identity import find_owners, in_time_order
from backend.contract.rules.placeholder_ids import SESSION_PREFIX
from scripts.transforms import identity
from scripts.transforms.events import add_drop_reason
from scripts.transforms.identity import find_event_users, find_session_users, resolve_users
from tests.factories.identity.cases import CASES, LONG_SESSION, Row
from tests.factories.identity.events import ROWS, START, event_of

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA = (
    "event_id string, user_id string, session_id string, timestamp timestamp, event_type string, consent string, "
    "item_id string"
)


def owners_of(spark, cases: Sequence[list[Row]]) -> list[dict[str, str]]:
    """Return the users of the stored events of cases, by id; one job resolves all, whose sessions have own names."""
    rows = [
        (
            f"{row.event_id}~{number}",
            row.user_id,
            row.session_id if row.session_id in {None, LONG_SESSION} else f"{row.session_id}~{number}",
            START + timedelta(seconds=row.second),
            row.event_type,
            row.consent,
            None if row.event_type in {"Search", "Impression"} else "i-1",
        )
        for number, case in enumerate(cases)
        for row in case
    ]
    events = add_drop_reason(spark.createDataFrame(rows, SCHEMA))
    session_users = find_session_users(events)
    resolved = resolve_users(events, session_users, find_event_users(events, session_users))
    found: list[dict[str, str]] = [{} for _ in cases]
    for row in resolved.where("dropped IS NULL OR dropped <> 'no_consent'").select("event_id", "user").collect():
        event_id, number = row["event_id"].split("~")
        found[int(number)][event_id] = row["user"].removesuffix(f"~{number}")
    return found


@pytest.fixture(scope="module")
def table(spark):
    owners = owners_of(spark, [case.rows for case in CASES])
    return {case.name: found for case, found in zip(CASES, owners, strict=True)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_event_of_the_table_belongs_to_its_user(case, table):
    assert table[case.name] == {row.event_id: row.owner for row in case.stored}


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases=st.lists(ROWS, min_size=60, max_size=100))
def test_the_users_are_those_of_the_rule(spark, cases):
    expected = []
    for rows in cases:
        events = in_time_order(event_of(row) for row in rows)
        expected.append({event.event_id: owner for event, owner in zip(events, find_owners(events), strict=True)})

    assert owners_of(spark, cases) == expected


def test_the_prefix_of_sessions_is_the_contracts():
    assert identity.SESSION_PREFIX == SESSION_PREFIX
