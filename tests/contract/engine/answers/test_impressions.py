"""Recommendation ids that come back with events: what was shown is kept as the event's impression."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.contract.engine.calls import export, rows_of
from tests.contract.engine.shops import Shop
from tests.factories.avro import avro_schema
from tests.factories.shop_stream import SCHEMA_FIELDS, interactions_csv, shop_rows

MOMENT = datetime(2025, 10, 20, tzinfo=UTC)
ACCOUNT = "333333333331"


@pytest.fixture(scope="module")
def shop(engine, s3):
    """A shop whose interactions have room for impressions, with a campaign and a tracker."""
    fields = [{"name": name, "type": ["string", "null"]} for name in ("IMPRESSION", "RECOMMENDATION_ID")]
    schema = avro_schema("Interactions", [*SCHEMA_FIELDS["Interactions"], *fields])
    made = Shop(engine, s3, ACCOUNT, schemas={"Interactions": schema})
    head, *rows = interactions_csv(shop_rows()).splitlines()
    lines = [f"{head},IMPRESSION,RECOMMENDATION_ID", *(f"{row},," for row in rows)]
    made.load("Interactions", s3.put("data", "impressions.csv", "\n".join(lines)), "interactions")
    made.campaigns["popular"] = made.deploy("popular", "aws-popularity-count")
    made.tracking_id = made.track()
    return made


@pytest.mark.honours("PutEvents", "without an impression, the recommendationId's list is stored as the impression")
def test_what_was_recommended_is_the_impression_of_an_event_that_says_so(shop):
    answer = shop.runtime.get_recommendations(campaignArn=shop.campaigns["popular"], numResults=3)
    shown, recommendation = [item["itemId"] for item in answer["itemList"]], answer["recommendationId"]
    events = [
        {"itemId": "item-1-1", "recommendationId": recommendation},
        {"itemId": "item-1-2", "recommendationId": recommendation, "impression": ["item-1-2", "item-9-9"]},
        {"itemId": "item-1-3", "recommendationId": "RID-of-nobody"},
    ]

    shop.events.put_events(
        trackingId=shop.tracking_id,
        sessionId="impressed",
        userId="impressed",
        eventList=[{"eventType": "View", "sentAt": MOMENT, **event} for event in events],
    )

    export(shop, "Interactions", "impressions", ingestionMode="PUT")
    rows = {row["ITEM_ID"]: row for row in rows_of(shop, "impressions")}
    assert rows["item-1-1"]["IMPRESSION"] == "|".join(shown)
    assert rows["item-1-2"]["IMPRESSION"] == "item-1-2|item-9-9"
    assert rows["item-1-3"]["IMPRESSION"] == ""
    assert rows["item-1-1"]["RECOMMENDATION_ID"] == recommendation
