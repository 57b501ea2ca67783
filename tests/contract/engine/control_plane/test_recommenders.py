"""Recommenders: the use cases of the domains, from their creation over stops and updates to their end."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import delete, refusal
from tests.contract.engine.running_engine import seen_until, until_settled
from tests.contract.engine.shops import DomainShop

VIEWED, FOR_YOU = "aws-ecomm-popular-items-by-views", "aws-ecomm-recommended-for-you"
RECIPE = "arn:aws:personalize:::recipe"


@pytest.fixture(scope="module")
def shop(engine, s3):
    return DomainShop(engine, s3, "ECOMMERCE", "902000000001")


@pytest.fixture(scope="module")
def viewed(shop):
    return shop.recommender("viewed", VIEWED)


def states_until(control, arn, last):
    return seen_until(lambda: control.describe_recommender(recommenderArn=arn), last)


@pytest.mark.honours("CreateDatasetGroup", "a domain dataset group for recommenders")
@pytest.mark.honours("CreateRecommender", "a use case is trained and served; 1 request per second by default")
@pytest.mark.honours("DescribeRecommender", "metrics of the model from a hold-out")
@pytest.mark.honours("ListRecommenders", "by dataset group, with their configuration")
def test_a_use_case_is_trained_measured_listed_and_answers(shop, viewed):
    group = shop.control.describe_dataset_group(datasetGroupArn=shop.group)["datasetGroup"]
    assert group["domain"] == "ECOMMERCE"
    assert viewed["recipeArn"] == f"{RECIPE}/{VIEWED}"
    assert viewed["recommenderConfig"] == {"minRecommendationRequestsPerSecond": 1}
    assert 0 < viewed["modelMetrics"]["coverage"] <= 1
    assert "latestRecommenderUpdate" not in viewed

    listed = shop.control.list_recommenders(datasetGroupArn=shop.group)["recommenders"]
    assert viewed["recommenderArn"] in [recommender["recommenderArn"] for recommender in listed]
    assert shop.control.list_recommenders(datasetGroupArn=f"{shop.group}-other")["recommenders"] == []

    items = shop.runtime.get_recommendations(recommenderArn=viewed["recommenderArn"], userId="user-1", numResults=5)
    assert len(items["itemList"]) == 5
    assert not any("score" in item for item in items["itemList"])


@pytest.mark.honours("StopRecommender", "STOP PENDING, STOP IN_PROGRESS, INACTIVE; then it does not answer")
@pytest.mark.honours("StartRecommender", "START PENDING, START IN_PROGRESS, ACTIVE; with the model it had before")
def test_a_recommender_is_stopped_and_started_again(shop, viewed):
    arn, control = viewed["recommenderArn"], shop.control
    before = shop.runtime.get_recommendations(recommenderArn=arn, userId="user-1")["itemList"]

    assert refusal(control.start_recommender, recommenderArn=arn)[0] == "ResourceInUseException"
    assert control.stop_recommender(recommenderArn=arn)["recommenderArn"] == arn
    assert states_until(control, arn, "INACTIVE")[-1] == "INACTIVE"
    assert refusal(shop.runtime.get_recommendations, recommenderArn=arn, userId="user-1")[0] == (
        "ResourceNotFoundException"
    )
    assert refusal(control.stop_recommender, recommenderArn=arn)[0] == "ResourceInUseException"
    update = {"recommenderArn": arn, "recommenderConfig": {"minRecommendationRequestsPerSecond": 2}}
    assert refusal(control.update_recommender, **update)[0] == "ResourceInUseException"

    assert control.start_recommender(recommenderArn=arn)["recommenderArn"] == arn
    states_until(control, arn, "ACTIVE")
    assert shop.runtime.get_recommendations(recommenderArn=arn, userId="user-1")["itemList"] == before


@pytest.mark.honours(
    "UpdateRecommender", "requests per second, exploration and metadata change at once, without a training"
)
@pytest.mark.honours("UpdateRecommender", "a change of columns starts a full training; the old model answers meanwhile")
def test_an_update_changes_the_configuration_and_trains_where_columns_change(shop):
    control = shop.control
    arn = shop.recommender("for-you", FOR_YOU)["recommenderArn"]

    def recommender():
        return control.describe_recommender(recommenderArn=arn)["recommender"]

    def change(**config):
        control.update_recommender(recommenderArn=arn, recommenderConfig=config)
        assert shop.runtime.get_recommendations(recommenderArn=arn, userId="user-1")["itemList"]
        until_settled(lambda: recommender()["latestRecommenderUpdate"])
        return recommender()

    changed = change(
        minRecommendationRequestsPerSecond=3,
        itemExplorationConfig={"explorationWeight": "0.5"},
        enableMetadataWithRecommendations=True,
    )
    assert changed["recommenderConfig"]["minRecommendationRequestsPerSecond"] == 3
    assert changed["recommenderConfig"]["enableMetadataWithRecommendations"] is True

    without = {"excludedDatasetColumns": {"ITEMS": ["CATEGORY_L1"]}}
    trained = change(trainingDataConfig=without)
    assert trained["status"] == "ACTIVE"
    assert trained["recommenderConfig"]["trainingDataConfig"] == without
    assert trained["recommenderConfig"]["minRecommendationRequestsPerSecond"] == 3
    assert trained["latestRecommenderUpdate"]["recommenderConfig"] == trained["recommenderConfig"]
    assert shop.runtime.get_recommendations(recommenderArn=arn, userId="user-1")["itemList"]


@pytest.mark.honours("CreateRecommender", "needs a domain dataset group and a recipe of its domain")
def test_a_recipe_of_another_domain_or_of_none_is_refused(shop, new_shop):
    def create(group, recipe, control=shop.control):
        return refusal(control.create_recommender, name="r", datasetGroupArn=group, recipeArn=f"{RECIPE}/{recipe}")

    assert "is VIDEO_ON_DEMAND use case" in create(shop.group, "aws-vod-top-picks")[1]
    assert "is no use case" in create(shop.group, "aws-sims")[1]
    assert "need a domain dataset group" in create(new_shop.group, VIEWED, new_shop.control)[1]
    assert create(shop.group, "aws-ecomm-nothing")[0] == "ResourceNotFoundException"


@pytest.mark.honours("CreateRecommender", "needs 1,000 events of the use case's event type")
def test_too_few_events_of_the_required_type_fail_the_creation(engine, s3):
    video = DomainShop(engine, s3, "VIDEO_ON_DEMAND", "902000000002")
    watched = video.recommender("watched", "aws-vod-most-popular")
    assert watched["status"] == "ACTIVE"

    few = "\n".join(f"user-{n % 60},item-0-{n % 15},{1_760_000_000 + n},Click" for n in range(1500))
    location = s3.put("data", "video/few.csv", f"USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n{few}\n")
    video.load("Interactions", location, "few")
    failed = video.recommender("few", "aws-vod-most-popular", may_fail=True)
    assert failed["status"] == "CREATE FAILED"
    assert "needs at least 1000 events of the type Watch; there are 0" in failed["failureReason"]
    assert "modelMetrics" not in failed


@pytest.mark.honours(
    "CreateSolution", "a domain dataset group may have solutions of custom recipes, but not of use cases"
)
def test_a_domain_dataset_group_may_have_custom_solutions(shop):
    shop.add_solution("custom", "aws-sims")
    code, message = refusal(shop.add_solution, "case", VIEWED)
    assert (code, "create a recommender" in message) == ("InvalidInputException", True)


@pytest.mark.parametrize(
    ("recipe", "config", "message"),
    [
        (VIEWED, {"itemExplorationConfig": {"explorationWeight": "0.1"}}, "has no itemExplorationConfig"),
        (FOR_YOU, {"itemExplorationConfig": {"explorationWeight": "2"}}, "must be a number from 0 to 1, not 2"),
        (FOR_YOU, {"itemExplorationConfig": {"weight": "1"}}, "has explorationWeight and explorationItemAgeCutOff"),
        (FOR_YOU, {"minRecommendationRequestsPerSecond": 501}, "may be 500 at most"),
        (FOR_YOU, {"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["SIZE"]}}}, "no column SIZE"),
        (FOR_YOU, {"trainingDataConfig": {"excludedDatasetColumns": {"SHOPS": ["SIZE"]}}}, "dataset type SHOPS"),
        (FOR_YOU, {"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["ITEM_ID"]}}}, "excludes ITEM_ID"),
    ],
)
@pytest.mark.honours("CreateRecommender", "every value of the configuration is checked")
def test_a_configuration_that_the_use_case_does_not_have_is_refused(shop, recipe, config, message):
    code, text = refusal(
        shop.control.create_recommender,
        name="refused",
        datasetGroupArn=shop.group,
        recipeArn=f"{RECIPE}/{recipe}",
        recommenderConfig=config,
    )

    assert code == "InvalidInputException"
    assert message in text


@pytest.mark.honours("DeleteRecommender", "the recommender stops answering at once, then it is gone")
@pytest.mark.honours("DeleteDatasetGroup", "refused while it has recommenders")
def test_a_recommender_goes_before_its_dataset_group(shop):
    control = shop.control
    arn = shop.recommender("bought", "aws-ecomm-popular-items-by-purchases")["recommenderArn"]

    assert refusal(control.delete_dataset_group, datasetGroupArn=shop.group)[0] == "ResourceInUseException"
    delete(control, "recommender", recommenderArn=arn)
