"""What the engine does by itself beside trainings of solutions, and what goes with a dataset group."""

from __future__ import annotations

import time

import pytest

from tests.contract.engine.calls import NOT_FOUND, create, delete, ids, refusal, send, update
from tests.contract.engine.running_engine import ROLE
from tests.contract.engine.shops import DomainShop, Shop
from tests.factories.shop_stream import items_csv
from tests.fakes.waiting import wait_until


@pytest.mark.honours("CreateRecommender", "it is trained again every 7 days on all data, and answers meanwhile")
@pytest.mark.honours("CreateRecommender", "at most 5 recommenders in a dataset group")
def test_a_recommender_is_trained_anew_every_week(engine, s3):
    shop = DomainShop(engine, s3, "ECOMMERCE", "907000000001")
    control = shop.control
    made = shop.recommender("weekly", "aws-ecomm-popular-items-by-views")
    shop.track()
    send(shop, "user-1", ["item-1-1"])
    request = {"datasetGroupArn": shop.group, "recipeArn": made["recipeArn"]}
    for number in range(4):
        control.create_recommender(name=f"r-{number}", **request)
    assert refusal(control.create_recommender, name="r-5", **request)[0] == "LimitExceededException"

    arn, deadline = made["recommenderArn"], time.monotonic() + 300
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
    explored = {"itemExplorationConfig": {"explorationWeight": "1", "explorationItemAgeCutOff": "100000"}}
    update(shop.control, "campaign", campaignArn=campaign, campaignConfig=explored)
    fresh = "".join(f"brand-new-{number},shelf {number}|all,,1,{int(time.time())}\n" for number in range(12))
    shop.load("Items", s3.put("data", "new/items.csv", items_csv() + fresh), "fresh")

    def recommended():
        answers = (shop.recommend("for-you", userId=f"user-{user}", numResults=50) for user in range(10))
        return [item for answer in answers for item in ids(answer)]

    wait_until(lambda: any(item.startswith("brand-new") for item in recommended()))


@pytest.mark.honours("DeleteDatasetGroup", "deletes its metric attribution too")
def test_what_need_not_go_first_goes_with_the_dataset_group(engine):
    control = engine.client(account="907000000003")
    group = create(control, "dataset_group", name="shop")["datasetGroupArn"]
    clicks = {"eventType": "Click", "metricName": "clicks", "expression": "SAMPLECOUNT()"}
    measured = create(
        control,
        "metric_attribution",
        name="clicks",
        datasetGroupArn=group,
        metrics=[clicks],
        metricsOutputConfig={"roleArn": ROLE},
    )
    delete(control, "dataset_group", datasetGroupArn=group)

    arn = {"metricAttributionArn": measured["metricAttributionArn"]}
    assert refusal(control.describe_metric_attribution, **arn)[0] == NOT_FOUND
    assert create(control, "dataset_group", name="shop")["datasetGroupArn"] == group
