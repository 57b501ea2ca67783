"""Every recipe: better than popularity where there is something to learn, sound where there is not."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from model.engine.solution_metrics import measure, split_users
from model.recipes.interactions import from_rows
from model.recipes.names import RECIPES
from model.recipes.recipe import Catalogue, Event, Query, TrainingData
from tests.factories.shop_stream import shop_rows

LEARNING = ["aws-user-personalization-v2", "aws-personalized-ranking-v2", "aws-similar-items"]
GAIN = "normalized_discounted_cumulative_gain_at_10"


def fitted(name, rows=None, catalogue=None, **parameters):
    data = TrainingData(from_rows(rows or shop_rows()), catalogue or Catalogue(), parameters)
    return RECIPES[name].algorithm.fit(data, {})


@functools.cache
def trained(name):
    """Return a recipe for tests that only ask."""
    return fitted(name)


def ids(answer):
    return [one.item_id for one in answer]


def measured(name):
    train, questions = split_users(from_rows(shop_rows(people=200)))
    algorithm = RECIPES[name].algorithm
    data = TrainingData(train)
    return measure(algorithm.fit(data, algorithm.tune(data)), questions, len(train.item_ids))[GAIN]


@pytest.fixture(scope="module")
def popularity():
    return measured("aws-popularity-count")


@pytest.mark.parametrize("name", LEARNING)
def test_a_learning_recipe_beats_popularity_on_people_it_has_not_seen(name, popularity):
    assert measured(name) > 1.5 * popularity


@pytest.mark.parametrize("name", RECIPES)
def test_a_saved_recipe_answers_as_before(name, tmp_path):
    recipe = trained(name)
    recipe.save(tmp_path)

    loaded = RECIPES[name].algorithm.load(tmp_path)

    query = Query(history=["item-1-1", "item-1-2"], item_id="item-1-2", person="p", exploration=0.3)
    assert loaded.recommend(query, 30) == recipe.recommend(query, 30)


@pytest.mark.parametrize("name", RECIPES)
def test_the_same_data_give_the_same_answers(name):
    query = Query(history=["item-2-1"], item_id="item-2-1", person="p", exploration=0.3)

    assert fitted(name).recommend(query, 30) == trained(name).recommend(query, 30)


@pytest.mark.parametrize("name", RECIPES)
def test_no_item_is_recommended_twice_and_unknown_history_does_no_harm(name):
    answer = ids(trained(name).recommend(Query(history=["never-seen"], item_id="never-seen"), 500))

    assert len(answer) == len(set(answer)) == 180


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize(
    "rows",
    [
        [("u", "i", 5)],
        [("u", f"i{n}", 5) for n in range(40)],
        [(f"u{n}", "i", 5) for n in range(40)],
        [(f"u{n % 3}", f"i{n % 4}", 0) for n in range(60)],
    ],
    ids=["one event", "one user", "one item", "all times equal"],
)
def test_degenerate_data_are_learnt_from_without_a_crash(name, rows):
    recipe = fitted(name, rows)

    answer = recipe.recommend(Query(history=[rows[0][1]], item_id="elsewhere"), 5)

    assert all(np.isfinite(one.score) for one in answer if one.score is not None)


@pytest.mark.parametrize("name", RECIPES)
def test_an_event_on_an_item_unknown_at_training_is_passed_over(name):
    recipe = fitted(name)
    query = Query(history=["item-1-1"], item_id="item-1-1")
    before = recipe.recommend(query, 20)

    recipe.update(Event("brand-new", 1_760_000_000, ["item-1-1"], first=True))

    assert recipe.recommend(query, 20) == before


def test_popularity_counts_each_person_once():
    rows = [("a", "often", n) for n in range(9)] + [("a", "wide", 20), ("b", "wide", 21), ("c", "rare", 22)]

    recipe = fitted("aws-popularity-count", rows)

    assert ids(recipe.recommend(Query(), 1)) == ["wide"]
    for _ in range(2):
        recipe.update(Event("rare", 30, [], first=True))
    recipe.update(Event("often", 31, ["often"], first=False))
    assert ids(recipe.recommend(Query(), 3)) == ["rare", "wide", "often"]


def test_trending_prefers_what_rises_over_what_is_always_much():
    hour = 3600
    steady = [(f"u{n}", "steady", n * hour // 4) for n in range(400)]
    rising = [(f"v{n}", "rising", 99 * hour + n * 60) for n in range(40)]

    recipe = fitted("aws-trending-now", steady + rising)

    assert ids(recipe.recommend(Query(), 2)) == ["rising", "steady"]
    assert ids(recipe.recommend(Query(now=1000 * hour), 2)) == ["steady", "rising"]


def test_similar_items_learn_from_live_events_and_keep_direction():
    recipe = fitted("aws-similar-items")
    assert "item-9-9" not in ids(recipe.recommend(Query(item_id="item-1-1"), 3))

    for moment in range(30):
        recipe.update(Event("item-9-9", moment, ["item-1-1"], first=True))

    assert ids(recipe.recommend(Query(item_id="item-1-1"), 1)) == ["item-9-9"]


def test_a_cold_item_is_like_those_that_share_its_features():
    items = [f"item-{shelf}-{place}" for shelf in range(12) for place in range(15)]
    features = [(f"CATEGORY={item.split('-')[1]}",) for item in items]
    catalogue = Catalogue([*items, "cold"], [*features, ("CATEGORY=4",)], [0] * 181)

    recipe = fitted("aws-similar-items", catalogue=catalogue)

    assert all(item.startswith("item-4-") for item in ids(recipe.recommend(Query(item_id="cold"), 10)))


def test_what_lies_in_the_history_is_moved_down_and_scores_still_sum_to_one():
    recipe = trained("aws-user-personalization-v2")

    answer = recipe.recommend(Query(history=["item-6-2", "item-6-1"]), 180)

    assert not set(ids(answer)[:3]) & {"item-6-1", "item-6-2"}
    assert {"item-6-1", "item-6-2"} <= set(ids(answer))
    assert sum(one.score for one in answer) == pytest.approx(1.0, abs=1e-4)
    scores = [one.score for one in answer]
    assert scores == sorted(scores, reverse=True)


def test_new_items_are_explored_a_little_and_old_or_unwanted_ones_never():
    now = 1_760_600_000
    old = now - 40 * 86_400
    catalogue = Catalogue(["young", "old"], [("CATEGORY=1",), ("CATEGORY=1",)], [now - 86_400, old])
    recipe = fitted("aws-user-personalization-v2", catalogue=catalogue)

    def explored(weight):
        query = Query(history=["item-1-1"], person="p", now=now, exploration=weight)
        return [one for one in recipe.recommend(query, 25) if one.reason == "Exploration"]

    assert ids(explored(1.0)) == ["young"]
    assert explored(0.0) == []


def test_a_list_is_ranked_whole_and_once():
    recipe = trained("aws-personalized-ranking-v2")
    given = ["item-3-4", "none", "item-0-0", "item-3-4", "item-3-3"]

    ranked = recipe.rank(Query(history=["item-3-3", "item-3-2"]), given)

    assert sorted(ids(ranked)) == sorted(set(given))
    assert ids(ranked)[-1] == "none"
    assert ranked[-1].score is None
    assert recipe.rank(Query(), ["none"])[0].item_id == "none"
