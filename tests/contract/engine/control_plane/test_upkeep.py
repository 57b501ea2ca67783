"""What the engine does by itself beside trainings of solutions, and what goes with a dataset group."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from tests.contract.engine.calls import NOT_FOUND, refusal, until_gone
from tests.contract.engine.running_engine import until_settled
from tests.contract.engine.shops import DomainShop, Shop
from tests.factories.shop_stream import items_csv

RECIPE = "arn:aws:personalize:::recipe"


@pytest.mark.honours("CreateRecommender", "it is trained again every 7 days on all data, and answers meanwhile")
@pytest.mark.honours("CreateRecommender", "at most 5 recommenders in a dataset group")
def test_a_recommender_is_trained_anew_every_week(engine, s3):
    shop = DomainShop(engine, s3, "ECOMMERCE", "907000000001")
    control = shop.control
    made = shop.recommender("weekly", "aws-ecomm-popular-items-by-views")
    tracker = control.create_event_tracker(name="t", datasetGroupArn=shop.group)
    until_settled(lambda: control.describe_event_tracker(eventTrackerArn=tracker["eventTrackerArn"]))
    engine.client("personalize-events", shop.account).put_events(
        trackingId=tracker["trackingId"],
        sessionId="s",
        userId="user-1",
        eventList=[{"eventType": "View", "itemId": "item-1-1", "sentAt": datetime.now(UTC)}],
    )
    create = {"datasetGroupArn": shop.group, "recipeArn": made["recipeArn"]}
    for number in range(4):
        control.create_recommender(name=f"r-{number}", **create)
    assert refusal(control.create_recommender, name="r-5", **create)[0] == "LimitExceededException"

    arn, deadline = made["recommenderArn"], time.monotonic() + 60
    while time.monotonic() < deadline:
        found = control.describe_recommender(recommenderArn=arn)["recommender"]
        assert found["status"] == "ACTIVE"
        assert shop.runtime.get_recommendations(recommenderArn=arn, userId="user-1")["itemList"]
        if found["lastUpdatedDateTime"] > made["lastUpdatedDateTime"]:
            break
        time.sleep(0.2)
    assert found["lastUpdatedDateTime"] > made["lastUpdatedDateTime"]
    assert "latestRecommenderUpdate" not in found


@pytest.mark.honours(
    "CreateDatasetImportJob", "new items of a bulk import are explored within two hours, without a training"
)
def test_items_that_came_in_bulk_are_taken_into_models_that_explore(engine, s3):
    shop = Shop(engine, s3, account="907000000002")
    shop.fill()
    campaign = shop.deploy("for-you", "aws-user-personalization")
    shop.control.update_campaign(
        campaignArn=campaign,
        campaignConfig={
            "itemExplorationConfig": {"explorationWeight": "1", "explorationItemAgeCutOff": "100000"},
        },
    )
    until_settled(
        lambda: {"u": shop.control.describe_campaign(campaignArn=campaign)["campaign"]["latestCampaignUpdate"]}
    )
    fresh = "".join(f"brand-new-{number},shelf {number}|all,,1,{int(time.time())}\n" for number in range(12))
    shop.load("Items", s3.put("data", "new/items.csv", items_csv() + fresh), "fresh")

    seen: set[str] = set()
    deadline = time.monotonic() + 30
    while not any(item.startswith("brand-new") for item in seen) and time.monotonic() < deadline:
        for user in range(10):
            answer = shop.runtime.get_recommendations(campaignArn=campaign, userId=f"user-{user}", numResults=50)
            seen |= {entry["itemId"] for entry in answer["itemList"]}
        time.sleep(0.1)
    assert any(item.startswith("brand-new") for item in seen)


@pytest.mark.honours("DeleteDatasetGroup", "deletes its filters and metric attributions too")
def test_what_need_not_go_first_goes_with_the_dataset_group(engine, s3):
    shop = Shop(engine, s3, account="907000000003")
    control = shop.control
    made = control.create_filter(
        name="shoes", datasetGroupArn=shop.group, filterExpression='INCLUDE ItemID WHERE Items.CATEGORY IN ("shoes")'
    )["filterArn"]
    until_settled(lambda: control.describe_filter(filterArn=made))
    for arn in shop.datasets.values():
        control.delete_dataset(datasetArn=arn)
        until_gone(control.describe_dataset, datasetArn=arn)

    control.delete_dataset_group(datasetGroupArn=shop.group)
    until_gone(control.describe_dataset_group, datasetGroupArn=shop.group)

    assert refusal(control.describe_filter, filterArn=made)[0] == NOT_FOUND
    assert control.list_filters(datasetGroupArn=shop.group)["Filters"] == []
    again = control.create_dataset_group(name="shop")["datasetGroupArn"]
    until_settled(lambda: control.describe_dataset_group(datasetGroupArn=again))
    assert again == shop.group
