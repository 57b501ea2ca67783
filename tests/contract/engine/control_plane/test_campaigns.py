"""Campaigns: which version they answer with, how they follow the newest one, and what they may ask for."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import delete, refusal, update
from tests.contract.engine.shops import Shop
from tests.fakes.waiting import wait_until


@pytest.fixture(scope="module")
def shop(engine, s3):
    filled = Shop(engine, s3, account="905000000001")
    filled.fill()
    return filled


@pytest.fixture(scope="module")
def personal(shop):
    return shop.train("personal", "aws-user-personalization")


@pytest.fixture(scope="module")
def popular(shop):
    return shop.train("popular", "aws-popularity-count")


def described(shop, arn):
    return shop.control.describe_campaign(campaignArn=arn)["campaign"]


@pytest.mark.honours("CreateCampaign", "a solution's ARN and /$LATEST mean its latest ACTIVE version")
@pytest.mark.honours("DescribeCampaign", "the ARN of the version that answers")
@pytest.mark.honours(
    "CreateCampaign", "syncWithLatestSolutionVersion: the campaign follows the latest version automatically"
)
def test_a_campaign_follows_the_newest_version(shop, popular):
    solution = popular["solutionArn"]
    latest = f"{solution}/$LATEST"
    following = {"syncWithLatestSolutionVersion": True}
    follows = shop.add_campaign("follows", latest, campaignConfig=following, minProvisionedTPS=2)
    stays = shop.add_campaign("stays", latest)
    first = described(shop, follows)["solutionVersionArn"]
    assert first == described(shop, stays)["solutionVersionArn"]

    newer = shop.retrain(solution)["solutionVersionArn"]

    wait_until(lambda: described(shop, follows)["solutionVersionArn"] == newer)
    assert "latestCampaignUpdate" not in described(shop, follows)  # UpdateCampaign has not been called
    assert described(shop, follows)["minProvisionedTPS"] == 2
    assert described(shop, stays)["solutionVersionArn"] == first
    assert shop.runtime.get_recommendations(campaignArn=follows)["itemList"]

    # Switched on by an update, it follows as well.
    changed = update(shop.control, "campaign", campaignArn=stays, solutionVersionArn=latest, campaignConfig=following)
    assert changed["solutionVersionArn"] == newer
    assert changed["latestCampaignUpdate"]["solutionVersionArn"] == newer
    for arn in (follows, stays):
        delete(shop.control, "campaign", campaignArn=arn)


@pytest.mark.honours("UpdateCampaign", "throughput and configuration, and a version of another solution")
@pytest.mark.honours("ListCampaigns", "by solution, in pages")
def test_an_update_keeps_what_it_does_not_name(shop, personal, popular):
    arn = shop.add_campaign("updated", personal["solutionVersionArn"], minProvisionedTPS=3)
    explore = {"itemExplorationConfig": {"explorationWeight": "0.9", "explorationItemAgeCutOff": "7"}}

    changed = update(shop.control, "campaign", campaignArn=arn, campaignConfig=explore)
    assert (changed["campaignConfig"], changed["minProvisionedTPS"]) == (explore, 3)
    assert changed["solutionVersionArn"] == personal["solutionVersionArn"]

    changed = update(shop.control, "campaign", campaignArn=arn, minProvisionedTPS=5)
    assert (changed["campaignConfig"], changed["minProvisionedTPS"]) == (explore, 5)

    moved = update(
        shop.control, "campaign", campaignArn=arn, solutionVersionArn=popular["solutionVersionArn"], campaignConfig={}
    )
    assert moved["solutionVersionArn"] == popular["solutionVersionArn"]
    of_solution = shop.control.list_campaigns(solutionArn=popular["solutionArn"])["campaigns"]
    assert arn in [campaign["campaignArn"] for campaign in of_solution]
    assert shop.control.list_campaigns(solutionArn=personal["solutionArn"])["campaigns"] == []
    delete(shop.control, "campaign", campaignArn=arn)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"itemExplorationConfig": {"explorationWeight": "1.5"}}, "must be a number from 0 to 1, not 1.5"),
        ({"itemExplorationConfig": {"explorationItemAgeCutOff": "old"}}, "must be a number of days"),
        ({"itemExplorationConfig": {"curiosity": "1"}}, "has explorationWeight and explorationItemAgeCutOff"),
        ({"rankingInfluence": {"POPULARITY": 0.5}}, "has no rankingInfluence"),
        ({"syncWithLatestSolutionVersion": True}, "must be a solution's ARN and /$LATEST"),
    ],
)
@pytest.mark.honours("CreateCampaign", "the configuration is checked against the recipe")
def test_a_configuration_that_the_recipe_does_not_have_is_refused(shop, personal, config, message):
    code, text = refusal(
        shop.control.create_campaign,
        name="refused",
        solutionVersionArn=personal["solutionVersionArn"],
        campaignConfig=config,
    )

    assert code == "InvalidInputException"
    assert message in text


@pytest.mark.honours("CreateCampaign", "itemExplorationConfig is for User-Personalization only")
@pytest.mark.honours("CreateCampaign", "minProvisionedTPS is 500 at most")
@pytest.mark.honours("CreateCampaign", "a solution without an ACTIVE version cannot be deployed")
def test_what_cannot_be_deployed_is_refused(shop, personal, popular):
    explore = {"itemExplorationConfig": {"explorationWeight": "0.1"}}
    version = popular["solutionVersionArn"]
    call = shop.control.create_campaign

    refused = refusal(call, name="r", solutionVersionArn=version, campaignConfig=explore)
    assert "aws-popularity-count has no itemExplorationConfig" in refused[1]
    assert "may be 500 at most" in refusal(call, name="r", solutionVersionArn=version, minProvisionedTPS=501)[1]
    assert refusal(call, name="r", solutionVersionArn=f"{version}0")[0] == "ResourceNotFoundException"
    unknown = refusal(call, name="r", solutionVersionArn=f"{popular['solutionArn']}-not/$LATEST")
    assert unknown[0] == "ResourceNotFoundException"

    made = shop.add_solution("untrained", "aws-sims")
    assert "has no ACTIVE version yet" in refusal(call, name="r", solutionVersionArn=f"{made}/$LATEST")[1]


@pytest.mark.honours("CreateCampaign", "at most 5 campaigns in a dataset group")
@pytest.mark.honours("DeleteCampaign", "the campaign does not answer any more")
def test_a_sixth_campaign_is_over_the_quota(shop, popular):
    version = popular["solutionVersionArn"]
    made = [shop.add_campaign(f"c-{number}", version) for number in range(5)]

    code, message = refusal(shop.control.create_campaign, name="c-6", solutionVersionArn=version)
    assert (code, "there may be 5" in message) == ("LimitExceededException", True)
    for arn in made:
        delete(shop.control, "campaign", campaignArn=arn)
    assert refusal(shop.runtime.get_recommendations, campaignArn=made[0])[0] == "ResourceNotFoundException"
