"""Batch files in the forms that the developer guide shows, with users and items of our own.

Source: developer guide, "Batch inference job input and output JSON examples", "Batch segment job input and output JSON
examples" and "Providing filter values in your input JSON".
"""

from __future__ import annotations

import itertools
import json

import pytest

from tests.contract.engine.running_engine import ROLE, until_settled
from tests.contract.engine.shops import Shop

numbers = itertools.count()


@pytest.fixture(scope="module")
def segmented(engine, s3):
    """A shop whose solutions find users, by the items and by the attributes they like."""
    shop = Shop(engine, s3, account="824000000001")
    shop.fill()
    recipes = ("item-affinity", "item-attribute-affinity")
    return shop, {name: shop.train(name, f"aws-{name}")["solutionVersionArn"] for name in recipes}


def paths(shop, name, lines):
    shop.s3.put("data", "batch-out/.keep", "")
    place = shop.s3.put("data", f"batch-in/{name}.json", "".join(json.dumps(line) + "\n" for line in lines))
    return {
        "jobName": name,
        "roleArn": ROLE,
        "jobInput": {"s3DataSource": {"path": place}},
        "jobOutput": {"s3DataDestination": {"path": "s3://data/batch-out/"}},
    }


def results(shop, name):
    return [json.loads(line) for line in shop.s3.get("data", f"batch-out/{name}.json.out").splitlines()]


def infer(shop, campaign, lines, **request):
    """Return what a batch inference job writes for lines."""
    name = f"guide-{next(numbers)}"
    version = shop.control.describe_campaign(campaignArn=shop.campaigns[campaign])["campaign"]["solutionVersionArn"]
    made = shop.control.create_batch_inference_job(solutionVersionArn=version, **paths(shop, name, lines), **request)
    arn = made["batchInferenceJobArn"]
    until_settled(lambda: shop.control.describe_batch_inference_job(batchInferenceJobArn=arn))
    return results(shop, name)


def segment(segmented, recipe, lines, **request):
    """Return what a batch segment job writes for lines."""
    name, (shop, versions) = f"guide-{next(numbers)}", segmented
    asked = {"solutionVersionArn": versions[recipe], **paths(shop, name, lines), **request}
    made = shop.control.create_batch_segment_job(**asked)
    arn = made["batchSegmentJobArn"]
    until_settled(lambda: shop.control.describe_batch_segment_job(batchSegmentJobArn=arn))
    return results(shop, name)


def ids(answer, member="itemList"):
    return [one["itemId"] for one in answer[member]]


@pytest.mark.honours("CreateBatchInferenceJob", "of users, the items and scores that a campaign gives, line by line")
def test_items_for_users(trained_shop):
    lines = [{"userId": f"user-{number}"} for number in (3, 5, 8)]

    found = infer(trained_shop, "for-you", lines)

    assert [one["input"] for one in found] == lines
    assert all(one["error"] is None for one in found)
    for line, one in zip(lines, found, strict=True):
        asked = trained_shop.runtime.get_recommendations(campaignArn=trained_shop.campaigns["for-you"], **line)
        assert one["output"]["recommendedItems"] == ids(asked)
        assert one["output"]["scores"] == sorted(one["output"]["scores"], reverse=True)
        assert len(one["output"]["scores"]) == len(one["output"]["recommendedItems"]) == 25


@pytest.mark.honours("CreateBatchInferenceJob", "popular items, and items related to an item, have no scores")
@pytest.mark.parametrize(("campaign", "line"), [("popular", {"userId": "user-3"}), ("similar", {"itemId": "item-2-2"})])
def test_items_without_scores(trained_shop, campaign, line):
    (found,) = infer(trained_shop, campaign, [line], numResults=10)

    asked = trained_shop.runtime.get_recommendations(
        campaignArn=trained_shop.campaigns[campaign], numResults=10, **line
    )
    assert found["output"]["recommendedItems"] == ids(asked)
    assert "scores" not in found["output"]


@pytest.mark.honours("CreateBatchInferenceJob", "a list of items in the order that a ranking campaign gives")
def test_ranked_items(trained_shop):
    line = {"userId": "user-3", "itemList": ["item-9-1", "item-4-2", "item-3-5"]}

    (found,) = infer(trained_shop, "ranking", [line])

    asked = trained_shop.runtime.get_personalized_ranking(
        campaignArn=trained_shop.campaigns["ranking"], userId="user-3", inputList=line["itemList"]
    )
    assert found["input"] == line
    assert found["output"]["recommendedItems"] == ids(asked, "personalizedRanking")
    assert sum(found["output"]["scores"]) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.honours("CreateBatchInferenceJob", "each line may have other values for the filter's placeholders")
def test_lines_with_filter_values(trained_shop):
    made = trained_shop.control.create_filter(
        name="guide-batch",
        datasetGroupArn=trained_shop.group,
        filterExpression="INCLUDE ItemID WHERE Items.CATEGORY IN ($SHELVES)",
    )
    until_settled(lambda: trained_shop.control.describe_filter(filterArn=made["filterArn"]))
    lines = [
        {"userId": "user-3", "filterValues": {"SHELVES": '"shelf 3"'}},
        {"userId": "user-3", "filterValues": {"SHELVES": '"shelf 7","shelf 8"'}},
        {"userId": "user-3"},
    ]

    found = infer(trained_shop, "for-you", lines, filterArn=made["filterArn"], numResults=20)

    shelves = [{item.split("-")[1] for item in one["output"]["recommendedItems"]} for one in found[:2]]
    assert shelves == [{"3"}, {"7", "8"}]
    assert "SHELVES" in found[2]["error"]


@pytest.mark.honours("CreateBatchInferenceJob", "a line that cannot be answered has its error and fails nothing else")
def test_a_line_with_an_error(trained_shop):
    found = infer(trained_shop, "for-you", [{"itemId": "item-2-2"}, {"userId": "user-3"}])

    assert "userId" in found[0]["error"]
    assert found[0].get("output") is None
    assert found[1]["error"] is None
    assert found[1]["output"]["recommendedItems"]


@pytest.mark.honours("CreateBatchInferenceJob", "themes: a name for similar items, and how well each item fits it")
def test_themes_of_similar_items(trained_shop):
    (found,) = infer(
        trained_shop,
        "similar",
        [{"itemId": "item-2-2"}],
        numResults=10,
        batchInferenceJobMode="THEME_GENERATION",
        themeGenerationConfig={"fieldsForThemeGeneration": {"itemName": "DESCRIPTION"}},
    )

    output = found["output"]
    assert output["theme"]
    assert len(output["itemsThemeRelevanceScores"]) == len(output["recommendedItems"]) == 10


@pytest.mark.honours("CreateBatchSegmentJob", "of an item, the users who are most likely to touch it")
def test_users_for_an_item(segmented):
    found = segment(segmented, "item-affinity", [{"itemId": "item-3-3"}, {"itemId": "item-5-1"}], numResults=10)

    assert [one["input"] for one in found] == [{"itemId": "item-3-3"}, {"itemId": "item-5-1"}]
    assert all(len(set(one["output"]["recommendedUsers"])) == 10 for one in found)
    assert found[0]["output"]["recommendedUsers"] != found[1]["output"]["recommendedUsers"]


@pytest.mark.honours("CreateBatchSegmentJob", "of attributes joined by AND, the users who like such items")
def test_users_for_attributes(segmented):
    wanted = ['ITEMS.category = "shelf 3"', 'ITEMS.category = "shelf 3" AND ITEMS.category = "all"']

    found = segment(segmented, "item-attribute-affinity", [{"itemAttributes": text} for text in wanted], numResults=5)

    assert all(len(set(one["output"]["recommendedUsers"])) == 5 for one in found)
    assert all(user.startswith("user-") for user in found[0]["output"]["recommendedUsers"])
