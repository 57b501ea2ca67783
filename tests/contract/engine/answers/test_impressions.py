"""Recommendation ids that come back with events: what was shown is kept as the event's impression."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import event, export, ids, put_events, rows_of
from tests.contract.engine.shops import Shop
from tests.factories.avro import avro_schema
from tests.factories.shop_stream import SCHEMA_FIELDS, interactions_csv, shop_rows

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
    made.deploy("popular", "aws-popularity-count")
    made.track()
    return made


@pytest.mark.honours("PutEvents", "without an impression, the recommendationId's list is stored as the impression")
def test_what_was_recommended_is_the_impression_of_an_event_that_says_so(shop):
    answer = shop.recommend("popular", numResults=3)
    recommendation = answer["recommendationId"]
    events = [
        event(recommendationId=recommendation),
        event("item-1-2", recommendationId=recommendation, impression=["item-1-2", "item-9-9"]),
        event("item-1-3", recommendationId="RID-of-no-answer"),
    ]

    put_events(shop, *events, user="impressed", session="impressed")

    export(shop, "Interactions", "impressions", ingestionMode="PUT")
    rows = {row["ITEM_ID"]: row for row in rows_of(shop, "impressions")}
    assert rows["item-1-1"]["IMPRESSION"] == "|".join(ids(answer))
    assert rows["item-1-2"]["IMPRESSION"] == "item-1-2|item-9-9"
    assert rows["item-1-3"]["IMPRESSION"] == ""
    assert rows["item-1-1"]["RECOMMENDATION_ID"] == recommendation
