"""Scenarios of events, identities and visits: duplicates, lateness, gaps, log-ins, ties, long sessions and bots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.factories.analytics.scenario import Fields, Scenario, event, rows, utc

DUPLICATE = Scenario(
    "an event that is received before and after midnight is one event of its own day",
    [
        event("dup-1", "2026-01-10 23:59:50", "View", "dup-i", "2026-01-10 23:59:58", user_id="dup-u"),
        event("dup-1", "2026-01-10 23:59:50", "View", "dup-i", "2026-01-11 00:00:03", user_id="dup-u"),
    ],
    {
        "clean_events": rows(
            "event_id event_date received_at late_seconds",
            ("dup-1", "2026-01-10", utc("2026-01-10 23:59:58"), 8),
        ),
        "item_days": rows("event_date item_id views viewers", ("2026-01-10", "dup-i", 1, 1)),
        "user_days": rows("event_date user_key events", ("2026-01-10", "dup-u", 1)),
    },
    {"daily_kpis": rows("event_date users visits events", ("2026-01-10", 1, 1, 1))},
)

CONFLICT = Scenario(
    "of rows with one id the first to arrive counts, and of those that arrive at once the one with the least content",
    [
        event("con-1", "2026-01-20 10:00:00", "View", "con-b", "2026-01-20 10:00:05", user_id="con-u"),
        event("con-1", "2026-01-20 10:00:00", "View", "con-a", "2026-01-20 10:00:06", user_id="con-u"),
        # NULL is less than any value, so the row without a session is kept.
        event("con-2", "2026-01-20 11:00:00", "View", "con-d", user_id="con-u", session_id="con-s"),
        event("con-2", "2026-01-20 11:00:00", "View", "con-e", user_id="con-u"),
        event("con-2", "2026-01-20 11:00:00", "View", "con-f", user_id="con-u"),
    ],
    {
        "clean_events": rows("event_id item_id session_id", ("con-1", "con-b", None), ("con-2", "con-e", None)),
    },
)

GAPS = Scenario(
    "without sessions a gap of more than 30 minutes starts a visit, and one of exactly 30 minutes does not",
    [
        event("gap-1", "2026-02-03 10:00:00", "View", "gap-a", user_id="gap-u"),
        event("gap-2", "2026-02-03 10:20:00", "View", "gap-b", user_id="gap-u"),
        event("gap-3", "2026-02-03 10:50:00", "View", "gap-a", user_id="gap-u"),
        event("gap-4", "2026-02-03 11:21:00", "View", "gap-c", user_id="gap-u"),
    ],
    {
        "clean_events": rows(
            "event_id visit visit_index user_key_from",
            ("gap-1", "u#gap-u#1770112800000", 1, "user"),
            ("gap-2", "u#gap-u#1770112800000", 2, "user"),
            ("gap-3", "u#gap-u#1770112800000", 3, "user"),
            ("gap-4", "u#gap-u#1770117660000", 1, "user"),
        ),
        "visits": rows(
            "visit started_at ended_at seconds events items first_item last_item bounced engaged",
            (
                "u#gap-u#1770112800000",
                utc("2026-02-03 10:00:00"),
                utc("2026-02-03 10:50:00"),
                3_000,
                3,
                2,
                "gap-a",
                "gap-a",
                False,
                True,
            ),
            (
                "u#gap-u#1770117660000",
                utc("2026-02-03 11:21:00"),
                utc("2026-02-03 11:21:00"),
                0,
                1,
                1,
                "gap-c",
                "gap-c",
                True,
                False,
            ),
        ),
        "user_days": rows("user_key visits events views", ("gap-u", 2, 4, 4)),
    },
    {"daily_kpis": rows("event_date users visits engaged", ("2026-02-03", 1, 2, 1))},
)

STITCHING = Scenario(
    "events before the first log-in belong to the first user of the session, and later ones to the user of their time",
    [
        event("sti-1", "2026-02-17 10:00:00", "View", "sti-a", session_id="sti-s1"),
        event("sti-2", "2026-02-17 10:02:00", "View", "sti-b", session_id="sti-s1"),
        event("sti-3", "2026-02-17 10:05:00", "Click", "sti-b", session_id="sti-s1", user_id="sti-u7"),
        event(
            "sti-4",
            "2026-02-17 10:10:00",
            "Purchase",
            "sti-c",
            session_id="sti-s1",
            user_id="sti-u8",
            event_value=12.5,
            quantity=2,
            currency="EUR",
            order_id="sti-o",
        ),
        event("sti-5", "2026-02-17 10:00:00", "View", "sti-a", session_id="sti-s2"),
    ],
    {
        "clean_events": rows(
            "event_id user_key user_key_from visit visit_index value",
            ("sti-1", "sti-u7", "login", "s#sti-s1", 1, None),
            ("sti-2", "sti-u7", "login", "s#sti-s1", 2, None),
            ("sti-3", "sti-u7", "user", "s#sti-s1", 3, None),
            ("sti-4", "sti-u8", "user", "s#sti-s1", 4, 25.0),
            ("sti-5", "session#sti-s2", "session", "s#sti-s2", 1, None),
        ),
        "visits": rows(
            "visit user_key events views clicks purchases orders revenue entry_type",
            ("s#sti-s1", "sti-u7", 4, 2, 1, 1, 1, 25.0, "View"),
            ("s#sti-s2", "session#sti-s2", 1, 1, 0, 0, 0, 0.0, "View"),
        ),
        "user_days": rows(
            "user_key anonymous visits events purchases revenue",
            ("sti-u7", False, 1, 3, 0, 0.0),
            ("sti-u8", False, 1, 1, 1, 25.0),
            ("session#sti-s2", True, 1, 1, 0, 0.0),
        ),
    },
    {"daily_kpis": rows("event_date users visits orders revenue", ("2026-02-17", 3, 2, 1, 25.0))},
)

LATE = Scenario(
    "a late event is counted on the day on which it happened, and a duplicate changes nothing",
    [
        event("lat-1", "2026-03-01 10:00:00", "View", "lat-a", session_id="lat-s1", user_id="lat-u"),
        event("lat-2", "2026-03-01 11:00:00", "View", "lat-b", session_id="lat-s1", user_id="lat-u"),
        event("lat-5", "2026-03-02 10:00:00", "View", "lat-a", session_id="lat-s2", user_id="lat-u"),
        event("lat-3", "2026-03-01 22:00:00", "View", "lat-a", "2026-03-03 08:00:00", user_id="lat-u"),
        event(
            "lat-1", "2026-03-01 10:00:00", "View", "lat-a", "2026-03-03 08:01:00", session_id="lat-s1", user_id="lat-u"
        ),
        event("lat-4", "2026-03-03 09:00:00", "View", "lat-a", session_id="lat-s3", user_id="lat-u"),
    ],
    {
        "clean_events": rows(
            "event_date event_id late_seconds",
            ("2026-03-01", "lat-1", 1),
            ("2026-03-01", "lat-2", 1),
            ("2026-03-01", "lat-3", 122_400),
            ("2026-03-02", "lat-5", 1),
            ("2026-03-03", "lat-4", 1),
        ),
        "user_days": rows(
            "event_date user_key visits events",
            ("2026-03-01", "lat-u", 2, 3),
            ("2026-03-02", "lat-u", 1, 1),
            ("2026-03-03", "lat-u", 1, 1),
        ),
        "item_days": rows(
            "event_date item_id views viewers",
            ("2026-03-01", "lat-a", 2, 1),
            ("2026-03-01", "lat-b", 1, 1),
            ("2026-03-02", "lat-a", 1, 1),
            ("2026-03-03", "lat-a", 1, 1),
        ),
    },
    {"daily_kpis": rows("event_date users events", ("2026-03-01", 1, 3), ("2026-03-02", 1, 1), ("2026-03-03", 1, 1))},
)

TIES = Scenario(
    "events of one millisecond have the order of their ranks, whatever the order of their rows and ids",
    [
        event("tie-1", "2026-04-03 10:00:00.250", "Purchase", "tie-a", session_id="tie-s"),
        event("tie-2", "2026-04-03 10:00:00.250", "AddToCart", "tie-a", session_id="tie-s"),
        event("tie-3", "2026-04-03 10:00:00.250", "View", "tie-a", session_id="tie-s"),
    ],
    {
        "clean_events": rows("event_id visit_index event_rank", ("tie-3", 1, 2), ("tie-2", 2, 4), ("tie-1", 3, 7)),
        "visits": rows("visit entry_type seconds engaged orders", ("s#tie-s", "View", 0, True, 1)),
    },
    {
        "funnel": rows(
            "event_date variant viewed added bought",
            ("2026-04-03", "any_item", 1, 1, 1),
            ("2026-04-03", "same_item", 1, 1, 1),
        )
    },
)

LONG_SESSION = Scenario(
    "a session is split at the first event that is 24 hours after the start of its part; no two visits share a name",
    [
        event("lon-1", "2026-08-03 10:00:00", "View", "lon-a", session_id="lon-s"),
        event("lon-2", "2026-08-04 09:59:59.999", "View", "lon-a", session_id="lon-s"),
        event("lon-3", "2026-08-04 10:00:00", "View", "lon-b", session_id="lon-s"),
        event("lon-4", "2026-08-05 09:00:00", "View", "lon-b", session_id="lon-s"),
        event("lon-5", "2026-08-05 10:00:00", "View", "lon-a", session_id="lon-s"),
        event("lon-6", "2026-08-04 10:00:00", "View", "lon-a", session_id="lon-s#2"),
        event("lon-7", "2026-08-05 09:59:59.999", "View", "lon-a", session_id="lon-s#2"),
    ],
    {
        "clean_events": rows(
            "event_id visit visit_index is_bot",
            ("lon-1", "s#lon-s", 1, True),
            ("lon-2", "s#lon-s", 2, True),
            ("lon-3", "s#lon-s#2", 1, True),
            ("lon-4", "s#lon-s#2", 2, True),
            ("lon-5", "s#lon-s#3", 1, True),
            ("lon-6", "s#lon-s#2#1", 1, False),
            ("lon-7", "s#lon-s#2#1", 2, False),
        ),
        "visits": rows(
            "event_date visit session_id seconds events is_long is_bot",
            ("2026-08-03", "s#lon-s", "lon-s", 86_399, 2, True, True),
            ("2026-08-04", "s#lon-s#2", "lon-s", 82_800, 2, True, True),
            ("2026-08-05", "s#lon-s#3", "lon-s", 0, 1, True, True),
            ("2026-08-04", "s#lon-s#2#1", "lon-s#2", 86_399, 2, False, False),
        ),
        "item_days": rows("event_date item_id views", ("2026-08-04", "lon-a", 1), ("2026-08-05", "lon-a", 1)),
    },
)

LONG_SESSION_OF_TWO_USERS = Scenario(
    "in a session of days a log-in holds for the events of later days, and the first one for those of earlier days",
    [
        event("sta-1", "2026-07-11 10:00:00", "View", "sta-a", session_id="sta-s"),
        event("sta-2", "2026-07-12 11:00:00", "View", "sta-a", session_id="sta-s"),
        event("sta-3", "2026-07-13 12:00:00", "Click", "sta-a", session_id="sta-s", user_id="sta-u"),
        event("sta-4", "2026-07-14 13:00:00", "View", "sta-a", session_id="sta-s"),
        event("sta-5", "2026-07-14 14:00:00", "Click", "sta-a", session_id="sta-s", user_id="sta-v"),
        event("sta-6", "2026-07-14 15:00:00", "View", "sta-a", session_id="sta-s"),
        event("sta-7", "2026-07-15 16:00:00", "View", "sta-a", session_id="sta-s"),
        event("sta-8", "2026-07-11 10:00:00", "View", "sta-a", session_id="sta-s2"),
        event("sta-9", "2026-07-12 11:00:00", "View", "sta-a", session_id="sta-s2"),
    ],
    {
        "clean_events": rows(
            "event_id user_key user_key_from visit visit_index",
            ("sta-1", "sta-u", "login", "s#sta-s", 1),
            ("sta-2", "sta-u", "login", "s#sta-s#2", 1),
            ("sta-3", "sta-u", "user", "s#sta-s#3", 1),
            ("sta-4", "sta-u", "login", "s#sta-s#4", 1),
            ("sta-5", "sta-v", "user", "s#sta-s#4", 2),
            ("sta-6", "sta-v", "login", "s#sta-s#4", 3),
            ("sta-7", "sta-v", "login", "s#sta-s#5", 1),
            ("sta-8", "session#sta-s2", "session", "s#sta-s2", 1),
            ("sta-9", "session#sta-s2", "session", "s#sta-s2#2", 1),
        ),
    },
)


def _views(name: str, count: int, apart: timedelta, item_id: str) -> list[Fields]:
    """Return views of one session at equal distances, from 12:00 on."""
    start = datetime(2026, 7, 17, 12, tzinfo=UTC)
    return [
        event(
            f"{name}-{number:03}", str((start + number * apart).replace(tzinfo=None)), "View", item_id, session_id=name
        )
        for number in range(count)
    ]


BOTS = Scenario(
    "150 views within 50 seconds are a bot's, 121 within a second less than 60 too, and 120 or one a minute are not",
    [
        # The last is 49.7 seconds after the first.
        *_views("bot-fast", 150, timedelta(milliseconds=333), "bot-a"),
        # 121 events in 60 seconds exactly: the first and the last are in two minutes.
        *_views("bot-limit", 121, timedelta(milliseconds=500), "bot-b"),
        *_views("bot-above", 121, timedelta(milliseconds=499), "bot-c"),
        *_views("bot-slow", 40, timedelta(minutes=1), "bot-d"),
    ],
    {
        "visits": rows(
            "visit events is_bot is_long",
            ("s#bot-fast", 150, True, False),
            ("s#bot-limit", 121, False, False),
            ("s#bot-above", 121, True, False),
            ("s#bot-slow", 40, False, False),
        ),
        "user_days": rows(
            "user_key events is_bot",
            ("session#bot-fast", 150, True),
            ("session#bot-limit", 121, False),
            ("session#bot-above", 121, True),
            ("session#bot-slow", 40, False),
        ),
        "item_days": rows("item_id views interactions viewers", ("bot-b", 121, 121, 1), ("bot-d", 40, 40, 1)),
    },
)

EVENTS_AND_VISITS = [DUPLICATE, CONFLICT, GAPS, STITCHING, LATE, TIES, LONG_SESSION, LONG_SESSION_OF_TWO_USERS, BOTS]
