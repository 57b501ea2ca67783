"""Filters and promotions in answers: who is left, who comes in, and what the next event does to both."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import ids, refusal, send
from tests.contract.engine.shops import Shop


@pytest.fixture(scope="module")
def filters(trained_shop):
    """Filters of the trained shop, by name."""
    expressions = {
        "one-shelf": 'INCLUDE ItemID WHERE Items.CATEGORY IN ("shelf 3")',
        "given-shelf": "INCLUDE ItemID WHERE Items.CATEGORY IN ($SHELF)",
        "not-given-shelf": "EXCLUDE ItemID WHERE Items.CATEGORY IN ($SHELF)",
        "not-bought": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")',
        "same-shelf": "INCLUDE ItemID WHERE Items.CATEGORY IN CurrentItem.CATEGORY",
        "users": 'INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("View")',
    }
    made = {name: trained_shop.add_filter(f"answers-{name}", expression) for name, expression in expressions.items()}
    yield made
    for arn in made.values():
        trained_shop.control.delete_filter(filterArn=arn)


def shelves(item_ids):
    # Other tests bring items of their own, on no shelf or on several.
    return {item.split("-")[1] for item in item_ids if item.startswith("item-")}


@pytest.mark.honours("GetRecommendations", "a filter with fixed values")
@pytest.mark.parametrize("campaign", ["for-you", "popular"])
def test_only_items_that_satisfy_the_filter_are_answered(trained_shop, filters, campaign):
    answer = trained_shop.recommend(campaign, userId="user-1", filterArn=filters["one-shelf"], numResults=40)

    assert len(answer["itemList"]) >= 15
    assert shelves(ids(answer)) == {"3"}


@pytest.mark.honours("GetRecommendations", "INCLUDE needs the values of all placeholders, EXCLUDE does not")
def test_a_missing_value_is_refused_for_include_and_passed_over_for_exclude(trained_shop, filters):
    refused = refusal(trained_shop.recommend, "for-you", userId="user-1", filterArn=filters["given-shelf"])
    answer = trained_shop.recommend("for-you", userId="user-1", filterArn=filters["not-given-shelf"], numResults=500)

    assert refused.code == "InvalidInputException"
    assert "SHELF" in refused.message
    assert "5" in shelves(ids(answer))


@pytest.mark.honours("GetRecommendations", "an event changes the next answer of a filter by interactions")
@pytest.mark.differs(
    "GetRecommendations",
    "filters consider all interactions; Amazon's the latest 100 of an event type, and none after three idle months",
)
@pytest.mark.honours("PutEvents", "filters by event type include an event at once and ignore case")
def test_what_was_just_bought_is_gone_from_the_next_answer(trained_shop, filters):
    asked = {"userId": "buyer-1", "filterArn": filters["not-bought"], "numResults": 200}
    send(trained_shop, "buyer-1", ["item-6-1", "item-6-2"])
    before = ids(trained_shop.recommend("for-you", **asked))

    send(trained_shop, "buyer-1", ["item-6-2"], kind="Purchase")

    after = ids(trained_shop.recommend("for-you", **asked))
    assert "item-6-2" in before
    assert "item-6-2" not in after
    assert "item-6-1" in after


@pytest.mark.honours("GetPersonalizedRanking", "a filter removes items from the ranked list")
def test_a_ranked_list_loses_what_the_filter_removes(trained_shop, filters):
    given = ["item-3-1", "item-4-1", "unknown", "item-3-2"]
    shelf = {"SHELF": '"shelf 3"'}

    included = trained_shop.rank("user-1", given, filterArn=filters["one-shelf"])
    excluded = trained_shop.rank("user-1", given, filterArn=filters["not-given-shelf"], filterValues=shelf)

    assert {item["itemId"] for item in included} == {"item-3-1", "item-3-2"}
    assert [item["itemId"] for item in excluded] == ["item-4-1", "unknown"]
    assert sum(item["score"] for item in included) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.honours("GetPersonalizedRanking", "filters by interactions include items without interactions at training")
def test_an_item_that_is_new_to_all_is_filtered_by_what_happened_to_it(trained_shop, filters):
    send(trained_shop, "early-bird", ["just-arrived"], kind="Purchase")

    given = ["just-arrived", "item-1-1", "never-there"]
    answer = trained_shop.rank("early-bird", given, filterArn=filters["not-bought"])

    assert [item["itemId"] for item in answer] == ["item-1-1", "never-there"]


def sale_of_shelf_9(filters, percent):
    shelf = {"filterArn": filters["given-shelf"], "filterValues": {"SHELF": '"shelf 9"'}}
    return [{"name": "sale", "percentPromotedItems": percent, **shelf}]


@pytest.mark.honours("GetRecommendations", "a promotion with its share, its name and its own filter")
def test_a_promotion_has_its_share_of_the_list(trained_shop, filters):
    asked = {"userId": "user-1", "numResults": 10, "filterArn": filters["one-shelf"]}

    answer = trained_shop.recommend("for-you", promotions=sale_of_shelf_9(filters, 40), **asked)

    promoted = [item for item in answer["itemList"] if item.get("promotionName") == "sale"]
    others = [item for item in answer["itemList"] if "promotionName" not in item]
    assert shelves(item["itemId"] for item in promoted) == {"9"}
    assert shelves(item["itemId"] for item in others) == {"3"}
    assert (len(promoted), len(others)) == (4, 6)
    assert {tuple(item["reason"]) for item in promoted} == {("Promoted item",)}
    assert [item["score"] for item in promoted] == sorted((item["score"] for item in promoted), reverse=True)


@pytest.mark.honours("GetRecommendations", "promoted items are at random places")
def test_promoted_items_stand_at_other_places_each_time(trained_shop, filters):
    asked = {"itemId": "item-2-2", "numResults": 10, "promotions": sale_of_shelf_9(filters, 20)}

    def places():
        answer = trained_shop.recommend("similar", **asked)
        return tuple("promotionName" in item for item in answer["itemList"])

    seen = {places() for _ in range(20)}

    assert len(seen) > 1
    assert {sum(pattern) for pattern in seen} == {2}


@pytest.mark.honours("GetRecommendations", "missing members of a promotion or a filter are named")
@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"promotions": [{"name": "sale", "percentPromotedItems": 10}]}, "promotions[0].filterArn is required"),
        ({"promotions": [{"name": "sale", "percentPromotedItems": 101}]}, "must be at most 100"),
        ({"filterValues": {"SHELF": '"a"'}}, "set filterArn as well"),
        pytest.param(
            {"filterArn": "users"},
            "selects by UserID",
            marks=pytest.mark.honours("GetRecommendations", "a filter of users is refused"),
        ),
        ({"filterArn": "same-shelf"}, "CurrentItem"),
        ({"filterArn": "given-shelf", "filterValues": {"SHELF": '"shelf 1"', "OTHER": "1"}}, "OTHER"),
    ],
)
def test_a_filter_or_promotion_that_cannot_be_applied_says_why(trained_shop, filters, request_, message):
    if request_.get("filterArn") in filters:
        request_ = {**request_, "filterArn": filters[request_["filterArn"]]}

    refused = refusal(trained_shop.recommend, "for-you", userId="user-1", **request_)

    assert refused.code == "InvalidInputException"
    assert message in refused.message


@pytest.mark.honours("GetRecommendations", "a filter by interactions needs a userId with every recipe")
def test_a_filter_that_looks_at_a_user_needs_one(trained_shop, filters):
    refused = refusal(trained_shop.recommend, "popular", filterArn=filters["not-bought"])

    assert refused.code == "InvalidInputException"
    assert "userId is required with a filter on interactions" in refused.message
    assert trained_shop.recommend("popular", userId="user-1", filterArn=filters["not-bought"])["itemList"]


@pytest.mark.honours("GetRecommendations", "a filter of another dataset group is refused")
def test_a_filter_of_another_dataset_group_is_refused(trained_shop, filters):
    elsewhere = Shop(trained_shop.engine, trained_shop.s3, trained_shop.account, name="elsewhere")
    other = elsewhere.add_filter("elsewhere", 'EXCLUDE ItemID WHERE Items.CATEGORY IN ("shelf 3")')

    refused = refusal(trained_shop.recommend, "for-you", userId="user-1", filterArn=other)

    assert "another dataset group" in refused.message
