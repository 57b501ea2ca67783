"""Every recipe and every use case is trained, measured and, where it answers at once, deployed."""

from __future__ import annotations

import json
import time

import pytest

from tests.contract.engine.calls import refusal, until_gone
from tests.contract.engine.running_engine import until_settled
from tests.contract.engine.shops import DomainShop, Shop
from tests.factories.shop_stream import schema_text

RECIPE = "arn:aws:personalize:::recipe"
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
    campaign = shop.control.create_campaign(name=name, solutionVersionArn=arn)["campaignArn"]
    until_settled(lambda: shop.control.describe_campaign(campaignArn=campaign))
    if kind == "PERSONALIZED_RANKING":
        given = ["item-1-1", "item-2-2", "item-3-3"]
        answer = shop.runtime.get_personalized_ranking(campaignArn=campaign, userId="user-1", inputList=given)
        assert {entry["itemId"] for entry in answer["personalizedRanking"]} == set(given)
    else:
        assert shop.runtime.get_recommendations(campaignArn=campaign, **ASKED[kind])["itemList"]
    # A dataset group has room for ten solutions, fewer than there are recipes
    shop.control.delete_campaign(campaignArn=campaign)
    until_gone(shop.control.describe_campaign, campaignArn=campaign)
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


def catalogue_csv(first, count):
    lines = ["ITEM_ID,TITLE,DESCRIPTION,CREATION_TIMESTAMP"]
    for number in range(first, first + count):
        word = WORDS[number % len(WORDS)]
        lines.append(f"thing-{number},{word} thing {number},made of soft {word} by hand,{1_760_000_000 + number}")
    return "\n".join(lines) + "\n"


@pytest.mark.honours("CreateSolution", "aws-semantic-similarity is trained on an Items dataset alone")
@pytest.mark.honours(
    "CreateSolution", "performIncrementalUpdate: new items of an import are recommended without a training"
)
@pytest.mark.honours("CreateCampaign", "rankingInfluence of aws-semantic-similarity")
def test_meanings_are_learnt_from_items_alone_and_new_items_are_taken_in(engine, s3):
    control = engine.client(account="908000000005")
    group = control.create_dataset_group(name="shop")["datasetGroupArn"]
    until_settled(lambda: control.describe_dataset_group(datasetGroupArn=group))
    text = json.dumps({**json.loads(schema_text("Items")), "fields": ITEM_FIELDS})
    schema = control.create_schema(name="things", schema=text)["schemaArn"]
    dataset = control.create_dataset(name="things", schemaArn=schema, datasetGroupArn=group, datasetType="Items")[
        "datasetArn"
    ]
    until_settled(lambda: control.describe_dataset(datasetArn=dataset))

    def load(name, csv):
        job = control.create_dataset_import_job(
            jobName=name,
            datasetArn=dataset,
            dataSource={"dataLocation": s3.put("data", f"things/{name}.csv", csv)},
            roleArn="arn:aws:iam::908000000005:role/personalize",
        )["datasetImportJobArn"]
        until_settled(lambda: control.describe_dataset_import_job(datasetImportJobArn=job))

    load("first", catalogue_csv(0, 60))
    made = control.create_solution(
        name="meanings",
        datasetGroupArn=group,
        recipeArn=f"{RECIPE}/aws-semantic-similarity",
        performAutoTraining=False,
        performIncrementalUpdate=True,
    )["solutionArn"]
    until_settled(lambda: control.describe_solution(solutionArn=made))
    version = control.create_solution_version(solutionArn=made)["solutionVersionArn"]
    until_settled(lambda: control.describe_solution_version(solutionVersionArn=version))
    campaign = control.create_campaign(
        name="meanings", solutionVersionArn=version, campaignConfig={"rankingInfluence": {"FRESHNESS": 0.1}}
    )["campaignArn"]
    until_settled(lambda: control.describe_campaign(campaignArn=campaign))

    def like(item):
        runtime = engine.client("personalize-runtime", "908000000005")
        return [entry["itemId"] for entry in runtime.get_recommendations(campaignArn=campaign, itemId=item)["itemList"]]

    alike = like("thing-0")[:8]
    assert sum(int(name.partition("-")[2]) % len(WORDS) == 0 for name in alike) >= 6

    load("second", catalogue_csv(0, 70))
    deadline = time.monotonic() + 20
    while "thing-65" not in like("thing-0") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "thing-65" in like("thing-0")
