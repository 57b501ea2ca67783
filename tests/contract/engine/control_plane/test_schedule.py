"""What the engine does by itself: training by schedule, by an engine whose day lasts 2.4 seconds."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from tests.contract.engine.running_engine import until_settled
from tests.contract.engine.shops import Shop

RECIPE = "arn:aws:personalize:::recipe"
DAY_SECONDS = 2.4  # of the pace "instant"


@pytest.fixture(scope="module")
def shop(engine, s3):
    filled = Shop(engine, s3, account="906000000001")
    filled.fill()
    filled.tracking_id = filled.track()
    return filled


def create(shop, name, recipe="aws-popularity-count", **more):
    request = {"solutionConfig": {"autoTrainingConfig": {"schedulingExpression": "rate(1 day)"}}, **more}
    arn = shop.control.create_solution(
        name=name, datasetGroupArn=shop.group, recipeArn=f"{RECIPE}/{recipe}", **request
    )["solutionArn"]
    until_settled(lambda: shop.control.describe_solution(solutionArn=arn))
    return arn


def versions(shop, solution):
    found = shop.control.list_solution_versions(solutionArn=solution)["solutionVersions"]
    return [version for version in found if version["status"] == "ACTIVE"]


def until_versions(shop, solution, count, seconds=20.0):
    deadline = time.monotonic() + seconds
    while len(versions(shop, solution)) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    return versions(shop, solution)


def send(shop, item):
    shop.events.put_events(
        trackingId=shop.tracking_id,
        sessionId="s",
        userId="user-1",
        eventList=[{"eventType": "View", "itemId": item, "sentAt": datetime.now(UTC)}],
    )


@pytest.mark.honours("CreateSolution", "the first automatic training begins within an hour")
@pytest.mark.honours("CreateSolution", "a scheduled training is skipped without new interactions")
@pytest.mark.honours("ListSolutionVersions", "trainingType AUTOMATIC of scheduled trainings")
@pytest.mark.honours("PutEvents", "new interactions cause the next scheduled training")
def test_a_solution_is_trained_by_schedule_and_only_with_new_interactions(shop):
    solution = create(shop, "daily")

    first = until_versions(shop, solution, 1)
    assert [(version["trainingType"], version["trainingMode"]) for version in first] == [("AUTOMATIC", "FULL")]

    time.sleep(1.2 * DAY_SECONDS)
    assert len(versions(shop, solution)) == 1

    send(shop, "item-1-1")
    assert len(until_versions(shop, solution, 2)) == 2
    shop.control.update_solution(solutionArn=solution, performAutoTraining=False)
    until_settled(
        lambda: {"u": shop.control.describe_solution(solutionArn=solution)["solution"]["latestSolutionUpdate"]}
    )
    send(shop, "item-1-2")
    time.sleep(1.2 * DAY_SECONDS)
    assert len(versions(shop, solution)) == 2


@pytest.mark.honours("CreateCampaign", "automatic trainings reach a campaign that follows the latest version")
def test_an_automatic_training_reaches_the_campaign(shop):
    solution = create(shop, "followed")
    until_versions(shop, solution, 1)
    campaign = shop.control.create_campaign(
        name="follows",
        solutionVersionArn=f"{solution}/$LATEST",
        campaignConfig={"syncWithLatestSolutionVersion": True},
    )["campaignArn"]
    until_settled(lambda: shop.control.describe_campaign(campaignArn=campaign))

    send(shop, "item-2-2")
    newest = until_versions(shop, solution, 2)[-1]["solutionVersionArn"]

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if shop.control.describe_campaign(campaignArn=campaign)["campaign"]["solutionVersionArn"] == newest:
            break
        time.sleep(0.05)
    assert shop.control.describe_campaign(campaignArn=campaign)["campaign"]["solutionVersionArn"] == newest
    shop.control.update_solution(solutionArn=solution, performAutoTraining=False)


@pytest.mark.differs("CreateSolution", "the first automatic training waits for data instead of failing")
def test_an_empty_dataset_group_is_not_trained(engine, s3):
    empty = Shop(engine, s3, account="906000000002")
    solution = create(empty, "waits")

    time.sleep(1.0)
    assert empty.control.list_solution_versions(solutionArn=solution)["solutionVersions"] == []

    empty.fill()
    assert until_versions(empty, solution, 1)
    empty.control.update_solution(solutionArn=solution, performAutoTraining=False)
