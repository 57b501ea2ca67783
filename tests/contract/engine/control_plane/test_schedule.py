"""What the engine does by itself: training by schedule, by an engine whose day lasts 2.4 seconds."""

from __future__ import annotations

import time

import pytest

from tests.contract.engine.calls import send, update
from tests.contract.engine.shops import Shop
from tests.fakes.waiting import wait_until

DAY_SECONDS = 2.4  # of the pace "instant"


@pytest.fixture(scope="module")
def shop(engine, s3):
    filled = Shop(engine, s3, account="906000000001")
    filled.fill()
    filled.track()
    return filled


def add_daily_solution(shop, name):
    daily = {"autoTrainingConfig": {"schedulingExpression": "rate(1 day)"}}
    return shop.add_solution(name, "aws-popularity-count", performAutoTraining=True, solutionConfig=daily)


def versions(shop, solution):
    found = shop.control.list_solution_versions(solutionArn=solution)["solutionVersions"]
    return [version for version in found if version["status"] == "ACTIVE"]


def until_versions(shop, solution, count):
    wait_until(lambda: len(versions(shop, solution)) >= count)
    return versions(shop, solution)


@pytest.mark.honours("CreateSolution", "the first automatic training begins within an hour")
@pytest.mark.honours("CreateSolution", "a scheduled training is skipped without new interactions")
@pytest.mark.honours("ListSolutionVersions", "trainingType AUTOMATIC of scheduled trainings")
@pytest.mark.honours("PutEvents", "new interactions cause the next scheduled training")
def test_a_solution_is_trained_by_schedule_and_only_with_new_interactions(shop):
    solution = add_daily_solution(shop, "daily")

    first = until_versions(shop, solution, 1)
    assert [(version["trainingType"], version["trainingMode"]) for version in first] == [("AUTOMATIC", "FULL")]

    time.sleep(1.2 * DAY_SECONDS)
    assert len(versions(shop, solution)) == 1

    send(shop, "user-1", ["item-1-1"])
    assert len(until_versions(shop, solution, 2)) == 2
    update(shop.control, "solution", solutionArn=solution, performAutoTraining=False)
    send(shop, "user-1", ["item-1-2"])
    time.sleep(1.2 * DAY_SECONDS)
    assert len(versions(shop, solution)) == 2


@pytest.mark.honours("CreateCampaign", "automatic trainings reach a campaign that follows the latest version")
def test_an_automatic_training_reaches_the_campaign(shop):
    solution = add_daily_solution(shop, "followed")
    until_versions(shop, solution, 1)
    following = {"syncWithLatestSolutionVersion": True}
    campaign = shop.add_campaign("follows", f"{solution}/$LATEST", campaignConfig=following)

    def deployed():
        return shop.control.describe_campaign(campaignArn=campaign)["campaign"]["solutionVersionArn"]

    send(shop, "user-1", ["item-2-2"])
    newest = until_versions(shop, solution, 2)[-1]["solutionVersionArn"]
    wait_until(lambda: deployed() == newest)
    shop.control.update_solution(solutionArn=solution, performAutoTraining=False)


@pytest.mark.differs("CreateSolution", "the first automatic training waits for data instead of failing")
def test_an_empty_dataset_group_is_not_trained(engine, s3):
    empty = Shop(engine, s3, account="906000000002")
    solution = add_daily_solution(empty, "waits")

    time.sleep(1.0)
    assert empty.control.list_solution_versions(solutionArn=solution)["solutionVersions"] == []

    empty.fill()
    assert until_versions(empty, solution, 1)
    empty.control.update_solution(solutionArn=solution, performAutoTraining=False)
