"""Scenarios of figures over users and items: funnel, retention, experiment, live quality, money and versions."""

from __future__ import annotations

from datetime import date, timedelta

from tests.factories.analytics.scenario import Fields, Scenario, event, rows, utc

FUNNEL = Scenario(
    "a later item in the cart takes nothing from a purchase, and the same item's funnel needs all steps of one item",
    [
        event("fun-1", "2026-03-17 10:00:00", "View", "fun-a", session_id="fun-s1"),
        event("fun-2", "2026-03-17 10:01:00", "AddToCart", "fun-b", session_id="fun-s1"),
        event("fun-3", "2026-03-17 10:02:00", "Purchase", "fun-a", session_id="fun-s1"),
        event("fun-4", "2026-03-17 11:00:00", "View", "fun-a", session_id="fun-s2"),
        event("fun-5", "2026-03-17 11:01:00", "AddToCart", "fun-a", session_id="fun-s2"),
        event("fun-6", "2026-03-17 11:02:00", "Purchase", "fun-a", session_id="fun-s2"),
        event("fun-7", "2026-03-17 11:03:00", "AddToCart", "fun-b", session_id="fun-s2"),
        event("fun-8", "2026-03-17 12:00:00", "AddToCart", "fun-a", session_id="fun-s3"),
        event("fun-9", "2026-03-17 12:01:00", "View", "fun-a", session_id="fun-s3"),
    ],
    {
        "visits": rows(
            "visit views adds purchases orders engaged",
            ("s#fun-s1", 1, 1, 1, 1, True),
            ("s#fun-s2", 1, 2, 1, 1, True),
            ("s#fun-s3", 1, 1, 0, 0, True),
        ),
        "item_days": rows(
            "item_id views viewers adds purchases units buyers interactions",
            ("fun-a", 3, 3, 2, 2, 2, 2, 7),
            ("fun-b", 0, 0, 2, 0, 0, 0, 2),
        ),
    },
    {
        "funnel": rows(
            "event_date variant viewed added bought",
            ("2026-03-17", "any_item", 3, 2, 2),
            ("2026-03-17", "same_item", 3, 1, 1),
        )
    },
)


def retention(first: date, *, is_running: bool = False) -> Scenario:
    """Return the scenario of retention of cohorts of a day and of the day after it.

    Parameters
    ----------
    first
        The day of the first cohort.
    is_running
        Whether the ninth day is today, so that rates of it are still NULL.
    """
    days = [(first + timedelta(days=number)).isoformat() for number in range(9)]
    seen = [("ret-u1", 0), ("ret-u1", 1), ("ret-u1", 7), ("ret-u2", 0), ("ret-u2", 8), ("ret-u3", 1)]
    return Scenario(
        "day n of a cohort counts the users who were active on exactly that day",
        [event(f"{user}-{number}", f"{days[number]} 00:00:01", "View", "ret-a", user_id=user) for user, number in seen],
        {
            "user_days": rows(
                "event_date user_key anonymous events", *((days[number], user, False, 1) for user, number in seen)
            )
        },
        {
            "retention": rows(
                "first_date n size active rate",
                (days[0], 0, 2, 2, 1.0),
                (days[0], 1, 2, 1, 0.5),
                (days[0], 7, 2, 1, 0.5),
                (days[0], 8, 2, *((None, None) if is_running else (1, 0.5))),
                (days[1], 0, 1, 1, 1.0),
                (days[1], 6, 1, 0, 0.0),
                (days[1], 7, 1, *((None, None) if is_running else (0, 0.0))),
            )
        },
    )


RETENTION = retention(date(2026, 6, 1))


def _list(user: str, variation: str, shown: int, clicked: int) -> list[Fields]:
    """Return the events of a user who sees a list of items and clicks the first of them."""
    items = [f"exp-{number:02}" for number in range(shown)]
    of_list = {"user_id": user, "recommendation_id": f"R-{user}", "variation": variation, "slot": "home"}
    return [
        event(f"{user}-list", "2026-06-20 10:00:00", "Impression", impression=items, **of_list),
        *(
            event(f"{user}-{item}", "2026-06-20 10:01:00", "Click", item, position=place, **of_list)
            for place, item in enumerate(items[:clicked], 1)
        ),
    ]


_CLICKS_AND_EXPOSURES = {
    "exp-a1": (1, 10),
    "exp-a2": (0, 10),
    "exp-a3": (2, 20),
    "exp-a4": (1, 10),
    "exp-b1": (3, 10),
    "exp-b2": (1, 10),
    "exp-b3": (0, 10),
    "exp-b4": (2, 20),
}

EXPERIMENT = Scenario(
    "the rates of an experiment's variations are compared by the delta method over users",
    [
        row
        for user, (clicked, shown) in _CLICKS_AND_EXPOSURES.items()
        for row in _list(user, user[4].upper(), shown, clicked)
    ],
    {
        "user_days": rows(
            "user_key exposures clicked variation variations",
            *((user, shown, clicked, user[4].upper(), 1) for user, (clicked, shown) in _CLICKS_AND_EXPOSURES.items()),
        )
    },
    {
        "experiment_users": rows(
            "variation user_key clicks exposures contaminated",
            *(
                (user[4].upper(), user, clicked, shown, False)
                for user, (clicked, shown) in _CLICKS_AND_EXPOSURES.items()
            ),
        ),
        # A: ratio 4/50, mean of exposures 12.5; x deviates by 0, -1, 1, 0, and y by -2.5, -2.5, 7.5, -2.5.
        # s2x = 2/3, s2y = 25, cov = (2.5 + 7.5)/3 = 10/3:
        # (2/3 - 2 * 0.08 * 10/3 + 0.0064 * 25) / (4 * 156.25) = 0.293333 / 625.
        # B: ratio 6/50; x deviates by 1.5, -0.5, -1.5, 0.5; s2x = 5/3, cov = (-3.75 + 1.25 + 3.75 + 3.75)/3 = 5/3:
        # (5/3 - 2 * 0.12 * 5/3 + 0.0144 * 25) / 625 = 1.626667 / 625.
        "experiment": rows(
            "variation users clicks exposures ctr variance",
            ("A", 4, 4, 50, 0.08, 0.000469333333),
            ("B", 4, 6, 50, 0.12, 0.002602666667),
        ),
    },
)
EXPERIMENT_DIFFERENCE, EXPERIMENT_Z = 0.04, 0.7217
"""B less A, and its distance from zero in standard errors: 0.04 / sqrt(0.003072)."""
SAMPLE_RATIOS = {(5_300, 4_700): 36.0, (530, 470): 3.6}
"""Users by variation where half of them were planned for each, and chi-square: the limit of 10.83 refuses the first."""


def _views(counts: dict[str, int]) -> list[Fields]:
    return [
        event(f"{item}-{number}", f"2026-10-19 1{number}:00:00", "View", item, session_id=f"nov-s{number}")
        for item, count in counts.items()
        for number in range(count)
    ]


NOVELTY = Scenario(
    "the novelty of lists is that of their items by their share of the interactions, once per exposure",
    [
        *_views({"nov-a": 8, "nov-b": 1, "nov-c": 4, "nov-d": 3}),
        event(
            "nov-1",
            "2026-10-20 10:00:00",
            "Impression",
            user_id="nov-u1",
            impression=["nov-a", "nov-b"],
            recommendation_id="nov-R1",
            model="nov-m",
        ),
        *(
            event(
                f"nov-{number}",
                "2026-10-20 10:00:00",
                "Impression",
                user_id=f"nov-u{number}",
                impression=["nov-a"],
                recommendation_id=f"nov-R{number}",
                model="nov-m",
            )
            for number in (2, 3)
        ),
    ],
    {
        "item_days": rows(
            "event_date item_id interactions exposures",
            ("2026-10-19", "nov-a", 8, 0),
            ("2026-10-19", "nov-b", 1, 0),
            ("2026-10-19", "nov-c", 4, 0),
            ("2026-10-19", "nov-d", 3, 0),
            ("2026-10-20", "nov-a", 0, 3),
            ("2026-10-20", "nov-b", 0, 1),
        )
    },
    {
        # Shares 8/16 and 1/16: 1 and 4 bits; (3 * 1 + 1 * 4) / 4. Entropy of 3/4 and 1/4.
        "live_quality": rows(
            "event_date model items_exposed active_items coverage entropy novelty",
            ("2026-10-20", "nov-m", 2, 4, 0.5, 0.811278, 1.75),
        )
    },
)

MONEY = Scenario(
    "an order of several items is one order, and value is the price of a unit times the units",
    [
        event(
            "mon-1",
            "2026-09-01 10:00:00",
            "AddToCart",
            "mon-a",
            user_id="mon-u",
            session_id="mon-s",
            event_value=10.0,
            quantity=3,
        ),
        event(
            "mon-2",
            "2026-09-01 10:01:00",
            "Purchase",
            "mon-a",
            user_id="mon-u",
            session_id="mon-s",
            event_value=10.0,
            quantity=3,
            currency="EUR",
            order_id="mon-o",
        ),
        event(
            "mon-3",
            "2026-09-01 10:01:00",
            "Purchase",
            "mon-b",
            user_id="mon-u",
            session_id="mon-s",
            event_value=2.5,
            currency="EUR",
            order_id="mon-o",
        ),
        event("mon-4", "2026-09-01 10:02:00", "Purchase", "mon-b", user_id="mon-u", session_id="mon-s"),
        event("mon-5", "2026-09-01 10:03:00", "Watch", "mon-b", user_id="mon-u", session_id="mon-s", event_value=60.0),
    ],
    {
        "clean_events": rows(
            "event_id value quantity",
            ("mon-1", 30.0, 3),
            ("mon-2", 30.0, 3),
            ("mon-3", 2.5, None),
            ("mon-4", None, None),
            ("mon-5", None, None),
        ),
        "conversions": rows(
            "event_id order_id quantity value currency",
            ("mon-1", None, 3, 30.0, None),
            ("mon-2", "mon-o", 3, 30.0, "EUR"),
            ("mon-3", "mon-o", 1, 2.5, "EUR"),
            ("mon-4", None, 1, None, None),
        ),
        "visits": rows("visit adds purchases orders revenue", ("s#mon-s", 1, 3, 2, 32.5)),
        "item_days": rows(
            "item_id purchases units buyers revenue interactions",
            ("mon-a", 1, 3, 1, 30.0, 2),
            ("mon-b", 2, 2, 1, 2.5, 3),
        ),
    },
    {"daily_kpis": rows("event_date users visits orders revenue", ("2026-09-01", 1, 1, 2, 32.5))},
)

VERSIONS = Scenario(
    "an item's day has the category of the last version that arrived before the end of the day",
    [
        event("ver-1", "2026-09-10 10:00:00", "View", "ver-a", user_id="ver-u"),
        event("ver-2", "2026-09-11 10:00:00", "View", "ver-a", user_id="ver-u"),
        event("ver-3", "2026-09-12 10:00:00", "View", "ver-a", user_id="ver-u"),
    ],
    {
        "item_days": rows(
            "event_date item_id category brand",
            ("2026-09-10", "ver-a", None, None),
            ("2026-09-11", "ver-a", "Shoes", "Northway"),
            ("2026-09-12", "ver-a", "Shoes|Boots", "Northway"),
        ),
        "item_versions": rows(
            "item_id valid_from valid_to is_current title category price",
            (
                "ver-a",
                utc("2026-09-11 12:00:00"),
                utc("2026-09-12 00:00:00"),
                False,
                "Walking boots",
                "Shoes",
                129.0,
            ),
            (
                "ver-a",
                utc("2026-09-12 00:00:00"),
                None,
                True,
                "Walking boots",
                "Shoes|Boots",
                99.0,
            ),
        ),
        "user_versions": rows(
            "user_id valid_from valid_to is_current country",
            ("ver-u", utc("2026-09-11 12:00:00"), None, True, "DE"),
        ),
    },
    items=[
        {
            "item_id": "ver-a",
            "title": "Walking boots",
            "category": category,
            "brand": "Northway",
            "price": price,
            "received_at": received,
        }
        # The second has the content of the first.
        for category, price, received in (
            ("Shoes", 129.0, "2026-09-11T12:00:00.000Z"),
            ("Shoes", 129.0, "2026-09-11T13:00:00.000Z"),
            ("Shoes|Boots", 99.0, "2026-09-12T00:00:00.000Z"),
        )
    ],
    users=[{"user_id": "ver-u", "country": "DE", "received_at": "2026-09-11T12:00:00.000Z"}],
)

AUDIENCES = [FUNNEL, RETENTION, EXPERIMENT, NOVELTY, MONEY, VERSIONS]
