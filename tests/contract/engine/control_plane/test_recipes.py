"""What the service owns: recipes, their algorithms and their feature transformations."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import NOT_FOUND, refusal

SERVICE = "arn:aws:personalize:::"
# Developer guide, "Choosing a recipe" and "Choosing recommender use cases", with the legacy recipes.
USE_CASES = {
    "ECOMMERCE": {
        "aws-ecomm-popular-items-by-views",
        "aws-ecomm-popular-items-by-purchases",
        "aws-ecomm-frequently-bought-together",
        "aws-ecomm-customers-who-viewed-x-also-viewed",
        "aws-ecomm-recommended-for-you",
    },
    "VIDEO_ON_DEMAND": {
        "aws-vod-because-you-watched-x",
        "aws-vod-more-like-x",
        "aws-vod-most-popular",
        "aws-vod-trending-now",
        "aws-vod-top-picks",
    },
}
CUSTOM = {
    "aws-user-personalization-v2",
    "aws-user-personalization",
    "aws-hrnn",
    "aws-hrnn-metadata",
    "aws-hrnn-coldstart",
    "aws-personalized-ranking-v2",
    "aws-personalized-ranking",
    "aws-similar-items",
    "aws-sims",
    "aws-semantic-similarity",
    "aws-popularity-count",
    "aws-trending-now",
    "aws-next-best-action",
    "aws-item-affinity",
    "aws-item-attribute-affinity",
}
OWN = {"rivulet-graph-filter", "rivulet-neumf", "rivulet-lightgcn"}  # which Amazon Personalize does not have


@pytest.fixture(scope="module")
def control(engine):
    return engine.client()


@pytest.mark.honours("ListRecipes", "all recipes of the service, or the use cases of a domain, in pages")
def test_recipes_are_listed_by_domain(control):
    for domain, names in USE_CASES.items():
        listed = control.list_recipes(domain=domain, recipeProvider="SERVICE")["recipes"]
        assert {recipe["name"] for recipe in listed} == names
        assert {recipe["domain"] for recipe in listed} == {domain}

    pages = list(control.get_paginator("list_recipes").paginate(PaginationConfig={"PageSize": 7}))
    found = [recipe for page in pages for recipe in page["recipes"]]
    assert max(len(page["recipes"]) for page in pages) == 7
    assert {recipe["name"] for recipe in found if "domain" not in recipe} == CUSTOM | OWN
    assert len(found) == len(CUSTOM | OWN) + 10
    assert {recipe["status"] for recipe in found} == {"ACTIVE"}


@pytest.mark.honours("DescribeAlgorithm", "hyper-parameters with defaults, ranges and isTunable")
@pytest.mark.honours("DescribeFeatureTransformation", "the parameters with their defaults")
def test_a_recipe_leads_to_its_algorithm_and_feature_transformation(control):
    recipe = control.describe_recipe(recipeArn=f"{SERVICE}recipe/aws-hrnn")["recipe"]
    assert (recipe["recipeType"], recipe["status"]) == ("USER_PERSONALIZATION", "ACTIVE")

    algorithm = control.describe_algorithm(algorithmArn=recipe["algorithmArn"])["algorithm"]
    assert algorithm["defaultHyperParameters"] == {"hidden_dimension": "43", "bptt": "32", "recency_mask": "true"}
    ranges = algorithm["defaultHyperParameterRanges"]
    assert ranges["integerHyperParameterRanges"] == [
        {"name": "hidden_dimension", "minValue": 32, "maxValue": 256, "isTunable": True},
        {"name": "bptt", "minValue": 2, "maxValue": 32, "isTunable": True},
    ]
    assert ranges["categoricalHyperParameterRanges"][0]["values"] == ["true", "false"]
    assert algorithm["creationDateTime"].year == 2019

    transformation = control.describe_feature_transformation(
        featureTransformationArn=recipe["featureTransformationArn"]
    )["featureTransformation"]
    assert transformation["defaultParameters"] == {
        "min_user_history_length_percentile": "0.0",
        "max_user_history_length_percentile": "0.99",
    }
    assert transformation["status"] == "ACTIVE"


@pytest.mark.honours("DescribeRecipe", "type, algorithm and feature transformation of every recipe")
@pytest.mark.differs(
    "DescribeRecipe", "the popularity recipe has the type POPULAR_ITEMS; an older guide has USER_PERSONALIZATION"
)
def test_every_recipe_and_its_parts_can_be_described(control):
    kinds = {}
    for name in CUSTOM | USE_CASES["ECOMMERCE"] | USE_CASES["VIDEO_ON_DEMAND"]:
        recipe = control.describe_recipe(recipeArn=f"{SERVICE}recipe/{name}")["recipe"]
        kinds[name] = recipe["recipeType"]
        assert control.describe_algorithm(algorithmArn=recipe["algorithmArn"])["algorithm"]["name"] == name
        part = control.describe_feature_transformation(featureTransformationArn=recipe["featureTransformationArn"])
        assert part["featureTransformation"]["name"] == name

    assert kinds["aws-popularity-count"] == "POPULAR_ITEMS"
    assert kinds["aws-next-best-action"] == "PERSONALIZED_ACTIONS"
    assert kinds["aws-item-affinity"] == kinds["aws-item-attribute-affinity"] == "USER_SEGMENTATION"


def test_unknown_recipes_algorithms_and_transformations_are_not_found(control):
    assert refusal(control.describe_recipe, recipeArn=f"{SERVICE}recipe/aws-none")[0] == NOT_FOUND
    assert refusal(control.describe_algorithm, algorithmArn=f"{SERVICE}algorithm/aws-none")[0] == NOT_FOUND
    arn = f"{SERVICE}feature-transformation/aws-none"
    assert refusal(control.describe_feature_transformation, featureTransformationArn=arn)[0] == NOT_FOUND
    assert refusal(control.describe_algorithm, algorithmArn=f"{SERVICE}recipe/aws-sims")[0] == NOT_FOUND
