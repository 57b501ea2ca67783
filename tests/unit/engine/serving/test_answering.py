"""Answers of a served recipe: filters, promotions, hidden items, and lists that a filter shortens."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import botocore.session
import msgspec
import numpy as np
import pytest

from model.arrays.top_k import NEVER
from model.engine.filters.table import Table
from model.engine.operations.serving import answers
from model.engine.operations.serving.answers import ActionRecommendations, PredictedAction, Ranking, Recommendations
from model.engine.personalize.errors import ResourceInUseError, ResourceNotFoundError
from model.engine.serving.answering import PredictedItem, Promotion, RecommendationRequest, Restriction, recommend
from model.engine.serving.served import Served
from model.recipes.personalization.user_personalization import UserPersonalization
from model.recipes.recipe import EXPLORATION, POPULAR, Contribution, Query, Recipe, Recommendation
from model.registry.recipes import RECIPES

ITEMS = [f"item-{number}" for number in range(20)]


class Descending(UserPersonalization):
    """Scores items by their place; some it has no score for, whatever they have been to others."""

    def __init__(self, unscored=()):
        self.item_ids = list(ITEMS)
        self.item_of = {item: place for place, item in enumerate(ITEMS)}
        self.unscored = unscored
        self.counts = []

    def score(self, query):
        scores = self.popularity
        scores[list(self.unscored)] = NEVER
        return scores

    @property
    def popularity(self):
        return np.linspace(1, 0, len(self.item_ids), dtype=np.float32)

    def recommend(self, query, count):
        self.counts.append(count)
        found = Recipe.recommend(self, query, count)
        return [Recommendation(item.item_id, 1 / (place + 1)) for place, item in enumerate(found)]

    def explain_all(self, query, item_ids):
        return [[Contribution(f"item:{query.history[0]}", 1.0)] for _ in item_ids]

    def add_item(self, item):
        self.item_ids.append(item.item_id)


class Only:
    """Stands for a compiled filter."""

    target = "ItemID"
    datasets = frozenset({"ITEMS"})
    clauses = ()

    def __init__(self, *numbers):
        self.ids = {f"item-{number}" for number in numbers}

    def allowed(self, group, user, item_id, values):
        table = group.tables["ITEMS"]
        return np.array([row_id in self.ids for row_id in table.ids])


class Users:
    def __init__(self, **items):
        self._items = items

    def items_by_event_type(self, user):
        return {kind: set(items) for kind, items in self._items.items()} if user == "buyer" else {}


def served(name="aws-user-personalization-v2", recipe=None):
    return Served("version", RECIPES[name], recipe or Descending(), "group", 0.0)


def group(**recent):
    table = Table()
    table.intern(["never-requested", *reversed(ITEMS)])  # rows in another order than the recipe's
    return SimpleNamespace(tables={"ITEMS": table}, interactions=Users(**recent))


def asked(count, *, user="", history=("item-0",), restriction=None, promotion=None):
    return RecommendationRequest(Query(history=history, user=user), count, restriction, promotion)


def only(*places) -> Any:
    kept: Any = Only(*places)
    return Restriction(kept, {})


def numbers(answer):
    return [int(item.item_id.rpartition("-")[2]) for item in answer]


def test_a_filter_keeps_the_allowed_items_in_their_order():
    answer = recommend(served(), group(), asked(3, restriction=only(9, 4, 17, 2)))

    assert numbers(answer) == [2, 4, 9]


def test_an_item_added_after_the_training_is_filtered_as_well():
    one, data = served(), group()
    recommend(one, data, asked(3, restriction=only(1)))
    one.recipe.add_item(SimpleNamespace(item_id="item-20"))

    answer = recommend(one, data, asked(5, restriction=only(3, 20)))

    assert numbers(answer) == [3, 20]


def test_bought_items_are_left_out_if_the_use_case_says_so():
    data = group(purchase=["item-0", "item-2"], view=["item-1"])

    hidden = recommend(served("aws-ecomm-recommended-for-you"), data, asked(3, user="buyer"))
    shown = recommend(served(), data, asked(3, user="buyer"))

    assert numbers(hidden) == [1, 3, 4]
    assert numbers(shown) == [0, 1, 2]
    assert {item.score for item in hidden} == {None}


def test_a_list_without_hidden_items_has_the_length_that_was_asked_for():
    recipe = Descending()
    data = group(purchase=["item-0", "item-2", "unknown"])

    recommend(served("aws-ecomm-recommended-for-you", recipe), data, asked(3, user="buyer"))
    recommend(
        served("aws-ecomm-recommended-for-you", recipe), data, asked(4, promotion=Promotion("sale", 50, only(9, 8)))
    )

    # Where a list has new items to explore depends on its length.
    assert recipe.counts == [3, 2, 2]


def test_promoted_items_have_their_share_and_the_others_are_the_top_of_the_rest():
    promotion = Promotion("sale", 40, only(3, 11, 12, 13, 0))

    answer = recommend(served(), group(), asked(5, promotion=promotion))

    promoted = [item for item in answer if item.promotion_name == "sale"]
    assert numbers(promoted) == [0, 3]
    assert all(item.reason == ["Promoted item"] for item in promoted)
    assert numbers(item for item in answer if item.promotion_name is None) == [1, 2, 4]


def test_promoted_items_are_explained_by_the_promotion_and_the_others_by_their_scores():
    request = replace(asked(4, promotion=Promotion("sale", 25, only(9))), explained=True)

    answer = recommend(served(), group(), request)

    whys = {item.item_id: json.loads((item.metadata or {})["EXPLANATION"])[0]["name"] for item in answer}
    assert whys == {"item-9": "promotion:sale", **dict.fromkeys(["item-0", "item-1", "item-2"], "item:item-0")}
    assert all(item.metadata is None for item in recommend(served(), group(), replace(request, explained=False)))


def test_the_filter_of_the_request_does_not_apply_to_promoted_items():
    promotion = Promotion("sale", 50, only(18, 19))

    answer = recommend(served(), group(), asked(4, restriction=only(5, 6, 18), promotion=promotion))

    assert sorted(numbers(item for item in answer if item.promotion_name)) == [18, 19]
    assert numbers(item for item in answer if not item.promotion_name) == [5, 6]


def test_too_few_promoted_items_leave_their_places_to_others():
    promotion = Promotion("sale", 100, only(7))

    answer = recommend(served("aws-similar-items"), group(), asked(4, promotion=promotion))

    assert sorted(numbers(answer)) == [0, 1, 2, 7]
    assert {tuple(item.reason or ()) for item in answer} == {()}


def test_a_short_list_is_filled_with_popular_items_that_the_filter_allows():
    recipe = Descending(unscored=(4, 9, 19))  # and the last has no interactions
    request = asked(5, restriction=only(4, 7, 9, 19))

    second = recommend(served(recipe=recipe), group(), request)
    first = recommend(served("aws-user-personalization", recipe), group(), request)

    assert numbers(second) == [7, 4, 9]
    assert [item.score is None for item in second] == [False, True, True]
    assert [item.reason for item in second] == [None, ["Popular item"], ["Popular item"]]
    assert numbers(first) == [7]
    assert len(recommend(served(recipe=recipe), group(), asked(30))) == 17


@pytest.mark.parametrize(("given", "reason"), [(POPULAR, [POPULAR]), (EXPLORATION, None), (None, None)])
def test_every_recipe_labels_popular_items(given, reason):
    class Saying(Descending):
        def recommend(self, query, count):
            return [Recommendation("item-1", None, given)]

    recipe = Saying()
    for name in ("aws-similar-items", "aws-user-personalization", "aws-ecomm-recommended-for-you"):
        (answer,) = recommend(served(name, recipe), group(), asked(1))
        assert answer.reason == reason
    (second,) = recommend(served(recipe=recipe), group(), asked(1))
    assert second.reason == (given and [given])


def test_a_filter_that_allows_no_item_gives_an_empty_list():
    assert recommend(served(), group(), asked(5, restriction=only())) == []


@pytest.mark.parametrize(
    ("answer", "operation"),
    [
        (Recommendations([PredictedItem("i", 0.5, "p", {"A": "b"}, ["r"])], "RID"), "GetRecommendations"),
        (Ranking([PredictedItem("i", 0.5, "p", {"A": "b"}, ["r"])], "RID"), "GetPersonalizedRanking"),
        (ActionRecommendations([PredictedAction("a", 0.5)], "RID"), "GetActionRecommendations"),
    ],
)
def test_answers_have_the_members_of_the_service_model_and_no_others(answer, operation):
    model: Any = botocore.session.get_session().get_service_model("personalize-runtime").operation_model(operation)
    encoded = msgspec.json.decode(msgspec.json.encode(answer))

    assert set(encoded) == set(model.output_shape.members)
    (name,) = [name for name, shape in model.output_shape.members.items() if shape.type_name == "list"]
    assert set(encoded[name][0]) == set(model.output_shape.members[name].member.members)


def test_missing_members_are_not_sent():
    assert msgspec.json.encode(PredictedItem("i")) == b'{"itemId":"i"}'


def test_a_filter_that_is_not_active_is_not_found(monkeypatch):
    def not_ready(*_):
        raise ResourceInUseError("the filter is CREATE PENDING, not ACTIVE")

    monkeypatch.setattr(answers, "find_filter", not_ready)

    nothing: Any = None

    with pytest.raises(ResourceNotFoundError, match="CREATE PENDING"):
        answers._filter(nothing, nothing, served(), "arn", {})
