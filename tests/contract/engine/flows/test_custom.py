"""Published flows of a custom dataset group, from user personalization to the deletion of users."""

from __future__ import annotations

import csv
import io
import json
import time
from datetime import UTC, datetime

import pytest

from tests.contract.engine.calls import ids
from tests.contract.engine.flows.notebook import Notebook
from tests.contract.engine.running_engine import ROLE, until_status
from tests.factories.avro import avro_schema
from tests.factories.shop_stream import SCHEMA_FIELDS, interactions_csv, items_csv, schema_text, shop_rows

TITLE = {"name": "TITLE", "type": ["string", "null"], "itemName": True}
SHELF_5 = "INCLUDE ItemID WHERE Items.CATEGORY IN ($shelves)"


def titled_items_csv():
    """Return the items of the shop with names."""
    rows = list(csv.reader(io.StringIO(items_csv())))
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(
        [*row, "TITLE" if place == 0 else f"Thing of {row[1].partition('|')[0]}"] for place, row in enumerate(rows)
    )
    return written.getvalue()


def of_shelf(items, *shelves):
    return all(item.startswith(tuple(f"item-{shelf}-" for shelf in shelves)) for item in items)


@pytest.fixture(scope="module")
def shop(flow_engine, s3):
    """A dataset group with imported interactions, items and users; in the end all is deleted."""
    notebook = Notebook(flow_engine, s3, "830000000001", "custom")
    notebook.add_dataset("Interactions", schema_text("Interactions"), interactions_csv(shop_rows()))
    notebook.add_dataset("Items", avro_schema("Items", [*SCHEMA_FIELDS["Items"], TITLE]), titled_items_csv())
    users = "USER_ID,AGE_GROUP\n" + "".join(f"user-{user},{'old' if user % 2 else 'young'}\n" for user in range(120))
    notebook.add_dataset("Users", schema_text("Users"), users)
    yield notebook
    notebook.take_down()


@pytest.fixture(scope="module")
def tracking_id(shop):
    return shop.add_tracker()


@pytest.fixture(scope="module")
def for_you(shop):
    return shop.deploy("for-you", "aws-user-personalization-v2")


def version_of(shop, campaign):
    return shop.control.describe_campaign(campaignArn=campaign)["campaign"]["solutionVersionArn"]


def test_user_personalization_with_filters_and_metrics(shop, for_you):
    metrics = shop.control.get_solution_metrics(solutionVersionArn=version_of(shop, for_you))["metrics"]
    dynamic = shop.add_filter("shelves", SHELF_5)
    cheap = shop.add_filter("cheap", "INCLUDE ItemID WHERE Items.PRICE < 5")

    plain = shop.recommend(for_you, userId="user-1")
    filtered = shop.recommend(for_you, userId="user-1", filterArn=dynamic, filterValues={"shelves": '"shelf 5"'})
    of_low_price = shop.recommend(for_you, userId="user-1", filterArn=cheap)

    assert metrics["normalized_discounted_cumulative_gain_at_25"] > 0
    assert len(plain) == 25
    assert all(item["itemId"].startswith(("item-5-", "new-5")) for item in filtered)
    assert {item["itemId"] for item in of_low_price} <= {f"new-{place}" for place in range(6)}


def test_promotions(shop, for_you):
    sale = shop.add_filter("sale", 'INCLUDE ItemID WHERE Items.CATEGORY IN ("shelf 9")')
    promotion = {"name": "sale", "percentPromotedItems": 20, "filterArn": sale}

    answer = shop.recommend(for_you, userId="user-1", numResults=10, promotions=[promotion])

    promoted = [item["itemId"] for item in answer if item.get("promotionName") == "sale"]
    assert len(promoted) == 2
    assert of_shelf(promoted, 9)


def test_events_move_a_new_user_and_a_new_item_is_recommended(shop, for_you, tracking_id):
    before = ids({"itemList": shop.recommend(for_you, userId="newcomer", numResults=5)})
    properties = json.dumps({"category": "shelf 3|new", "price": 12.5, "creationTimestamp": int(time.time())})
    shop.events.put_items(datasetArn=shop.datasets["Items"], items=[{"itemId": "fresh-3", "properties": properties}])
    shop.events.put_users(
        datasetArn=shop.datasets["Users"],
        users=[{"userId": "newcomer", "properties": json.dumps({"ageGroup": "young"})}],
    )
    for place, item in enumerate(("item-3-3", "item-3-4")):
        view = {"eventId": f"flow-{place}", "eventType": "View", "itemId": item, "sentAt": datetime.now(UTC)}
        shop.events.put_events(trackingId=tracking_id, userId="newcomer", sessionId="visit", eventList=[view])

    after = ids({"itemList": shop.recommend(for_you, userId="newcomer", numResults=5)})
    fresh = shop.add_filter("fresh", 'INCLUDE ItemID WHERE Items.CATEGORY IN ("new")')

    assert before != after
    assert of_shelf(after[:1], 3)
    assert ids({"itemList": shop.recommend(for_you, userId="newcomer", filterArn=fresh)}) == ["fresh-3"]


def test_a_campaign_follows_the_latest_version(shop):
    control = shop.control
    config = {"autoTrainingConfig": {"schedulingExpression": "rate(7 days)"}}
    solution = shop.add_solution("weekly", "aws-popularity-count", performAutoTraining=True, solutionConfig=config)
    shop.train(solution)
    made = control.create_campaign(
        name="weekly",
        solutionVersionArn=f"{solution}/$LATEST",
        minProvisionedTPS=1,
        campaignConfig={"syncWithLatestSolutionVersion": True},
    )
    shop.poll("campaign", made)

    version = shop.train(solution)

    def update():
        campaign = control.describe_campaign(campaignArn=made["campaignArn"])["campaign"]
        return {"status": campaign["status"] if campaign["solutionVersionArn"] == version else "waiting"}

    until_status(update, "ACTIVE")
    assert control.describe_solution(solutionArn=solution)["solution"]["performAutoTraining"] is True
    assert shop.recommend(made["campaignArn"], userId="user-1", numResults=3)


def test_similar_items(shop):
    campaign = shop.deploy("similar", "aws-similar-items")

    answer = shop.recommend(campaign, itemId="item-2-2", numResults=5)

    assert of_shelf([item["itemId"] for item in answer], 2)
    shop.control.delete_campaign(campaignArn=campaign)


def test_semantic_similarity(shop):
    campaign = shop.deploy("meanings", "aws-semantic-similarity")

    answer = shop.recommend(campaign, itemId="item-2-2", numResults=5)

    assert of_shelf([item["itemId"] for item in answer], 2)
    shop.control.delete_campaign(campaignArn=campaign)


def test_personalized_ranking(shop):
    campaign = shop.deploy("ranking", "aws-personalized-ranking-v2")
    favourite = next(item for user, item, _, _ in reversed(shop_rows()) if user == "user-1")
    given = ["unknown-1", *(f"item-{shelf}-0" for shelf in range(12)), favourite]

    ranked = shop.runtime.get_personalized_ranking(campaignArn=campaign, userId="user-1", inputList=given)

    found = [item["itemId"] for item in ranked["personalizedRanking"]]
    assert sorted(found) == sorted(set(given))
    assert found[-1] == "unknown-1"
    shop.control.delete_campaign(campaignArn=campaign)


def test_trending_now(shop):
    campaign = shop.deploy("trends", "aws-trending-now")

    assert len(shop.recommend(campaign, numResults=10)) == 10
    shop.control.delete_campaign(campaignArn=campaign)


def test_batch_inference(shop, for_you):
    lines = [{"userId": "user-1"}, {"userId": "user-2"}]

    answers = shop.run_batch("batch_inference_job", version_of(shop, for_you), "people", lines, numResults=5)

    assert [line["input"] for line in answers] == lines
    assert all(len(line["output"]["recommendedItems"]) == 5 for line in answers)


def test_user_segmentation(shop):
    version = shop.train(shop.add_solution("segments", "aws-item-affinity"))

    (segment,) = shop.run_batch("batch_segment_job", version, "fans", [{"itemId": "item-4-1"}], numResults=10)

    users = segment["output"]["usersList"]
    assert len(users) == 10
    assert users == segment["output"]["recommendedUsers"]
    fans = {user for user, item, _, _ in shop_rows() if item.startswith("item-4-")}
    assert set(users[:5]) <= fans


def test_metric_attribution(shop, tracking_id):
    shop.control.create_metric_attribution(
        name="impact",
        datasetGroupArn=shop.group,
        metrics=[{"eventType": "View", "metricName": "views", "expression": "SAMPLECOUNT()"}],
        metricsOutputConfig={"roleArn": ROLE, "s3DataDestination": {"path": "s3://data/flows/reports"}},
    )
    shop.pause()
    view = {"eventType": "View", "itemId": "item-1-1", "sentAt": datetime.now(UTC)}
    view["metricAttribution"] = {"eventAttributionSource": "mail"}
    shop.events.put_events(trackingId=tracking_id, userId="reader", sessionId="mail", eventList=[view])

    (listed,) = shop.control.list_metric_attributions(datasetGroupArn=shop.group)["metricAttributions"]
    arn = listed["metricAttributionArn"]
    metrics = shop.control.list_metric_attribution_metrics(metricAttributionArn=arn)["metrics"]
    assert [metric["metricName"] for metric in metrics] == ["views"]


def test_a_replaced_schema(shop):
    control, items = shop.control, shop.datasets["Items"]
    colour = {"name": "COLOUR", "type": ["string", "null"], "categorical": True}
    schema = avro_schema("Items", [*SCHEMA_FIELDS["Items"], TITLE, colour])
    new = control.create_schema(name="custom-Items-2", schema=schema)["schemaArn"]

    control.update_dataset(datasetArn=items, schemaArn=new)
    updated = until_status(lambda: control.describe_dataset(datasetArn=items), "ACTIVE")

    assert updated["schemaArn"] == new


def test_exports_and_the_deletion_of_users(shop):
    export = shop.control.create_dataset_export_job(
        jobName="people",
        datasetArn=shop.datasets["Users"],
        ingestionMode="ALL",
        roleArn=ROLE,
        jobOutput={"s3DataDestination": {"path": "s3://data/flows/exports/"}},
    )
    shop.poll("dataset_export_job", export)
    users = {row["USER_ID"] for row in csv.DictReader(io.StringIO(shop.s3.get("data", "flows/exports/people.csv")))}
    listed = shop.s3.put("data", "flows/deleted/users.csv", "USER_ID\nuser-7\n")
    deletion = shop.control.create_data_deletion_job(
        jobName="forget", datasetGroupArn=shop.group, roleArn=ROLE, dataSource={"dataLocation": listed}
    )

    done = shop.poll("data_deletion_job", deletion)

    assert "user-7" in users
    assert done["numDeleted"] >= 1
