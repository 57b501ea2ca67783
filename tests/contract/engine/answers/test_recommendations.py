"""Recommendations over the wire: what is asked for, what is answered, and what the next event changes."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import ids, refusal, refused_status, send


@pytest.mark.honours("GetRecommendations", "scores decrease and sum to one over the catalogue")
@pytest.mark.honours("GetRecommendations", "a recommendationId that PutEvents accepts")
def test_scores_fall_and_sum_to_at_most_one_over_the_catalogue(trained_shop):
    answer = trained_shop.recommend("for-you", userId="user-1", numResults=500)

    scores = [item["score"] for item in answer["itemList"]]
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(1.0, abs=1e-3)
    assert len(answer["recommendationId"]) <= 40


@pytest.mark.honours("GetRecommendations", "25 items by default")
@pytest.mark.honours("GetRecommendations", "popular items have no scores")
def test_twenty_five_items_are_answered_where_no_number_is_given(trained_shop):
    answer = trained_shop.recommend("popular")

    assert len(answer["itemList"]) == 25
    assert all("score" not in item for item in answer["itemList"])


@pytest.mark.honours("PutEvents", "an event changes its user's next answer")
@pytest.mark.honours("GetRecommendations", "the user's latest events determine the answer")
def test_an_event_changes_the_next_answer(trained_shop):
    before = ids(trained_shop.recommend("for-you", userId="newcomer", numResults=10))
    send(trained_shop, "newcomer", ["item-3-4"])
    after = ids(trained_shop.recommend("for-you", userId="newcomer", numResults=10))

    assert before != after
    assert sum(item.startswith("item-3-") for item in after[:5]) >= 4
    assert after[0] == "item-3-5"


@pytest.mark.differs(
    "GetRecommendations",
    "items that a user has interacted with, however long ago, follow all others",
)
def test_items_that_a_user_has_seen_are_last(trained_shop):
    shelves = [[f"item-{shelf}-{place}" for place in range(15)] for shelf in range(8)]
    for shelf in shelves:
        send(trained_shop, "reader", shelf)
    seen = {item for shelf in shelves for item in shelf}

    answer = ids(trained_shop.recommend("for-you", userId="reader", numResults=500))

    assert set(answer[-len(seen) :]) == seen


@pytest.mark.differs(
    "GetRecommendations", "the key REPEATS of the context is true or false: whether seen items rank as others"
)
def test_a_request_may_ask_for_repeats(trained_shop):
    send(trained_shop, "returning", [f"item-6-{place}" for place in range(12)])

    def answer(**context):
        return ids(trained_shop.recommend("for-you", userId="returning", numResults=500, context=context))

    assert answer(REPEATS="false") == answer()
    assert answer(REPEATS="TRUE") != answer()
    refused = refusal(trained_shop.recommend, "for-you", userId="returning", context={"REPEATS": "often"})
    assert (refused.code, refused.message) == (
        "InvalidInputException",
        "the context REPEATS must be true or false, not often",
    )


@pytest.mark.differs(
    "CreateSolution",
    "with the tag rivulet:repeats true, lists rank seen items as others and metrics count them, after a training",
)
def test_a_solution_may_ask_for_repeats(trained_shop):
    tags = [{"tagKey": "rivulet:repeats", "tagValue": "true"}]
    version = trained_shop.train("again", "rivulet-graph-filter", tags=tags)["solutionVersionArn"]
    trained_shop.campaigns["again"] = trained_shop.add_campaign("again", version)
    seen = [f"item-6-{place}" for place in range(12)]
    send(trained_shop, "often-back", seen)

    again = ids(trained_shop.recommend("again", userId="often-back", numResults=150))
    new = ids(trained_shop.recommend("again", userId="often-back", numResults=150, context={"REPEATS": "false"}))

    assert set(again) & set(seen)
    assert not set(new) & set(seen)
    metrics = trained_shop.control.get_solution_metrics(solutionVersionArn=version)["metrics"]
    assert metrics["repeats_count"] == 1.0


@pytest.mark.honours("GetRecommendations", "a user without history gets popular items with the reason Popular item")
def test_an_unknown_user_gets_items_labelled_popular(trained_shop):
    answer = trained_shop.recommend("for-you", userId="unknown", numResults=5)
    popular = trained_shop.recommend("popular", numResults=6)

    assert set(ids(answer)) - {id_ for id_ in ids(answer) if id_.startswith("new-")} <= set(ids(popular))
    assert answer["itemList"][0]["reason"] == ["Popular item"]


@pytest.mark.honours("PutEvents", "a session's events before the log-in become the user's after an event with both")
@pytest.mark.differs("GetRecommendations", "a session id is accepted as userId before the log-in, and not after it")
def test_a_session_is_known_before_and_after_its_user_logs_in(trained_shop):
    send(trained_shop, None, ["item-7-2"], session="anonymous-1")
    anonymous = ids(trained_shop.recommend("for-you", userId="anonymous-1", numResults=5))
    send(trained_shop, "logged-in", ["item-8-2"], session="anonymous-1")
    known = ids(trained_shop.recommend("for-you", userId="logged-in", numResults=15))

    assert "item-7-3" in anonymous[:2]
    assert any(item.startswith("item-7-") for item in known)
    assert any(item.startswith("item-8-") for item in known)
    after = trained_shop.recommend("for-you", userId="anonymous-1", numResults=5)["itemList"]
    # Whether a list of five has a place for exploration depends on the user and the day.
    assert all(item["reason"] in (["Popular item"], ["Exploration"]) for item in after)


@pytest.mark.honours("GetRecommendations", "items similar to an item, without the item itself")
def test_similar_items_come_from_the_same_shelf_and_never_hold_the_item(trained_shop):
    answer = trained_shop.recommend("similar", itemId="item-2-2", numResults=10)

    assert "item-2-2" not in ids(answer)
    assert all(item.startswith("item-2-") for item in ids(answer)[:4])


@pytest.mark.differs(
    "GetRecommendations", "every recipe labels items that are ranked by popularity only as Popular item"
)
@pytest.mark.differs("GetPersonalizedRanking", "items ranked by popularity have the reason Popular item")
def test_no_popular_items_are_shown_unsaid(trained_shop):
    unknown = trained_shop.recommend("similar", itemId="never-seen", numResults=10)["itemList"]
    known = trained_shop.recommend("similar", itemId="item-2-2", numResults=3)["itemList"]
    ranked = trained_shop.rank("a-stranger", ["item-1-1", "item-2-2"])

    assert [item["reason"] for item in unknown + ranked] == [["Popular item"]] * 12
    assert not any("reason" in item for item in known)


@pytest.mark.honours("GetRecommendations", "an unknown itemId is answered with popular items")
def test_an_unknown_item_is_answered_with_popular_ones(trained_shop):
    similar = trained_shop.recommend("similar", itemId="never-seen", numResults=5)
    popular = trained_shop.recommend("popular", numResults=5)

    assert ids(similar) == ids(popular)


@pytest.mark.honours("GetPersonalizedRanking", "the list is ranked for the user; its scores sum to one")
@pytest.mark.honours("GetPersonalizedRanking", "unknown items are last and have no score")
def test_a_list_is_ranked_and_unknown_items_come_last_without_score(trained_shop):
    send(trained_shop, "ranker", ["item-4-1"])
    ranked = trained_shop.rank("ranker", ["unknown-1", "item-9-1", "item-4-2", "item-10-3", "unknown-2"])

    assert ranked[0]["itemId"] == "item-4-2"
    assert [item["itemId"] for item in ranked[3:]] == ["unknown-1", "unknown-2"]
    assert all("score" not in item for item in ranked[3:])
    assert sum(item["score"] for item in ranked[:3]) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.honours(
    "GetRecommendations",
    "missing userId or itemId, more than 500 results and a ranking campaign are InvalidInputException",
)
@pytest.mark.parametrize(
    ("campaign", "request_", "message"),
    [
        ("for-you", {}, "userId is required"),
        ("similar", {"userId": "u"}, "itemId is required"),
        ("for-you", {"userId": "u", "numResults": 501}, "numResults must be at most 500, not 501"),
        ("ranking", {"userId": "u"}, "needs GetPersonalizedRanking"),
        ("for-you", {"userId": "u" * 257}, "userId has 257 characters; it may have 0 to 256"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(trained_shop, campaign, request_, message):
    refused = refusal(trained_shop.recommend, campaign, **request_)

    assert refused.code == "InvalidInputException"
    assert message in refused.message
    assert refused_status(trained_shop.recommend, campaign, **request_) == 400


@pytest.mark.honours("GetRecommendations", "an unknown campaign or filter is ResourceNotFoundException with status 404")
def test_there_is_no_answer_from_a_campaign_or_filter_that_does_not_exist(trained_shop):
    arn = trained_shop.campaigns["for-you"]
    missing = refusal(trained_shop.runtime.get_recommendations, campaignArn=arn + "-x", userId="u")
    unfiltered = refusal(trained_shop.recommend, "for-you", userId="u", filterArn=arn.replace("campaign", "filter"))

    assert missing.code == unfiltered.code == "ResourceNotFoundException"
    assert refused_status(trained_shop.runtime.get_recommendations, campaignArn=arn + "-x", userId="u") == 404
