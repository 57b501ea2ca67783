"""The prepared statements of analysts, and the work group's ways to run one."""

from __future__ import annotations

from datetime import datetime

import pytest
from botocore.exceptions import ClientError

from tests.fakes.emulator import curated_lake
from tests.fakes.emulator.curated_lake import WORKGROUP, CuratedLake

DAY, NEXT = "2026-03-02", "2026-03-03"


def at(clock: str, day: str = DAY) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}")


def event(event_type: str, user: str, index: int, item: str, day: str = DAY):
    return {
        "event_date": day,
        "event_id": f"{user}-{index}",
        "event_type": event_type,
        "event_rank": index,
        "user_key": user,
        "visit": f"v-{user}",
        "visit_index": index,
        "item_id": item,
        "timestamp": at("10:00:00", day),
        "is_bot": False,
    }


@pytest.fixture(scope="module")
def curated(cloud):
    lake = CuratedLake(cloud, "statements")
    lake.put(
        "clean_events",
        [
            event("View", "u1", 1, "boots"),
            event("AddToCart", "u1", 2, "boots"),
            event("Purchase", "u1", 3, "boots"),
            event("View", "u2", 1, "tent"),
            event("View", "u2", 2, "boots", NEXT),
        ],
    )
    lake.put(
        "item_versions",
        [
            {"item_id": "boots", "category": "Shoes|Boots", "is_current": True},
            {"item_id": "boots", "category": "Camping", "is_current": False},
            {"item_id": "tent", "category": "Camping", "is_current": True},
        ],
    )
    lake.put(
        "item_days",
        [
            {"event_date": DAY, "item_id": "boots", "exposures": 4, "clicked": 1, "position_sum": 6, "positioned": 3},
            {"event_date": NEXT, "item_id": "boots", "exposures": 0, "clicked": 0, "position_sum": 0, "positioned": 0},
            {"event_date": DAY, "item_id": "tent", "exposures": 1, "clicked": 1, "position_sum": 1, "positioned": 1},
        ],
    )
    lake.put(
        "user_days",
        [
            {"event_date": day, "user_key": user, "anonymous": user.startswith("session#"), "is_bot": False}
            for user, day in (("u1", DAY), ("u2", DAY), ("u2", NEXT), ("session#x", DAY), ("u3", NEXT))
        ],
    )
    answer = {"ingest_date": DAY, "recommendation_id": "R1", "route": "recommendations", "items": ["tent", "boots"]}
    lake.put("served_lists", [answer | {"served_id": "1"}, answer | {"served_id": "2", "source": "cache"}])
    seen = {"event_date": DAY, "list_id": "R1", "recommendation_id": "R1", "user_key": "u1", "item_id": "boots"}
    lake.put(
        "exposures", [seen | {"position": 2, "shown_at": at("09:59:00"), "clicked_at": at("09:59:30"), "times": 1}]
    )
    bought = {"event_date": DAY, "event_id": "u1-3", "event_type": "Purchase", "attributed_by": "click", "value": 129.0}
    lake.put(
        "conversions",
        [bought | {"recommendation_id": "R1", "user_key": "u1", "item_id": "boots", "converted_at": at("10:00:00")}],
    )
    return lake


@pytest.mark.parametrize(
    ("category", "viewed", "bought"), [("", (2, 1), (1, 0)), ("Boots", (1, 1), (1, 0)), ("Camping", (1,), (0,))]
)
def test_the_funnel_is_of_a_period_and_a_category(curated, category, viewed, bought):
    records = curated.records(f"EXECUTE funnel_of USING '{DAY}', '{NEXT}', '{category}'")

    found = [(row["event_date"], row["viewed"], row["bought"]) for row in records if row["variant"] == "any_item"]
    assert found == list(zip((DAY, NEXT), viewed, bought, strict=False))


def test_an_items_days_have_its_rates(curated):
    records = curated.records(f"EXECUTE item_history USING 'boots', '{DAY}', '{NEXT}'")

    assert [(row["event_date"], row["ctr"], row["mean_position"]) for row in records] == [
        (DAY, 0.25, 2.0),
        (NEXT, None, None),
    ]


def test_a_users_events_are_in_their_order(curated):
    parameters = ["'u1'", f"'{DAY}'", f"'{NEXT}'"]

    records = curated.records("EXECUTE user_history", ExecutionParameters=parameters)

    assert [(row["event_id"], row["event_type"]) for row in records] == [
        ("u1-1", "View"),
        ("u1-2", "AddToCart"),
        ("u1-3", "Purchase"),
    ]


def test_cohorts_are_of_users_who_logged_in(curated):
    records = curated.records(f"EXECUTE cohort USING '{DAY}', '{DAY}'")

    assert [(row["first_date"], row["size"], row["active"]) for row in records[:3]] == [
        (DAY, 2, 2),
        (DAY, 2, 1),
        (DAY, 2, 0),
    ]


def test_a_lists_items_have_what_followed(curated):
    records = curated.records(f"EXECUTE list_history USING 'R1', '{DAY}'")

    assert [(row["position"], row["item_id"], row["user_key"], row["value"]) for row in records] == [
        (1, "tent", None, None),
        (2, "boots", "u1", 129.0),
    ]


def test_a_statement_takes_the_parameters_that_its_second_line_lists(curated):
    for name, text in curated_lake.statements().items():
        first, second = text.splitlines()[:2]
        listed = second.removeprefix("-- parameters: ").split(", ")
        status = curated.run(f"EXECUTE {name} USING {', '.join(['NULL'] * (len(listed) + 1))}")["Status"]

        expected = f"expected {len(listed)} but found {len(listed) + 1}"
        assert (first[:3], expected in status["StateChangeReason"]) == ("-- ", True), name


def test_parameters_are_bound_in_the_order_of_the_text(curated):
    query = "WITH a AS (SELECT ? AS x) SELECT x, ? AS y FROM a WHERE x = ? ORDER BY x LIMIT 1"

    assert curated.records(query, ExecutionParameters=["1", "2", "1"]) == [{"x": 1, "y": 2}]


def test_prepared_statements_are_created_updated_listed_and_deleted(curated):
    client = curated.client
    statement = {"StatementName": "of_tests", "WorkGroup": WORKGROUP}
    client.create_prepared_statement(**statement, QueryStatement="SELECT ? AS x", Description="One value")

    client.update_prepared_statement(**statement, QueryStatement="SELECT ? + 1 AS x")

    stored = client.get_prepared_statement(**statement)["PreparedStatement"]
    assert (stored["QueryStatement"], "Description" in stored) == ("SELECT ? + 1 AS x", False)
    assert curated.records("EXECUTE of_tests USING 1") == [{"x": 2}]
    listed = client.list_prepared_statements(WorkGroup=WORKGROUP, MaxResults=50)["PreparedStatements"]
    assert {each["StatementName"] for each in listed} == {"of_tests", *curated_lake.statements()}
    several = client.batch_get_prepared_statement(WorkGroup=WORKGROUP, PreparedStatementNames=["of_tests", "none_"])
    assert [each["StatementName"] for each in several["PreparedStatements"]] == ["of_tests"]
    assert [each["ErrorCode"] for each in several["UnprocessedPreparedStatementNames"]] == ["STATEMENT_NOT_FOUND"]
    with pytest.raises(ClientError, match="of_tests already exists"):
        client.create_prepared_statement(**statement, QueryStatement="SELECT 1")
    client.delete_prepared_statement(**statement)
    for call in (client.get_prepared_statement, client.delete_prepared_statement):
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            call(**statement)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.update_prepared_statement(**statement, QueryStatement="SELECT 1")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"StatementName": "with-hyphen"}, "does not match"),
        ({"StatementName": "x"}, "does not match"),
        ({"WorkGroup": "unknown"}, "WorkGroup unknown is not found"),
        ({"QueryStatement": " "}, "1 to 262144 are allowed"),
    ],
)
def test_an_invalid_prepared_statement_is_refused(curated, change, reason):
    request = {"StatementName": "of_tests", "WorkGroup": WORKGROUP, "QueryStatement": "SELECT 1", **change}

    with pytest.raises(ClientError, match=reason):
        curated.client.create_prepared_statement(**request)


def test_a_query_may_ask_for_an_earlier_result(curated):
    reuse = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}

    execution = curated.run("SELECT 1 AS x", ResultReuseConfiguration=reuse)

    assert execution["ResultReuseConfiguration"] == reuse
    assert execution["Statistics"]["ResultReuseInformation"] == {"ReusedPreviousResult": False}
    too_old = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 10_081}}
    with pytest.raises(ClientError, match="0 to 10080"):
        curated.run("SELECT 1 AS x", ResultReuseConfiguration=too_old)
