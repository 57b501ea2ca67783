"""What comes with answers beside ids: columns of the items, the circumstances of the question, and their limits."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import ids, refusal, refused_status, send
from tests.contract.engine.shops import Shop


@pytest.fixture(scope="module")
def stocked_shop(engine, s3):
    """A shop whose items may change."""
    shop = Shop(engine, s3, account="824000000002")
    shop.fill()
    shop.deploy("for-you", "aws-user-personalization-v2")
    shop.track()
    return shop


def refused(shop, campaign="for-you", **request):
    refused = refusal(shop.recommend, campaign, **request)
    assert refused.code == "InvalidInputException"
    return refused.message


@pytest.mark.honours("GetRecommendations", "metadata columns; recipes of version 2 need no setting")
def test_items_come_with_the_columns_that_are_asked_for(trained_shop):
    columns = {"ITEMS": ["CATEGORY", "PRICE", "ITEM_ID"]}
    answer = trained_shop.recommend("for-you", userId="user-1", metadataColumns=columns)

    first = next(item for item in answer["itemList"] if item["itemId"].startswith("item-"))
    shelf = first["itemId"].split("-")[1]
    assert first["metadata"] == {"CATEGORY": f"shelf {shelf}|all", "PRICE": "9.5", "ITEM_ID": first["itemId"]}


@pytest.mark.honours("GetPersonalizedRanking", "metadata columns; an item without data has none")
def test_ranked_items_come_with_columns_as_well(trained_shop):
    first, last = trained_shop.rank("user-1", ["item-1-1", "unknown"], metadataColumns={"ITEMS": ["CATEGORY"]})

    assert first["metadata"] == {"CATEGORY": "shelf 1|all"}
    assert last.get("metadata", {}) == {}


@pytest.mark.honours("GetRecommendations", "metadata is refused where the campaign has not enabled it")
def test_metadata_has_to_be_enabled(trained_shop):
    message = refused(trained_shop, "popular", metadataColumns={"ITEMS": ["CATEGORY"]})

    assert "metadata in recommendations is not enabled" in message


@pytest.mark.honours("GetRecommendations", "metadata of a campaign that has enabled it")
def test_a_campaign_may_enable_metadata(trained_shop):
    control = trained_shop.control
    popular = control.describe_campaign(campaignArn=trained_shop.campaigns["popular"])["campaign"]
    config = {"enableMetadataWithRecommendations": True}
    arn = trained_shop.add_campaign("with-metadata", popular["solutionVersionArn"], campaignConfig=config)

    answer = trained_shop.runtime.get_recommendations(
        campaignArn=arn, metadataColumns={"ITEMS": ["DESCRIPTION"]}, numResults=1
    )

    assert 'A "good" thing' in answer["itemList"][0]["metadata"]["DESCRIPTION"]
    control.delete_campaign(campaignArn=arn)


@pytest.mark.honours("GetRecommendations", "at most 50 items and 10 columns with metadata")
@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"numResults": 51, "metadataColumns": {"ITEMS": ["PRICE"]}}, "at most 50 with metadata, not 51"),
        ({"metadataColumns": {"ITEMS": ["PRICE"] * 11}}, "has 11 members; it may have 10"),
        ({"metadataColumns": {"ITEMS": ["COLOUR"]}}, "no column COLOUR; they have ITEM_ID, CATEGORY"),
        ({"metadataColumns": {"USERS": ["AGE"]}}, "has the key ITEMS and no other, not USERS"),
    ],
)
def test_metadata_has_limits(trained_shop, request_, message):
    assert message in refused(trained_shop, userId="user-1", **request_)


@pytest.mark.honours("GetPersonalizedRanking", "at most 500 items, and 50 with metadata")
def test_a_list_to_rank_with_metadata_is_short(trained_shop):
    many = [f"item-{number}" for number in range(51)]

    refused = refusal(trained_shop.rank, "user-1", many, metadataColumns={"ITEMS": ["PRICE"]})

    assert "inputList has 51 members; it may have 1 to 50 with metadata" in refused.message
    assert len(trained_shop.rank("user-1", many)) == 51


@pytest.mark.honours("GetRecommendations", "context keys are columns of the interactions")
@pytest.mark.differs("GetRecommendations", "a context key that is not a column is refused, to reveal typing errors")
def test_context_has_the_columns_of_the_interactions_as_keys(trained_shop):
    assert "DEVICE, which is no metadata column" in refused(trained_shop, userId="user-1", context={"DEVICE": "phone"})
    # Recipes that know of no circumstances pass them over.
    assert trained_shop.recommend("similar", itemId="item-1-1", context={"DEVICE": "phone"})["itemList"]


@pytest.mark.honours("PutItems", "a new item's columns are in the next answer")
def test_a_changed_item_shows_in_the_next_answer(stocked_shop):
    asked = {"userId": "user-1", "metadataColumns": {"ITEMS": ["PRICE"]}, "numResults": 1}
    first = ids(stocked_shop.recommend("for-you", **asked))[0]

    stocked_shop.put_item(first, category=f"shelf {first.split('-')[1]}|all", price=123.25)

    again = stocked_shop.recommend("for-you", **asked)["itemList"][0]
    assert again == {**again, "itemId": first, "metadata": {"PRICE": "123.25"}}


@pytest.mark.honours("PutItems", "a new item is recommended, filtered and explored from the next answer on")
def test_a_new_item_is_in_the_next_answer(stocked_shop):
    arn = stocked_shop.add_filter("brand-new", 'INCLUDE ItemID WHERE Items.CATEGORY IN ("brand new")')
    send(stocked_shop, "curious", ["item-8-1"])
    asked = {"userId": "curious", "filterArn": arn}
    before = ids(stocked_shop.recommend("for-you", **asked))

    stocked_shop.put_item("novelty", category="brand new|shelf 8|all")

    after = ids(stocked_shop.recommend("for-you", **asked))
    assert (before, after) == ([], ["novelty"])


@pytest.mark.honours("GetRecommendations", "either a campaign or a recommender")
def test_either_a_campaign_or_a_recommender_is_asked(trained_shop):
    runtime, campaign = trained_shop.runtime, trained_shop.campaigns["for-you"]
    recommender = campaign.replace(":campaign/", ":recommender/")

    neither = refusal(runtime.get_recommendations, userId="user-1")
    both = refusal(runtime.get_recommendations, userId="user-1", campaignArn=campaign, recommenderArn=recommender)
    missing = refusal(runtime.get_recommendations, userId="user-1", recommenderArn=recommender)

    assert neither.code == both.code == "InvalidInputException"
    assert missing.code == "ResourceNotFoundException"
    assert refused_status(runtime.get_recommendations, userId="user-1", recommenderArn=recommender) == 404
