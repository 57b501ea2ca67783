"""Views whose figures no scenario has, over a few rows of the curated tables, counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from tests.fakes.emulator.curated_lake import CuratedLake

TODAY = datetime.now(UTC).date()
MONDAY = TODAY - timedelta(days=TODAY.weekday())
DAY = "2026-03-02"
NUMBERS = count()


def at(clock: str, day: str = DAY) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}")


def week(back: int) -> str:
    """Return the Monday of a week before this one."""
    return (MONDAY - timedelta(weeks=back)).isoformat()


def clean_event(event_type: str, visit: str, index: int, **fields):
    return {
        "event_date": DAY,
        "event_id": f"e{next(NUMBERS)}",
        "event_type": event_type,
        "user_key": f"u-{visit}",
        "user_key_from": "user",
        "visit": visit,
        "visit_index": index,
        "session_id": visit,
        "timestamp": at(f"10:00:{index:02}"),
        "late_seconds": 1,
        "is_bot": False,
        **fields,
    }


@pytest.fixture
def make_lake(cloud):
    """Return a new lake with rows by table."""

    def make(**tables):
        lake = CuratedLake(cloud, f"views_{next(NUMBERS)}")
        for name, rows in tables.items():
            lake.put(name, rows)
        return lake

    return make


def test_users_are_new_retained_returned_or_churned_by_week(make_lake):
    weeks = {"a": (5, 4, 3), "b": (5, 3), "c": (4,), "session#x": (4,)}
    rows = [
        {"event_date": week(back), "user_key": user, "anonymous": user == "session#x", "is_bot": False}
        for user, days in weeks.items()
        for back in days
    ]
    rows.append({"event_date": week(0), "user_key": "bot", "anonymous": False, "is_bot": True})
    rows.append({"event_date": week(0), "user_key": "d", "anonymous": False, "is_bot": False})

    records = make_lake(user_days=rows).records("SELECT * FROM lifecycle ORDER BY week")

    # Week, active, new, retained, returned, churned. The running week has no churn yet.
    assert [tuple(record.values()) for record in records] == [
        (week(5), 2, 2, 0, 0, 0),
        (week(4), 2, 1, 1, 0, 1),
        (week(3), 2, 0, 1, 1, 1),
        (week(2), 0, 0, 0, 0, 2),
        (week(0), 1, 1, 0, 0, None),
    ]


def test_a_search_is_followed_by_what_comes_before_the_next_one(make_lake):
    words = '{"query": " Boots "}'
    lake = make_lake(
        clean_events=[
            clean_event("Click", "v1", 1),
            clean_event("Search", "v1", 2, properties=words),
            clean_event("View", "v1", 3),
            clean_event("Click", "v1", 4),
            clean_event("Search", "v1", 5, properties='{"query": "tent"}'),
            clean_event("Purchase", "v1", 6),
            clean_event("Search", "v2", 1, properties='{"query": "boots"}'),
            clean_event("Search", "v3", 1),
            clean_event("Search", "v4", 1, properties=words, is_bot=True),
        ]
    )

    records = lake.records(f"SELECT * FROM searches WHERE event_date = '{DAY}' ORDER BY term")

    # Searches, users, followed by a click and by a purchase, and the rates of both
    assert [tuple(record.values())[1:] for record in records] == [
        ("boots", 2, 2, 1, 0, 0.5, 0.0),
        ("tent", 1, 1, 0, 1, 0.0, 1.0),
        (None, 1, 1, 0, 0, 0.0, 0.0),
    ]


def test_what_arrived_is_compared_with_what_was_kept(make_lake):
    lake = make_lake(
        arrivals=[
            {"event_date": DAY, "arrived_at": at("10:00:00"), "rows_in": 7, "refused": 3},
            {"event_date": DAY, "arrived_at": at("23:00:00", "2026-03-05"), "rows_in": 3, "refused": 1},
            {"event_date": "2026-03-01", "arrived_at": at("23:00:00", "2026-03-01"), "rows_in": 1, "refused": 1},
        ],
        clean_events=[
            clean_event("Click", "v1", 1, item_id="a", recommendation_id="R1"),
            clean_event("Click", "v1", 2, item_id="b", recommendation_id="R1", late_seconds=3_601),
            clean_event("Click", "v1", 3, item_id="a", late_seconds=86_401, session_id=None),
            clean_event("View", "v2", 1, late_seconds=259_201, user_key_from="session", is_bot=True),
        ],
        exposures=[{"event_date": "2026-03-01", "list_id": "R1", "user_key": "u-v1", "item_id": "a"}],
        bad_rows=[{"ingest_date": day, "reason": "wrong_type"} for day in (DAY, DAY, "2026-03-04")],
    )

    first, second, third = lake.records("SELECT * FROM data_quality ORDER BY event_date")

    # Of ten rows of the day, four are refused and four are kept, so that two are copies.
    assert second == {
        "event_date": DAY,
        "raw": 10,
        "duplicates": 2,
        "conflicts": 0,
        "refused": 4,
        "unaccounted": 0,
        "clean": 4,
        "late_hour": 3,
        "late_day": 2,
        "late_3_days": 1,
        "anonymous": 1,
        "no_session": 1,
        "clicks": 3,
        "clicks_without_list": 1,
        "clicks_without_exposure": 1,
        "bots": 1,
        "bad_rows": 2,
    }
    assert (first["event_date"], first["raw"], first["clean"]) == ("2026-03-01", 1, 0)
    assert (third["event_date"], third["bad_rows"], third["clean"], third["raw"]) == ("2026-03-04", 1, 0, 0)


def test_runs_that_read_the_same_rows_count_them_once(make_lake):
    windows = [(at("00:00:00"), at("05:00:00")), (at("03:00:00"), at("08:00:00")), (None, at("12:00:00"))]
    build = {"run_date": DAY, "table_name": "clean_events", "event_date": DAY, "rows_in": 100, "refused": 2}
    lake = make_lake(
        arrivals=[{"event_date": DAY, "arrived_at": at("10:00:00"), "rows_in": 100, "refused": 2}],
        clean_events=[clean_event("View", "v", 1), clean_event("View", "v", 2)],
        builds=[
            build
            | {"run_id": f"r{number}", "built_at": at(f"1{number}:00:00"), "window_from": start, "window_to": end}
            | {"duplicates": 0, "conflicts": number, "unaccounted": -3 if number == 1 else 0}
            for number, (start, end) in enumerate(windows)
        ],
    )

    [record] = lake.records("SELECT raw, duplicates, conflicts, refused, unaccounted FROM data_quality")

    assert tuple(record.values()) == (100, 96, 2, 2, -3)


def test_a_day_has_new_and_returning_users_and_no_bots(make_lake):
    user_day = {"anonymous": False, "is_bot": False, "events": 2, "orders": 1, "purchases": 2, "revenue": 10.0}
    lake = make_lake(
        user_days=[
            user_day | {"event_date": "2026-03-01", "user_key": "a"},
            user_day | {"event_date": DAY, "user_key": "a"},
            user_day | {"event_date": DAY, "user_key": "session#b", "anonymous": True, "purchases": 0, "orders": 0},
            user_day | {"event_date": DAY, "user_key": "c", "is_bot": True},
        ],
        visits=[
            {"event_date": DAY, "visit": visit, "purchases": bought, "engaged": True, "bounced": False, "is_bot": False}
            for visit, bought in (("v1", 2), ("v2", 0), ("v3", 0), ("v4", 0))
        ],
        clean_events=[clean_event("View", "v1", 1), clean_event("View", "v2", 1, late_seconds=3_601)],
    )

    [record] = lake.records(f"SELECT * FROM daily_kpis WHERE event_date = '{DAY}'")

    assert (record["users"], record["new_users"], record["returning_users"], record["anonymous_users"]) == (2, 1, 1, 1)
    assert (record["visits"], record["conversion_rate"], record["orders"], record["order_value"]) == (4, 0.25, 1, 20.0)
    assert record["late_share"] == 0.5


def test_the_funnel_counts_steps_in_order_with_their_times(make_lake):
    lake = make_lake(
        clean_events=[
            clean_event("View", "v1", 1, item_id="a"),
            clean_event("AddToCart", "v1", 5, item_id="a"),
            clean_event("Purchase", "v1", 9, item_id="a"),
            clean_event("Purchase", "v2", 1, item_id="a"),
            clean_event("View", "v2", 2, item_id="a"),
            clean_event("Search", "v3", 1),
            clean_event("Click", "v3", 2, item_id="a"),
            clean_event("View", "v4", 1, item_id="a", is_bot=True),
        ]
    )

    any_item, same_item = lake.records("SELECT * FROM funnel ORDER BY variant")

    # Day, variant, entered, viewed, clicked, added, bought, their rates, and the median seconds of the last two steps
    expected = (3, 2, 1, 1, 1, pytest.approx(2 / 3), 0.5, 1.0, pytest.approx(1 / 3), 4.0, 4.0)
    assert tuple(any_item.values()) == (DAY, "any_item", *expected)
    assert tuple(same_item.values()) == (DAY, "same_item", *expected)


def test_live_quality_is_even_where_all_items_are_shown_as_often(make_lake):
    def shown(model, item, times):
        return [
            {"event_date": DAY, "model": model, "item_id": item, "list_id": f"L{n}", "user_key": f"u{n}"}
            for n in range(times)
        ]

    lake = make_lake(
        exposures=[*shown("m1", "a", 3), *shown("m1", "b", 1), *shown("m2", "a", 2), *shown("m2", "b", 2)],
        item_days=[{"event_date": "2026-03-01", "item_id": item, "interactions": 4} for item in ("a", "b", "c", "d")]
        # 30 days before: of these 30 days no more.
        + [{"event_date": "2026-01-31", "item_id": "e", "interactions": 100}],
        item_versions=[
            {"item_id": "a", "created_at": at("00:00:00", "2026-02-01")},
            {"item_id": "b", "created_at": at("23:59:59", "2026-01-31")},
        ],
    )

    first, second = lake.records("SELECT * FROM live_quality ORDER BY model")

    # Sorted exposures 0, 0, 1, 3: ((2*3-5)*1 + (2*4-5)*3) / (4*4); 0, 0, 2, 2: (1*2 + 3*2) / (4*4)
    assert (first["gini"], second["gini"]) == (0.625, 0.5)
    assert (first["entropy"], second["entropy"]) == (pytest.approx(0.811278, abs=1e-6), pytest.approx(1.0))
    # Each has a quarter of 16 interactions: 2 bits. Item a is 29 days old, b is 30.
    assert [(row["coverage"], row["novelty"], row["new_item_share"]) for row in (first, second)] == [
        (0.5, 2.0, 0.75),
        (0.5, 2.0, 0.5),
    ]


def test_items_are_new_once_they_are_created_and_not_novel_without_interactions(make_lake):
    shown = {"event_date": DAY, "model": "m", "list_id": "L", "user_key": "u"}
    days = {"a": "2026-03-03", "b": DAY, "c": "2026-02-01", "d": "2026-01-31"}
    lake = make_lake(
        exposures=[shown | {"item_id": item} for item in days],
        item_days=[{"event_date": DAY, "item_id": item, "interactions": 0} for item in days],
        item_versions=[{"item_id": item, "created_at": at("00:00:00", day)} for item, day in days.items()],
    )

    [record] = lake.records("SELECT novelty, new_item_share, coverage FROM live_quality")

    # Of four items, b and c are at most 29 days old; a does not exist yet.
    assert tuple(record.values()) == (None, 0.5, 1.0)


def test_a_list_that_only_a_click_implies_is_in_no_rate(make_lake):
    clicked, unclicked, implied = (
        seen("a", "m", list_id=name, position=1, implied=name == "implied", clicked_at=clicked_at)
        for name, clicked_at in (("clicked", at("11:00:00")), ("unclicked", None), ("implied", at("11:00:00")))
    )
    lake = make_lake(exposures=[clicked, unclicked, implied], conversions=[])

    [lists] = lake.records("SELECT lists, clicked_lists, list_ctr FROM list_ctr")
    [items] = lake.records("SELECT exposures, clicked, ctr FROM ctr")

    assert [*lists.values()] == [*items.values()] == [2, 1, 0.5]


def seen(user: str, variation: str, clock: str = "10:00:00", **fields):
    yesterday = (TODAY - timedelta(days=1)).isoformat()
    row = {"event_date": yesterday, "user_key": user, "variation": variation, "shown_at": at(clock, yesterday)}
    return row | {"is_bot": False, **fields}


@pytest.mark.parametrize("clicks_of_users", [(1, 2, 4), (1, 2, 3), (1, 2, 5)])
def test_users_with_the_same_rate_have_no_variance(make_lake, clicks_of_users):
    # One click in five exposures of each user; rounding leaves -4e-16 of a variance in the first, 2e-16 in the second.
    exposures = [
        seen(f"{variation}{user}", variation, clicked_at=at("11:00:00") if number % 5 == 0 else None)
        for variation in ("control", "b")
        for user, clicks in enumerate(clicks_of_users)
        for number in range(clicks * 5)
    ]

    other, control = make_lake(exposures=exposures).records("SELECT * FROM experiment ORDER BY variation")

    assert (control["variance"], other["variance"]) == (0.0, 0.0)
    assert (other["difference"], other["low"], other["high"], other["z"]) == (0.0, 0.0, 0.0, None)


def test_a_variation_whose_users_are_all_left_out_keeps_its_row(make_lake):
    rows = [seen("a", "control"), seen("b", "control"), seen("c", "b"), seen("c", "control", "12:00:00")]

    other, control = make_lake(exposures=rows).records("SELECT * FROM experiment ORDER BY variation")

    counts = ("variation", "is_control", "users", "excluded", "days", "exposures", "clicks", "buyers")
    assert [other[name] for name in counts] == ["b", False, 0, 1, None, 0, 0, 0]
    assert [control[name] for name in counts] == ["control", True, 2, 0, 1, 2, 0, 0]
    rates = ("ctr", "variance", "difference", "low", "high", "z", "p", "buyer_rate", "buyer_z", "revenue_per_user")
    assert {other[name] for name in rates} == {None}


@pytest.mark.parametrize(
    ("users", "chi2", "is_compared"),
    [((150, 50), 50.0, False), ((60, 40), 4.0, True)],
)
def test_an_uneven_split_refuses_the_comparison(make_lake, users, chi2, is_compared):
    yesterday = (TODAY - timedelta(days=1)).isoformat()
    rows = [
        {
            "event_date": yesterday,
            "user_key": f"{variation}{number}",
            "variation": variation,
            "shown_at": at("10:00:00", yesterday),
            "clicked_at": at("10:01:00", yesterday) if number % 2 else None,
            "is_bot": False,
        }
        for variation, size in zip(("control", "b"), users, strict=True)
        for number in range(size)
    ]
    # A user of both variations is counted and left out.
    rows += [
        rows[0] | {"user_key": "both", "variation": variation, "shown_at": at(clock, yesterday)}
        for variation, clock in (("b", "11:00:00"), ("control", "12:00:00"))
    ]

    other, control = make_lake(exposures=rows).records("SELECT * FROM experiment ORDER BY variation")

    assert (control["variation"], control["is_control"], control["users"], control["excluded"]) == (
        "control",
        True,
        users[0],
        0,
    )
    assert (other["users"], other["excluded"], other["srm_chi2"]) == (users[1], 1, chi2)
    assert (other["difference"], other["p"], other["buyer_difference"]) == (
        (0.0, 1.0, 0.0) if is_compared else (None, None, None)
    )
    assert (other["srm_p"] < 0.001) is not is_compared


def test_visits_are_numbered_by_user(make_lake):
    visits = [("v1", "a", "10:00:00"), ("v2", "b", "11:00:00"), ("v3", "a", "12:00:00")]
    rows = [
        {"event_date": DAY, "visit": visit, "user_key": user, "started_at": at(clock), "is_bot": False}
        for visit, user, clock in visits
    ]

    records = make_lake(visits=rows).records("SELECT visit, visit_number FROM visit_numbers ORDER BY visit")

    assert [tuple(record.values()) for record in records] == [("v1", 1), ("v2", 1), ("v3", 2)]


def test_lists_that_were_served_are_compared_with_those_that_were_seen(make_lake):
    answer = {"ingest_date": DAY, "route": "popular", "model": "m", "source": "recommender", "items": ["a"]}
    lake = make_lake(
        served_lists=[
            answer | {"served_id": "1", "recommendation_id": "R1"},
            answer | {"served_id": "2", "recommendation_id": "R2"},
            answer | {"served_id": "2", "recommendation_id": "R2"},  # delivered twice
            answer | {"served_id": "3", "source": "cache", "recommendation_id": "R1"},
            answer | {"served_id": "4", "source": "popular"},
        ],
        exposures=[{"event_date": DAY, "list_id": "R1", "recommendation_id": "R1", "user_key": "u", "item_id": "a"}],
    )

    records = lake.records(f"SELECT * FROM served WHERE event_date = '{DAY}' ORDER BY source")

    # Source, lists, seen, not seen, without an id, share of those seen
    assert [tuple(record.values())[3:] for record in records] == [
        ("cache", 1, 1, 0, 0, 1.0),
        ("popular", 1, 0, 1, 1, 0.0),
        ("recommender", 2, 1, 1, 0, 0.5),
    ]


def test_values_of_several_currencies_are_not_added_up(make_lake):
    def bought(item, value, currency):
        return {
            "event_date": DAY,
            "event_type": "Purchase",
            "attributed_by": "click",
            "recommendation_id": "R1",
            "user_key": "u",
            "item_id": item,
            "value": value,
            "currency": currency,
        }

    lake = make_lake(
        exposures=[
            {
                "event_date": DAY,
                "list_id": "R1",
                "recommendation_id": "R1",
                "user_key": "u",
                "item_id": item,
                "position": place,
            }
            for item, place in (("a", 1), ("b", 1), ("c", 2))
        ],
        conversions=[bought("a", 10.0, "EUR"), bought("b", 20.0, "USD"), bought("c", 5.0, "EUR")],
    )

    records = lake.records("SELECT bought, value, currency FROM ctr ORDER BY position")

    assert [tuple(record.values()) for record in records] == [(2, None, None), (1, 5.0, "EUR")]


def test_a_regions_affinity_is_that_of_a_sample_of_its_users(make_lake):
    today = TODAY.isoformat()
    users = [f"n{number}" for number in range(60)] + [f"s{number}" for number in range(5)]
    lake = make_lake(
        user_versions=[
            {"user_id": user, "region": {"n": "North", "s": "South"}[user[0]], "is_current": True} for user in users
        ],
        served_lists=[
            {"ingest_date": today, "served_id": user, "user_id": user, "items": ["a", *(["b"] if user < "s2" else [])]}
            for user in users
        ]
        + [{"ingest_date": "2026-03-02", "served_id": "old", "user_id": "s4", "items": ["c"]}],
    )

    records = lake.records("SELECT * FROM regional_affinity ORDER BY region, item_id")

    # Wilson with z = 1.96: of 5, all: 5 / (5 + 3.8415); of 5, 2: 0.1176 to 0.7693; of 50, all: 50 / 53.8415.
    assert [(row["region"], row["item_id"], row["sampled"], row["users"], row["affinity"]) for row in records] == [
        ("North", "a", 50, 50, "high"),
        ("North", "b", 50, 50, "high"),
        ("South", "a", 5, 5, "high"),
        ("South", "b", 5, 2, "medium"),
    ]
    assert [(row["match_rate"], row["low"], row["high"]) for row in records[2:]] == [
        (1.0, pytest.approx(0.565518, abs=1e-6), pytest.approx(1.0)),
        (0.4, pytest.approx(0.117621, abs=1e-5), pytest.approx(0.769276, abs=1e-5)),
    ]
    of_the_past = "EXECUTE regional_affinity USING 'South', '2026-03-01', '2026-03-31'"
    assert [(row["item_id"], row["sampled"]) for row in lake.records(of_the_past)] == [("c", 1)]
