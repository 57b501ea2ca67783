"""The queries of the raw lake that Terraform saves for analysts, each run as it is over the contract's columns.

Those of the curated tables are in `tests/contract/analytics`.
"""

from __future__ import annotations

import pytest

from tests.fakes.emulator import lake
from tests.fakes.emulator.lake import DAYS
from tests.fakes.emulator.process import ROOT

OF_CURATED_TABLES = {"bots", "events-per-day-and-type", "funnel", "top-items"}
QUERIES = {
    file.stem: file.read_text()
    for file in (ROOT / "infrastructure/modules/lake/queries").glob("*.sql")
    if file.stem not in OF_CURATED_TABLES
}


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_saved_query_succeeds(lake_cloud, name):
    status = lake.Athena(lake_cloud).run(QUERIES[name])["Status"]

    assert (status["State"], status.get("StateChangeReason")) == ("SUCCEEDED", None)


def test_saved_queries_count_what_is_there(lake_cloud):
    athena = lake.Athena(lake_cloud)

    assert athena.rows(QUERIES["late-events"]) == [["2: under an hour", "6", "100.0"]]


def test_served_lists_are_compared_with_those_that_were_seen(lake_cloud):
    impression = lake.events(DAYS[0], 11, 1)[0] | {
        "event_type": "Impression",
        "item_id": None,
        "recommendation_id": "RID-seen",
    }
    key = f"raw/events/ingest_date={DAYS[0]}/ingest_hour=11/impression.parquet"
    s3 = lake_cloud.client("s3")
    lake.put_parquet(s3, key, [impression])
    try:
        rows = lake.Athena(lake_cloud).rows(QUERIES["served-and-not-seen"])
    finally:
        s3.delete_object(Bucket=lake.BUCKET, Key=key)

    # Route, model, source; lists, not seen, without an id
    assert rows == [
        ["popular", "popular", "recommender", "2", "1", "0"],
        ["popular", "popular", "last_good", "1", "0", "0"],
        ["popular", "popular", "popular", "1", "1", "1"],
    ]
