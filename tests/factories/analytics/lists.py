"""Scenarios of lists that were seen: clicks by position, attribution, implied exposures."""

from __future__ import annotations

from tests.factories.analytics.scenario import Scenario, event, rows, utc

_HOME = {"slot": "home", "model": "ctr-m", "source": "recommender"}

CTR = Scenario(
    "items are exposed once per list and user, and clicked at most once",
    [
        event(
            "ctr-1",
            "2026-04-17 10:00:00",
            "Impression",
            session_id="ctr-s1",
            user_id="ctr-u1",
            impression=["ctr-a", "ctr-b", "ctr-c"],
            recommendation_id="ctr-R1",
            **_HOME,
        ),
        event(
            "ctr-1",
            "2026-04-17 10:00:00",
            "Impression",
            received="2026-04-17 10:00:09",
            session_id="ctr-s1",
            user_id="ctr-u1",
            impression=["ctr-a", "ctr-b", "ctr-c"],
            recommendation_id="ctr-R1",
            **_HOME,
        ),
        event(
            "ctr-2",
            "2026-04-17 10:01:00",
            "Impression",
            session_id="ctr-s1",
            user_id="ctr-u1",
            impression=["ctr-d"],
            positions=[4],
            recommendation_id="ctr-R1",
            **_HOME,
        ),
        event(
            "ctr-3",
            "2026-04-17 10:20:00",
            "Impression",
            session_id="ctr-s1",
            user_id="ctr-u1",
            impression=["ctr-a", "ctr-b"],
            recommendation_id="ctr-R1",
            **_HOME,
        ),
        *(
            event(
                event_id,
                moment,
                "Click",
                "ctr-b",
                session_id="ctr-s1",
                user_id="ctr-u1",
                position=2,
                recommendation_id="ctr-R1",
                **_HOME,
            )
            for event_id, moment in (("ctr-4", "2026-04-17 10:21:00"), ("ctr-5", "2026-04-17 10:22:00"))
        ),
        event(
            "ctr-6",
            "2026-04-17 11:00:00",
            "Impression",
            session_id="ctr-s2",
            user_id="ctr-u2",
            impression=["ctr-a", "ctr-b"],
            recommendation_id="ctr-R2",
            **_HOME,
        ),
    ],
    {
        "exposures": rows(
            "list_id user_key item_id position shown_at times implied clicked_at served served_route served_version",
            *(
                ("ctr-R1", "ctr-u1", *row, True, "recommendations", "v7")
                for row in (
                    ("ctr-a", 1, utc("2026-04-17 10:00:00"), 2, False, None),
                    ("ctr-b", 2, utc("2026-04-17 10:00:00"), 2, False, utc("2026-04-17 10:21:00")),
                    ("ctr-c", 3, utc("2026-04-17 10:00:00"), 1, False, None),
                    ("ctr-d", 4, utc("2026-04-17 10:01:00"), 1, False, None),
                )
            ),
            ("ctr-R2", "ctr-u2", "ctr-a", 1, utc("2026-04-17 11:00:00"), 1, False, None, False, None, None),
            ("ctr-R2", "ctr-u2", "ctr-b", 2, utc("2026-04-17 11:00:00"), 1, False, None, False, None, None),
        ),
        "item_days": rows(
            "item_id clicks interactions exposures clicked exposed_users position_sum positioned",
            ("ctr-a", 0, 0, 2, 0, 2, 2, 2),
            ("ctr-b", 2, 2, 2, 1, 2, 4, 2),
            ("ctr-c", 0, 0, 1, 0, 1, 3, 1),
            ("ctr-d", 0, 0, 1, 0, 1, 4, 1),
        ),
        "user_days": rows("user_key events exposures clicked", ("ctr-u1", 5, 4, 1), ("ctr-u2", 1, 2, 0)),
        "visits": rows("visit impressions clicks items", ("s#ctr-s1", 3, 2, 1), ("s#ctr-s2", 1, 0, 0)),
    },
    {
        "ctr": rows(
            "event_date slot model source variation position exposures clicked ctr users lists",
            *(
                ("2026-04-17", "home", "ctr-m", "recommender", None, *row)
                for row in ((1, 2, 0, 0.0, 2, 2), (2, 2, 1, 0.5, 2, 2), (3, 1, 0, 0.0, 1, 1), (4, 1, 0, 0.0, 1, 1))
            ),
        )
    },
    served=[
        {
            "served_id": "ctr-request",
            "served_at": utc("2026-04-17 09:59:59"),
            "route": "recommendations",
            "source": "recommender",
            "items": ["ctr-a", "ctr-b", "ctr-c", "ctr-d"],
            "recommendation_id": "ctr-R1",
            "version": "v7",
            "schema_version": "1",
        },
        # A cached answer repeats the id; the first answer counts.
        {
            "served_id": "ctr-cached",
            "served_at": utc("2026-04-17 10:19:59"),
            "route": "rerank",
            "source": "cache",
            "items": ["ctr-a", "ctr-b", "ctr-c", "ctr-d"],
            "recommendation_id": "ctr-R1",
            "version": "v8",
            "schema_version": "1",
        },
        # More than two days after the list was seen, which is no list that Firehose delivered late.
        {
            "served_id": "ctr-later",
            "served_at": utc("2026-04-20 00:00:00"),
            "route": "recommendations",
            "source": "recommender",
            "items": ["ctr-a", "ctr-b"],
            "recommendation_id": "ctr-R2",
            "version": "v8",
            "schema_version": "1",
        },
    ],
)
CTR_OF_ITEMS, CTR_OF_LISTS = 1 / 6, 0.5
"""Exposures that were clicked, and lists with a click, of all on the day of `CTR`."""

ATTRIBUTION = Scenario(
    "a conversion belongs to the list that it names, else to the last click on its item within 7 days",
    [
        event(
            "att-1",
            "2026-05-01 10:00:00",
            "Click",
            "att-i",
            session_id="att-s",
            user_id="att-u",
            recommendation_id="att-R1",
        ),
        event(
            "att-2",
            "2026-05-01 11:59:00",
            "Impression",
            session_id="att-s",
            user_id="att-u",
            impression=["att-i", "att-j"],
            positions=[3, 5],
            recommendation_id="att-R2",
            slot="cart",
            model="att-m2",
            source="recommender",
            variation="B",
        ),
        event(
            "att-3",
            "2026-05-01 12:00:00",
            "Click",
            "att-i",
            session_id="att-s",
            user_id="att-u",
            recommendation_id="att-R2",
        ),
        event("att-4", "2026-05-01 18:00:00", "Purchase", "att-i", user_id="att-u", event_value=30.0),
        event("att-5", "2026-05-01 18:05:00", "Purchase", "att-j", user_id="att-u", event_value=20.0),
        event(
            "att-6",
            "2026-05-02 09:00:00",
            "Purchase",
            "att-i",
            user_id="att-u",
            event_value=5.0,
            recommendation_id="att-R9",
        ),
        # 7 days after the click of R2, and a minute more.
        event("att-7", "2026-05-08 12:00:00", "Purchase", "att-i", user_id="att-u", event_value=0.0),
        event("att-8", "2026-05-08 12:01:00", "Purchase", "att-i", user_id="att-u", event_value=30.0),
    ],
    {
        "conversions": rows(
            "event_id attributed_by recommendation_id slot position model variation clicked_at hours value"
            " seen_recommendation_id seen_model seen_at",
            (
                "att-4",
                "click",
                "att-R2",
                "cart",
                3,
                "att-m2",
                "B",
                utc("2026-05-01 12:00:00"),
                6.0,
                30.0,
                None,
                None,
                None,
            ),
            (
                "att-5",
                "none",
                *(None,) * 7,
                20.0,
                "att-R2",
                "att-m2",
                utc("2026-05-01 11:59:00"),
            ),
            ("att-6", "explicit", "att-R9", *(None,) * 6, 5.0, None, None, None),
            (
                "att-7",
                "click",
                "att-R2",
                "cart",
                3,
                "att-m2",
                "B",
                utc("2026-05-01 12:00:00"),
                168.0,
                0.0,
                None,
                None,
                None,
            ),
            ("att-8", "none", *(None,) * 7, 30.0, None, None, None),
        ),
        "exposures": rows(
            "list_id item_id position clicked_at served",
            ("att-R2", "att-i", 3, utc("2026-05-01 12:00:00"), False),
            ("att-R2", "att-j", 5, None, False),
        ),
        "user_days": rows(
            "event_date exposures clicked variation variations purchases orders revenue",
            ("2026-05-01", 2, 1, "B", 1, 2, 2, 50.0),
            ("2026-05-02", 0, 0, None, 0, 1, 1, 5.0),
            ("2026-05-08", 0, 0, None, 0, 2, 2, 30.0),
        ),
    },
    {
        "recommendation_value": rows(
            "event_date model attributed_by conversions value",
            ("2026-05-01", "att-m2", "click", 1, 30.0),
            ("2026-05-01", None, "none", 1, 20.0),
            ("2026-05-02", None, "explicit", 1, 5.0),
            ("2026-05-08", "att-m2", "click", 1, 0.0),
            ("2026-05-08", None, "none", 1, 30.0),
        )
    },
)
ATTRIBUTED_VALUE, SEEN_VALUE, ALL_VALUE = 35.0, 20.0, 85.0
"""Value of `ATTRIBUTION` by click or name, by lists that were seen only, and in all."""

IMPLIED = Scenario(
    "the impression of a Click shows its items where no Impression does, and that of another event shows none",
    [
        # The items of R1 are seen by the click alone; its item is the second of the list.
        event(
            "imp-1",
            "2026-08-17 10:00:00",
            "Click",
            "imp-b",
            session_id="imp-s1",
            user_id="imp-u",
            impression=["imp-a", "imp-b"],
            position=7,
            recommendation_id="imp-R1",
            model="imp-m",
        ),
        # Item c was seen at place 4 before the click, whose impression has it at place 1.
        event(
            "imp-2",
            "2026-08-17 10:10:00",
            "Impression",
            session_id="imp-s1",
            user_id="imp-u",
            impression=["imp-c"],
            positions=[4],
            recommendation_id="imp-R2",
        ),
        event(
            "imp-3",
            "2026-08-17 10:11:00",
            "Click",
            "imp-c",
            session_id="imp-s1",
            user_id="imp-u",
            impression=["imp-c", "imp-d"],
            recommendation_id="imp-R2",
        ),
        # A View shows no list.
        event(
            "imp-4",
            "2026-08-17 10:20:00",
            "View",
            "imp-e",
            session_id="imp-s1",
            user_id="imp-u",
            impression=["imp-e", "imp-f"],
            recommendation_id="imp-R3",
        ),
        # A list without recommendation_id is that of its slot in the visit; the click's visit is another one.
        event(
            "imp-5",
            "2026-08-17 11:00:00",
            "Impression",
            session_id="imp-s2",
            user_id="imp-u",
            impression=["imp-g", "imp-h"],
            slot="shelf",
            source="popular",
        ),
        event("imp-6", "2026-08-17 11:01:00", "Click", "imp-g", session_id="imp-s2", user_id="imp-u", slot="shelf"),
        event("imp-7", "2026-08-17 11:02:00", "Click", "imp-h", session_id="imp-s2", user_id="imp-u"),
        event("imp-8", "2026-08-17 11:03:00", "Click", "imp-h", session_id="imp-s3", user_id="imp-u", slot="shelf"),
        # Before the list was seen.
        event("imp-0", "2026-08-17 10:59:00", "Click", "imp-h", session_id="imp-s2", user_id="imp-u", slot="shelf"),
        # 24 hours after item d was seen, and 24 hours and a second after item a was.
        event(
            "imp-9",
            "2026-08-18 10:11:00",
            "Click",
            "imp-d",
            session_id="imp-s4",
            user_id="imp-u",
            recommendation_id="imp-R2",
        ),
        event(
            "imp-10",
            "2026-08-18 10:00:01",
            "Click",
            "imp-a",
            session_id="imp-s4",
            user_id="imp-u",
            recommendation_id="imp-R1",
        ),
    ],
    {
        "exposures": rows(
            "list_id item_id recommendation_id visit slot model source position shown_at times implied clicked_at"
            " served",
            (
                "imp-R1",
                "imp-a",
                "imp-R1",
                "s#imp-s1",
                None,
                "imp-m",
                None,
                1,
                utc("2026-08-17 10:00:00"),
                1,
                True,
                None,
                False,
            ),
            (
                "imp-R1",
                "imp-b",
                "imp-R1",
                "s#imp-s1",
                None,
                "imp-m",
                None,
                2,
                utc("2026-08-17 10:00:00"),
                1,
                True,
                utc("2026-08-17 10:00:00"),
                False,
            ),
            (
                "imp-R2",
                "imp-c",
                "imp-R2",
                "s#imp-s1",
                None,
                None,
                None,
                4,
                utc("2026-08-17 10:10:00"),
                2,
                False,
                utc("2026-08-17 10:11:00"),
                False,
            ),
            (
                "imp-R2",
                "imp-d",
                "imp-R2",
                "s#imp-s1",
                None,
                None,
                None,
                2,
                utc("2026-08-17 10:11:00"),
                1,
                True,
                utc("2026-08-18 10:11:00"),
                False,
            ),
            (
                "v#s#imp-s2#shelf",
                "imp-g",
                None,
                "s#imp-s2",
                "shelf",
                None,
                "popular",
                1,
                utc("2026-08-17 11:00:00"),
                1,
                False,
                utc("2026-08-17 11:01:00"),
                None,
            ),
            (
                "v#s#imp-s2#shelf",
                "imp-h",
                None,
                "s#imp-s2",
                "shelf",
                None,
                "popular",
                2,
                utc("2026-08-17 11:00:00"),
                1,
                False,
                None,
                None,
            ),
        ),
        "visits": rows(
            "visit clicks from_recommendation",
            ("s#imp-s1", 2, True),
            ("s#imp-s2", 3, False),
            ("s#imp-s3", 1, False),
            ("s#imp-s4", 2, True),
        ),
    },
)

LISTS = [CTR, ATTRIBUTION, IMPLIED]
