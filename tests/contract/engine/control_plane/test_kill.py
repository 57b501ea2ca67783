"""Life cycles across a kill: what was on its way goes on, in the documented states, and ends where it was to end."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import NOT_FOUND, refusal, until_gone
from tests.contract.engine.running_engine import seen_until
from tests.contract.engine.shops import DomainShop, Shop

RECIPE = "arn:aws:personalize:::recipe"
VIEWED = "aws-ecomm-popular-items-by-views"


def killed(engine):
    """Kill the engine, start it again and return its clients' control plane."""
    engine.kill()
    engine.start()
    return engine.client()


@pytest.mark.honours("CreateSolutionVersion", "a training that a kill interrupted starts again and ends ACTIVE")
@pytest.mark.honours("StopSolutionVersionCreation", "a stop that a kill interrupted ends in CREATE STOPPED")
def test_trainings_and_stops_survive_a_kill(slow_engine, s3):
    shop = Shop(slow_engine, s3)
    shop.fill()
    control = slow_engine.client()
    solution = shop.add_solution("s", "aws-popularity-count")
    trained, stopped = (control.create_solution_version(solutionArn=solution)["solutionVersionArn"] for _ in range(2))
    for arn in (trained, stopped):
        seen_until(lambda arn=arn: version(control, arn), "CREATE IN_PROGRESS")
    control.stop_solution_version_creation(solutionVersionArn=stopped)

    control = killed(slow_engine)

    states = seen_until(lambda: version(control, trained), "ACTIVE", "CREATE FAILED")
    assert states[-1] == "ACTIVE"
    assert set(states) <= {"CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"}
    assert seen_until(lambda: version(control, stopped), "CREATE STOPPED")[-1] == "CREATE STOPPED"
    assert control.get_solution_metrics(solutionVersionArn=trained)["metrics"]


def version(control, arn):
    return control.describe_solution_version(solutionVersionArn=arn)["solutionVersion"]


@pytest.mark.honours("UpdateSolution", "an update that a kill interrupted is completed")
@pytest.mark.honours(
    "UpdateCampaign", "an update that a kill interrupted is completed; the old version answers meanwhile"
)
@pytest.mark.honours("DeleteCampaign", "a deletion that a kill interrupted is completed")
def test_updates_and_deletions_survive_a_kill(slow_engine, s3):
    shop = Shop(slow_engine, s3)
    shop.fill()
    control = slow_engine.client()
    first = shop.train("popular", "aws-popularity-count")
    solution = first["solutionArn"]
    newer = shop.retrain(solution)["solutionVersionArn"]
    campaigns = [shop.add_campaign(name, first["solutionVersionArn"]) for name in ("updated", "deleted")]

    control.update_campaign(campaignArn=campaigns[0], solutionVersionArn=newer)
    control.delete_campaign(campaignArn=campaigns[1])
    control.update_solution(solutionArn=solution, performAutoTraining=True)

    control = killed(slow_engine)

    runtime = slow_engine.client("personalize-runtime")
    assert runtime.get_recommendations(campaignArn=campaigns[0])["itemList"]
    assert refusal(runtime.get_recommendations, campaignArn=campaigns[1])[0] == NOT_FOUND
    until_gone(control.describe_campaign, campaignArn=campaigns[1])
    seen_until(
        lambda: control.describe_campaign(campaignArn=campaigns[0])["campaign"]["latestCampaignUpdate"], "ACTIVE"
    )
    assert control.describe_campaign(campaignArn=campaigns[0])["campaign"]["solutionVersionArn"] == newer
    seen_until(lambda: control.describe_solution(solutionArn=solution)["solution"]["latestSolutionUpdate"], "ACTIVE")
    assert control.describe_solution(solutionArn=solution)["solution"]["performAutoTraining"] is True


@pytest.mark.honours("CreateRecommender", "a creation that a kill interrupted is completed")
@pytest.mark.honours("StopRecommender", "every state in its order, across a kill")
@pytest.mark.honours("StartRecommender", "every state in its order, across a kill")
@pytest.mark.honours("DeleteRecommender", "a deletion that a kill interrupted is completed")
def test_recommenders_survive_kills(slow_engine, s3):
    shop = DomainShop(slow_engine, s3, "ECOMMERCE", "123456789012")
    control = slow_engine.client()
    arn = control.create_recommender(name="r", datasetGroupArn=shop.group, recipeArn=f"{RECIPE}/{VIEWED}")[
        "recommenderArn"
    ]

    def recommender():
        return slow_engine.client().describe_recommender(recommenderArn=arn)["recommender"]

    seen_until(recommender, "CREATE IN_PROGRESS")
    control = killed(slow_engine)
    assert seen_until(recommender, "ACTIVE", "CREATE FAILED")[-1] == "ACTIVE"
    before = slow_engine.client("personalize-runtime").get_recommendations(recommenderArn=arn, userId="u")["itemList"]

    control.stop_recommender(recommenderArn=arn)
    assert set(seen_until(recommender, "STOP IN_PROGRESS", "INACTIVE")) <= {
        "STOP PENDING",
        "STOP IN_PROGRESS",
        "INACTIVE",
    }
    control = killed(slow_engine)
    assert set(seen_until(recommender, "INACTIVE")) <= {"STOP PENDING", "STOP IN_PROGRESS", "INACTIVE"}
    control = killed(slow_engine)
    assert recommender()["status"] == "INACTIVE"

    control.start_recommender(recommenderArn=arn)
    assert set(seen_until(recommender, "ACTIVE")) <= {"START PENDING", "START IN_PROGRESS", "ACTIVE"}
    assert slow_engine.logged_states(arn) == ["START IN_PROGRESS", "ACTIVE"]
    control = killed(slow_engine)
    runtime = slow_engine.client("personalize-runtime")
    assert runtime.get_recommendations(recommenderArn=arn, userId="u")["itemList"] == before
    assert recommender()["modelMetrics"]

    control.update_recommender(
        recommenderArn=arn, recommenderConfig={"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["PRICE"]}}}
    )
    control = killed(slow_engine)
    runtime = slow_engine.client("personalize-runtime")
    assert runtime.get_recommendations(recommenderArn=arn, userId="u")["itemList"] == before
    seen_until(lambda: recommender()["latestRecommenderUpdate"], "ACTIVE")
    assert "trainingDataConfig" in recommender()["recommenderConfig"]

    control.delete_recommender(recommenderArn=arn)
    control = killed(slow_engine)
    until_gone(control.describe_recommender, recommenderArn=arn)
