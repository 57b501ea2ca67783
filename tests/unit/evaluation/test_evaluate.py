"""Evaluating: recipes and batch scorers under both protocols, and the content of a result."""

from __future__ import annotations

import numpy as np
import pytest

from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.evaluation.evaluate import evaluate, seen_share
from model.evaluation.lists import full_lists, query_of
from model.evaluation.splits import EvaluationQuestion, Split, by_time, given_test_set, leave_last_out
from model.recipes.personalization.user_personalization import UserPersonalization
from model.recipes.popularity.popularity import Popularity
from model.registry.recipes import RECIPES
from tests.factories.training_data import shop_data, shop_items

ROWS = [(f"user-{n}", item, place) for n in range(6) for place, item in enumerate("abcdef"[: n + 1])]


class Fixed:
    """Scores all items the same way for everybody."""

    def __init__(self, *scores):
        self.asked = []
        self._scores = np.array(scores, np.float32)

    def scores(self, users):
        self.asked += users.tolist()
        return np.tile(self._scores, (users.size, 1))


def popular(split):
    return Popularity.fit(TrainingData(split.train), {})


def test_a_recipe_is_judged_by_what_it_recommends_of_all_items():
    train = from_rows(ROWS)  # a, b, c, d, e and f have 6, 5, 4, 3, 2 and 1 users
    split = given_test_set(train, {"user-0": ["b"], "user-1": ["d", "f"], "user-5": ["a"]})

    result = evaluate(popular(split), split, cuts=(1, 2))

    assert result.users == ["user-0", "user-1"]  # user-5 has seen what they wanted
    assert result.per_question["recall@1"].tolist() == [1.0, 0.0]  # after a, b is first; after a and b, c
    assert result.per_question["recall@2"].tolist() == [1.0, 0.5]
    assert result.mean("mrr@2") == 0.75


def test_where_users_come_back_what_they_have_seen_counts():
    split = given_test_set(from_rows(ROWS), {"user-5": ["a"], "user-0": ["b"]})

    result = evaluate(popular(split), split, cuts=(1,), hide_seen=False)

    assert result.per_question["hr@1"].tolist() == [1.0, 0.0]


def test_a_batch_scorer_is_asked_by_the_numbers_it_was_trained_with_and_gets_the_same_figures_as_a_recipe():
    split = given_test_set(from_rows(ROWS), {"user-1": ["d", "f"], "user-3": ["e"], "user-2": ["f"]})
    scorer = Fixed(6, 5, 4, 3, 2, 1)

    batched = evaluate(scorer, split, cuts=(1, 2, 5))
    single = evaluate(popular(split), split, cuts=(1, 2, 5))

    assert scorer.asked == [1, 3, 2]
    assert batched.fingerprint == single.fingerprint
    for name, values in single.per_question.items():
        assert batched.per_question[name].tolist() == values.tolist()
    assert batched.beyond == single.beyond


def test_a_batch_scorer_cannot_be_asked_about_users_whom_it_does_not_know():
    split = given_test_set(from_rows(ROWS), {"stranger": ["a"]})

    with pytest.raises(ValueError, match="stranger is not a user of the training data"):
        evaluate(Fixed(1, 2, 3, 4, 5, 6), split)


def test_an_item_that_no_model_can_know_counts_as_missed():
    split = given_test_set(from_rows(ROWS), {"user-0": ["b", "never seen"]})

    result = evaluate(popular(split), split, cuts=(5,))

    assert result.mean("recall@5") == 0.5


def test_sampled_ranking_puts_the_wanted_item_among_ninety_nine_that_are_new_to_the_user():
    rows = [("anna", "seen", 1), *((f"user-{n}", f"item-{n}", 1) for n in range(300))]
    train = from_rows(rows)
    split = given_test_set(train, {"anna": ["item-7"]})
    scores = np.ones(301, np.float32)
    scores[train.item_ids.index("seen")] = 9.0

    tied = evaluate(Fixed(*scores), split, cuts=(99, 100), protocol="sampled")
    scores[train.item_ids.index("item-7")] = 2.0
    first = evaluate(Fixed(*scores), split, cuts=(1,), protocol="sampled")

    assert tied.mean("hr@99") == 0.0  # of equal scores the wanted one comes last, so ties earn nothing
    assert tied.mean("hr@100") == 1.0
    assert first.mean("hr@1") == 1.0  # what the user has seen is no candidate
    assert first.beyond == {}
    assert first.fingerprint != evaluate(Fixed(*scores), split, cuts=(1,)).fingerprint


def test_sampled_ranking_of_few_items_takes_all_of_them():
    split = given_test_set(from_rows(ROWS), {"user-1": ["f"]})

    result = evaluate(Fixed(6, 5, 4, 3, 2, 1), split, cuts=(3, 4), protocol="sampled")

    assert (result.mean("hr@3"), result.mean("hr@4")) == (0.0, 1.0)


def test_the_default_recipe_beats_popularity_on_the_shop_beyond_what_chance_explains():
    data = shop_data()
    split = by_time(data.interactions)
    learnt = TrainingData(split.train, data.catalogue, {}, data.users)

    personal = evaluate(UserPersonalization.fit(learnt, {}), split, catalogue=data.catalogue)
    same = evaluate(Popularity.fit(learnt, {}), split, catalogue=data.catalogue)

    assert personal.intervals()["ndcg@10"].low > same.intervals()["ndcg@10"].high
    assert personal.beyond["coverage@10"] > same.beyond["coverage@10"]
    assert personal.latency_ms["p50"] <= personal.latency_ms["p99"]


@pytest.mark.parametrize("name", sorted(name for name, one in RECIPES.items() if one.kind == "RELATED_ITEMS")[:3])
def test_recipes_of_similar_items_are_asked_for_what_is_like_the_newest_item(name):
    data = shop_data(event_type="View")
    split = leave_last_out(data.interactions)
    learnt = TrainingData(split.train, shop_items(), {}, data.users)

    result = evaluate(RECIPES[name].recommender.fit(learnt, {}), split.sample(60))

    assert result.mean("hr@10") > 0.1


def test_nothing_to_ask_is_refused_with_the_reason():
    split = given_test_set(from_rows(ROWS), {"user-5": ["a"]})

    with pytest.raises(ValueError, match="none of 1 questions wants an item"):
        evaluate(popular(split), split)


def test_a_short_list_holds_nothing_in_its_last_places():
    train = from_rows([("anna", "a", 1), ("bert", "b", 1)])
    split = Split(train, [EvaluationQuestion("anna", ["a"], ("b",))])

    lists = full_lists(popular(split), split, 4, hide_seen=True)

    assert lists.places.tolist() == [[1, -1, -1, -1]]
    assert evaluate(popular(split), split, cuts=(4,)).mean("precision@4") == 0.25


def test_an_empty_place_is_no_hit_of_the_question_before():
    train = from_rows([("anna", "a", 1), ("bert", "b", 1), ("carl", "c", 1)])
    split = Split(
        train, [EvaluationQuestion("anna", ["a", "b"], ("c",)), EvaluationQuestion("bert", ["a", "b", "c"], ("new",))]
    )

    result = evaluate(popular(split), split, cuts=(2,))

    assert result.per_question["hr@2"].tolist() == [1.0, 0.0]


def test_the_share_of_seen_items_is_that_of_the_places_of_lists():
    split = given_test_set(from_rows(ROWS), {"user-1": ["d"], "user-0": ["b"]})

    lists = full_lists(popular(split), split, 4, hide_seen=False)

    assert seen_share(lists, split, 4) == 3 / 8  # a for both, and b for user-1
    assert seen_share(full_lists(popular(split), split, 4, hide_seen=True), split, 4) == 0


def test_a_query_says_all_that_a_question_knows():
    asked = EvaluationQuestion("anna", ["b", "a"], ("c",), 77, ("AGE=45+",), {"DEVICE": "phone"})

    query = query_of(asked)

    assert (query.user, list(query.history), query.item_id, query.now) == ("anna", ["b", "a"], "b", 77)
    assert (query.user_features, query.context) == (("AGE=45+",), {"DEVICE": "phone"})
    assert query_of(EvaluationQuestion("bert", [], ("c",))).item_id is None
