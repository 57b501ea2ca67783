"""The scenarios of the curated tables and their views, checkable by hand; one list for Spark, the reference and Athena.

All are in days of their own, so that one lake can hold them all.
"""

from __future__ import annotations

from datetime import timedelta

from tests.factories.analytics.audiences import AUDIENCES
from tests.factories.analytics.events_and_visits import EVENTS_AND_VISITS
from tests.factories.analytics.lists import LISTS
from tests.factories.analytics.scenario import Fields, Scenario
from tests.factories.identity.cases import CASES, LONG_SESSION, Row
from tests.factories.identity.events import START


def _named(session: str | None, case: int) -> str | None:
    """Return the name of a session that only one case has."""
    return session if session in {None, LONG_SESSION} else f"{session}~{case}"


def _owner(row: Row, case: int) -> str | None:
    is_session = row.owner == f"session#{row.session_id}"
    return f"session#{_named(row.session_id, case)}" if is_session else row.owner


def _event(row: Row, case: int, place: int) -> Fields:
    has_item = row.event_type not in {"Search", "Impression"}
    return {
        "event_id": f"{row.event_id}~{case}",
        "user_id": row.user_id,
        "session_id": _named(row.session_id, case),
        "item_id": "idn-i" if has_item else None,
        "impression": ["idn-i"] if row.event_type == "Impression" else None,
        "timestamp": START + timedelta(seconds=row.second),
        "event_type": row.event_type,
        "consent": row.consent,
        "schema_version": "1",
        "received_at": START + timedelta(minutes=1, seconds=place),
    }


IDENTITY = Scenario(
    "each event of the table of cases belongs to its user by the rule of identity",
    [_event(row, case, place) for case, (_, cases) in enumerate(CASES) for place, row in enumerate(cases)],
    {
        "clean_events": [
            {"event_id": f"{row.event_id}~{number}", "user_key": _owner(row, number)}
            for number, case in enumerate(CASES)
            for row in case.stored
        ]
    },
)

SCENARIOS = [*EVENTS_AND_VISITS, *LISTS, *AUDIENCES, IDENTITY]
