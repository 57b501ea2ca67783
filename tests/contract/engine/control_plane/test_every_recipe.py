"""Every recipe and every use case is trained, measured and, where it answers at once, deployed."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import delete, ids, refusal
from tests.contract.engine.shops import DomainShop, Shop
from tests.factories.avro import avro_schema
from tests.fakes.waiting import wait_until

ASKED = {
    "USER_PERSONALIZATION": {"userId": "user-1"},
    "RELATED_ITEMS": {"itemId": "item-1-1"},
    "POPULAR_ITEMS": {},
}
ON_INTERACTIONS = (
    "aws-user-personalization-v2",
    "aws-user-personalization",
    "aws-hrnn",
    "aws-hrnn-metadata",
    "aws-personalized-ranking-v2",
    "aws-personalized-ranking",
    "aws-similar-items",
    "aws-sims",
    "aws-popularity-count",
    "aws-trending-now",
    "rivulet-graph-filter",
)
USE_CASES = {
    "ECOMMERCE": ("frequently-bought-together", "customers-who-viewed-x-also-viewed", "recommended-for-you"),
    "VIDEO_ON_DEMAND": ("because-you-watched-x", "more-like-x", "trending-now", "top-picks"),
}
PREFIX = {"ECOMMERCE": "aws-ecomm", "VIDEO_ON_DEMAND": "aws-vod"}


@pytest.fixture(scope="module")
def shop(engine, s3):
    filled = Shop(engine, s3, account="908000000001")
    filled.fill()
    return filled


@pytest.mark.honours("CreateSolutionVersion", "every recipe is trained and measured on a hold-out")
@pytest.mark.parametrize("name", ON_INTERACTIONS)
def test_a_recipe_is_trained_measured_and_answers(shop, name):
    version = shop.train(name, name)
    arn = version["solutionVersionArn"]
    metrics = shop.control.get_solution_metrics(solutionVersionArn=arn)["metrics"]
    assert 0 < metrics["coverage"] <= 1
    assert metrics["normalized_discounted_cumulative_gain_at_25"] > 0

    kind = shop.control.describe_recipe(recipeArn=version["recipeArn"])["recipe"]["recipeType"]
    campaign = shop.add_campaign(name, arn)
    if kind == "PERSONALIZED_RANKING":
        given = ["item-1-1", "item-2-2", "item-3-3"]
        answer = shop.runtime.get_personalized_ranking(campaignArn=campaign, userId="user-1", inputList=given)
        assert {entry["itemId"] for entry in answer["personalizedRanking"]} == set(given)
    else:
        assert shop.runtime.get_recommendations(campaignArn=campaign, **ASKED[kind])["itemList"]
    # A dataset group has room for ten solutions, fewer than there are recipes
    delete(shop.control, "campaign", campaignArn=campaign)
    shop.control.delete_solution(solutionArn=version["solutionArn"])


@pytest.mark.honours("CreateSolutionVersion", "recipes of user segmentation are trained and measured")
@pytest.mark.honours("CreateCampaign", "a recipe of user segmentation has no campaign")
@pytest.mark.parametrize("name", ["aws-item-affinity", "aws-item-attribute-affinity"])
def test_a_recipe_of_segments_is_trained_but_not_deployed(engine, s3, name):
    shop = Shop(engine, s3, account="908000000003" if name == "aws-item-affinity" else "908000000004")
    shop.fill()
    arn = shop.train(name, name)["solutionVersionArn"]

    assert shop.control.get_solution_metrics(solutionVersionArn=arn)["metrics"]
    code, message = refusal(shop.control.create_campaign, name="segments", solutionVersionArn=arn)
    assert (code, "batch segment jobs" in message) == ("InvalidInputException", True)


@pytest.mark.honours("CreateRecommender", "every use case of the domains is trained and answers")
@pytest.mark.parametrize("domain", USE_CASES)
def test_every_use_case_is_trained_and_answers(engine, s3, domain):
    shop = DomainShop(engine, s3, domain, "908000000002")
    for name in USE_CASES[domain]:
        made = shop.recommender(name, f"{PREFIX[domain]}-{name}")
        answer = shop.runtime.get_recommendations(
            recommenderArn=made["recommenderArn"], userId="user-1", itemId="item-1-1"
        )
        assert made["modelMetrics"]
        assert answer["itemList"]


ITEM_FIELDS = [
    {"name": "ITEM_ID", "type": "string"},
    {"name": "TITLE", "type": "string", "itemName": True},
    {"name": "DESCRIPTION", "type": ["string", "null"], "textual": True},
    {"name": "CREATION_TIMESTAMP", "type": ["long", "null"]},
]
WORDS = ("wool", "linen", "leather", "silk", "cotton")


def catalogue_csv(count):
    lines = ["ITEM_ID,TITLE,DESCRIPTION,CREATION_TIMESTAMP"]
    for number in range(count):
        word = WORDS[number % len(WORDS)]
        lines.append(f"thing-{number},{word} thing {number},made of soft {word} by hand,{1_760_000_000 + number}")
    return "\n".join(lines) + "\n"


@pytest.mark.honours("CreateSolution", "aws-semantic-similarity is trained on an Items dataset alone")
@pytest.mark.honours(
    "CreateSolution", "performIncrementalUpdate: new items of an import are recommended without a training"
)
@pytest.mark.honours("CreateCampaign", "rankingInfluence of aws-semantic-similarity")
def test_meanings_are_learnt_from_items_alone_and_new_items_are_taken_in(engine, s3):
    shop = Shop(engine, s3, account="908000000005", schemas={"Items": avro_schema("Items", ITEM_FIELDS)})
    shop.load("Items", s3.put("data", "things/first.csv", catalogue_csv(60)), "first")
    version = shop.train("meanings", "aws-semantic-similarity", performIncrementalUpdate=True)["solutionVersionArn"]
    config = {"rankingInfluence": {"FRESHNESS": 0.1}}
    campaign = shop.add_campaign("meanings", version, campaignConfig=config)

    def similar():
        return ids(shop.runtime.get_recommendations(campaignArn=campaign, itemId="thing-0"))

    assert sum(int(name.partition("-")[2]) % len(WORDS) == 0 for name in similar()[:8]) >= 6
    shop.load("Items", s3.put("data", "things/second.csv", catalogue_csv(70)), "second")
    wait_until(lambda: "thing-65" in similar())
