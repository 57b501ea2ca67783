"""What recommenders of the two domains answer: what they need, what they hide by themselves, and no scores."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import ids, refusal, send
from tests.contract.engine.shops import DomainShop


class AskedShop(DomainShop):
    """A domain shop with two recommenders."""

    hiding: str  # the event type after which use cases leave an item out
    recommenders: dict[str, str]


@pytest.fixture(scope="module", params=["ECOMMERCE", "VIDEO_ON_DEMAND"])
def shop(request, engine, s3):
    made = AskedShop(engine, s3, request.param, "222222222221")
    made.track()
    recipes = {
        "ECOMMERCE": ("aws-ecomm-recommended-for-you", "aws-ecomm-customers-who-viewed-x-also-viewed", "Purchase"),
        "VIDEO_ON_DEMAND": ("aws-vod-top-picks", "aws-vod-more-like-x", "Watch"),
    }
    for_user, related, made.hiding = recipes[request.param]
    made.recommenders = {
        "for-person": made.recommender(f"for-person-{made.name}", for_user)["recommenderArn"],
        "related": made.recommender(
            f"related-{made.name}", related, recommenderConfig={"enableMetadataWithRecommendations": True}
        )["recommenderArn"],
    }
    return made


def recommend(shop, name, **request):
    return shop.runtime.get_recommendations(recommenderArn=shop.recommenders[name], **request)


@pytest.mark.honours("GetRecommendations", "a recommender's items have no scores, and no reason but Popular item")
@pytest.mark.parametrize("name", ["for-person", "related"])
def test_recommenders_give_neither_scores_nor_reasons_of_their_own(shop, name):
    answer = recommend(shop, name, userId="user-1", itemId="item-2-2")

    assert len(answer["itemList"]) == 25
    assert {*answer["itemList"][0]} == {"itemId"}
    assert {tuple(item.get("reason", ())) for item in answer["itemList"]} <= {(), ("Popular item",)}
    assert not any("score" in item for item in answer["itemList"])


@pytest.mark.honours("GetRecommendations", "use cases leave out purchased or watched items without a filter")
@pytest.mark.parametrize("name", ["for-person", "related"])
def test_what_was_bought_or_watched_is_gone_from_the_next_answer(shop, name):
    user = f"domain-{name}"
    send(shop, user, ["item-2-1"], session=user, kind="View")
    asked = {"userId": user, "itemId": "item-2-1", "numResults": 5}
    first = ids(recommend(shop, name, **asked))[0]

    send(shop, user, [first], session=user, kind=shop.hiding)

    after = ids(recommend(shop, name, **asked))
    assert first not in after
    assert len(after) == 5


@pytest.mark.honours("GetRecommendations", "each use case requires its userId or itemId")
def test_a_use_case_says_what_it_needs(shop):
    call = shop.runtime.get_recommendations

    no_user = refusal(call, recommenderArn=shop.recommenders["for-person"])
    nothing = refusal(call, recommenderArn=shop.recommenders["related"], userId="user-1")

    assert "userId is required" in no_user.message
    assert "itemId is required" in nothing.message
    assert no_user.code == nothing.code == "InvalidInputException"


@pytest.mark.honours("GetRecommendations", "metadata of a recommender that has enabled it")
def test_a_recommender_may_enable_metadata(shop):
    column = {"ECOMMERCE": "CATEGORY_L1", "VIDEO_ON_DEMAND": "GENRES"}[shop.domain]
    asked = {"userId": "user-1", "itemId": "item-2-2", "metadataColumns": {"ITEMS": [column]}}

    (first, *_) = recommend(shop, "related", **asked)["itemList"]
    refused = refusal(shop.runtime.get_recommendations, recommenderArn=shop.recommenders["for-person"], **asked)

    assert first["metadata"] == {column: f"shelf {first['itemId'].split('-')[1]}"}
    assert "is not enabled" in refused.message


@pytest.mark.honours("GetRecommendations", "promotions of recommenders")
def test_recommenders_take_promotions(shop):
    column = {"ECOMMERCE": "CATEGORY_L1", "VIDEO_ON_DEMAND": "GENRES"}[shop.domain]
    made = shop.add_filter(f"promoted-{shop.name}", f'INCLUDE ItemID WHERE Items.{column} IN ("shelf 11")')
    promotion = {"name": "eleven", "percentPromotedItems": 30, "filterArn": made}

    answer = recommend(shop, "for-person", userId="user-1", numResults=10, promotions=[promotion])

    promoted = [item for item in answer["itemList"] if item.get("promotionName") == "eleven"]
    assert len(promoted) == 3
    assert all(item["itemId"].startswith("item-11-") for item in promoted)
