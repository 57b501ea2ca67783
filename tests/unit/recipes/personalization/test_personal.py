"""Items for a user: what counts, what is tried, and what a stranger is shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.datasets.catalogue import Catalogue, CatalogueItem
from model.datasets.interactions import ContextColumn, from_rows
from model.datasets.percentiles import within_percentiles
from model.datasets.training_data import TrainingData
from model.recipes.personalization.blending import choose_weights
from model.recipes.personalization.score_parts import FALLBACK, PARTS
from model.recipes.personalization.user_personalization import UserPersonalization
from model.recipes.personalization.user_scorer import UserScorer
from model.recipes.recipe import Event, Query
from tests.factories.fitted_recipes import data_for, fitted, ids, trained
from tests.factories.shop_stream import START

NAME = "aws-user-personalization-v2"
DAY = 86_400
NOW = START + 7 * DAY


def test_what_lies_in_the_history_is_moved_down_and_scores_of_all_items_sum_to_one():
    recipe = trained(NAME)

    answer = recipe.recommend(Query(history=["item-6-2", "item-6-1"]), 180)

    assert not set(ids(answer)[:3]) & {"item-6-1", "item-6-2"}
    assert {"item-6-1", "item-6-2"} <= set(ids(answer))
    assert sum(entry.score for entry in answer) == pytest.approx(1.0, abs=1e-4)
    scores = [entry.score for entry in answer]
    assert scores == sorted(scores, reverse=True)


def test_a_filter_changes_who_is_shown_but_not_what_their_scores_are():
    recipe, asked = trained(NAME), Query(history=["item-6-2"])
    allowed = np.arange(len(recipe.item_ids)) % 2 == 0

    free = {entry.item_id: entry.score for entry in recipe.recommend(asked, 180)}
    filtered = recipe.recommend(replace(asked, allowed=allowed), 20)

    assert all(entry.score == pytest.approx(free[entry.item_id], rel=1e-5) for entry in filtered)


def test_an_event_changes_the_next_answer_for_all_who_stand_where_it_happened():
    recipe = fitted(NAME)
    asked = Query(history=["item-1-1"])
    before = ids(recipe.recommend(asked, 30))
    assert "item-9-9" not in before[:10]

    for moment in range(60):
        recipe.update(Event("item-9-9", NOW + moment, ["item-1-1"], first=True))

    assert "item-9-9" in ids(recipe.recommend(asked, 3))


def with_new_items(*, old=False):
    created = NOW - 40 * DAY if old else NOW - DAY
    data = data_for(NAME)
    catalogue = data.catalogue
    new = [f"new-{number}" for number in range(8)]
    grown = Catalogue(
        [*catalogue.item_ids, *new],
        [*catalogue.features, *[("CATEGORY=shelf 1",)] * 4, *[("CATEGORY=shelf 7",)] * 4],
        [*catalogue.created, *[created] * 8],
    )
    return fitted(NAME, replace(data, catalogue=grown))


def explored(recipe, **more):
    asked = replace(Query(history=["item-1-1", "item-1-2"], user="p", now=NOW, exploration=1.0), **more)
    return [entry for entry in recipe.recommend(asked, 20) if entry.reason == "Exploration"]


def test_new_items_are_explored_a_little_as_the_weight_says_and_never_at_the_top():
    recipe = with_new_items()

    answer = recipe.recommend(Query(history=["item-1-1"], user="p", now=NOW, exploration=1.0), 20)

    places = [place for place, entry in enumerate(answer) if entry.reason == "Exploration"]
    assert len(places) == 4
    assert min(places) >= 5
    assert [entry.score for entry in answer] == sorted((entry.score for entry in answer), reverse=True)
    assert len(explored(recipe, exploration=0.5)) == 2
    assert explored(recipe, exploration=0.0) == []
    assert explored(recipe) == explored(recipe)


def test_of_new_items_those_of_a_kind_with_the_history_are_tried_more_often():
    recipe = with_new_items()

    tried = [entry.item_id for user in range(60) for entry in explored(recipe, user=f"p{user}", exploration=0.25)]

    near = sum(item in {"new-0", "new-1", "new-2", "new-3"} for item in tried)
    assert near > 0.6 * len(tried)
    assert len(set(tried)) >= 4


def test_old_and_forbidden_items_are_not_explored():
    assert explored(with_new_items(old=True)) == []
    recipe = with_new_items()
    allowed = np.array([item not in {"new-0", "new-1"} for item in recipe.item_ids])

    assert not {"new-0", "new-1"} & set(ids(explored(recipe, allowed=allowed)))


def test_an_item_that_comes_later_is_explored_and_lies_where_its_content_says():
    recipe = fitted(NAME)
    recipe.add_item(CatalogueItem("later", ("CATEGORY=shelf 5",), NOW))

    near, far = Query(history=["item-5-1", "item-5-2"], now=NOW), Query(history=["item-9-1", "item-9-2"], now=NOW)

    assert recipe.score(near)[-1] > recipe.score(far)[-1] + 0.01
    assert "later" in ids(explored(recipe))
    for number in range(40):
        recipe.update(Event("later", NOW, ["item-5-1"], first=True, user=f"u{number}"))
    assert "later" in ids(recipe.recommend(near, 5))
    assert explored(recipe) == []


def test_a_new_user_gets_popular_items_adjusted_by_user_features():
    recipe = trained(NAME)

    plain = recipe.recommend(Query(), 10)
    young = ids(recipe.recommend(Query(user_features=("AGE=45+",)), 10))
    old = ids(recipe.recommend(Query(user_features=("AGE=18-24",)), 10))

    assert {entry.reason for entry in plain} == {"Popular item"}
    # Those of 45 and more have been made to prefer the first four shelves.
    first_shelves = [sum(int(item.split("-")[1]) < 4 for item in shown) for shown in (young, ids(plain), old)]
    assert first_shelves[0] > first_shelves[1] > first_shelves[2]


def test_a_stranger_sees_what_has_become_popular_since_training():
    recipe = fitted(NAME)
    least = ids(recipe.recommend(Query(), 180))[-1]

    for number in range(100):
        recipe.update(Event(least, NOW, [], first=True, user=f"new-{number}"))

    assert least in ids(recipe.recommend(Query(), 3))


def test_context_weighs_as_much_as_it_predicts():
    data = data_for(NAME, users=200)
    codes = np.random.default_rng(4).integers(0, 2, len(data.interactions)).astype(np.int32)
    noise = {"DEVICE": ContextColumn(["desktop", "phone"], codes)}

    assert choose_weights(data)["context"] > 0.0
    assert choose_weights(replace(data, interactions=replace(data.interactions, context=noise)))["context"] == 0.0


def test_circumstances_move_the_list_and_unknown_ones_do_not():
    recipe = trained(NAME)

    def first_shelves(context):
        shown = ids(recipe.recommend(Query(context=context), 20))
        return sum(int(item.split("-")[1]) < 6 for item in shown)

    assert first_shelves({"DEVICE": "phone"}) > 15
    assert first_shelves({"DEVICE": "desktop"}) < 5
    assert first_shelves({"DEVICE": "fridge", "MOOD": "good"}) == first_shelves({})


def objective(sensitivity, **more):
    solution = {"optimizationObjective": {"itemAttribute": "PRICE", "objectiveSensitivity": sensitivity}}
    return fitted(NAME, replace(data_for(NAME), solution=solution, **more))


def test_an_objective_raises_the_mean_of_its_column_the_more_the_more_sensitive_it_is():
    data = data_for(NAME)
    prices = dict(zip(data.catalogue.item_ids, data.catalogue.numbers["PRICE"], strict=True))

    means = []
    for sensitivity in ("OFF", "LOW", "MEDIUM", "HIGH"):
        recipe = objective(sensitivity)
        lists = [ids(recipe.recommend(Query(history=[f"item-{shelf}-3"]), 10)) for shelf in range(12)]
        means.append(np.mean([prices[item] for shown in lists for item in shown]))

    assert means == sorted(means)
    assert means[3] > 1.2 * means[0]
    assert objective("OFF").recommend(Query(history=["item-1-1"]), 20) == trained(NAME).recommend(
        Query(history=["item-1-1"]), 20
    )


def test_an_objective_counts_for_items_that_come_later_and_is_kept_on_disk(tmp_path):
    recipe = objective("HIGH")
    recipe.save(tmp_path)
    loaded = UserPersonalization.load(tmp_path)
    for entry in (recipe, loaded):
        entry.add_item(CatalogueItem("dear", ("CATEGORY=shelf 1",), NOW, {"PRICE": 500.0}))
        entry.add_item(CatalogueItem("cheap", ("CATEGORY=shelf 1",), NOW, {"PRICE": 0.5}))
        dear, cheap = entry.score(Query(history=["item-1-1"]))[-2:]
        assert dear == pytest.approx(4 * cheap, rel=0.01)  # 1 + 0.6 over 1 - 0.6


def test_an_objective_is_a_part_of_the_explanation():
    recipe, asked = objective("HIGH"), Query(history=["item-1-1", "item-1-2"])
    items = [recipe.item_ids[place] for place in (3, 17, 60)]

    explained = recipe.explain_all(asked, items)

    for item, parts in zip(items, explained, strict=True):
        named = {part.name: part.weight for part in parts}
        score = float(recipe.score(asked)[recipe.item_ids.index(item)])
        assert sum(named.values()) == pytest.approx(score, abs=1e-5)
        assert abs(named["objective:PRICE"]) > 0


def test_without_recency_the_order_of_a_history_does_not_matter():
    def scores(recency, *history):
        scorer = UserScorer.fit(data_for(NAME, apply_recency_bias=recency), {})
        return scorer.score(Query(), scorer.positions_of(history))

    forth, back = ("item-1-1", "item-7-1", "item-4-4"), ("item-4-4", "item-7-1", "item-1-1")

    assert np.allclose(scores("false", *forth), scores("false", *back), atol=1e-5)
    assert not np.allclose(scores("true", *forth), scores("true", *back), atol=1e-2)


def test_histories_outside_the_stated_percentiles_are_not_learnt_from():
    robot = [("robot", f"i{number % 7}", number) for number in range(2000)]
    users = [(f"u{number}", f"i{number % 7}", number * 10 + step) for number in range(100) for step in range(3)]
    known = from_rows(robot + users)

    heeded = within_percentiles(known, {"max_user_history_length_percentile": "0.95"})

    assert len(heeded) == len(users)
    assert len(within_percentiles(known, {})) == len(known)
    assert len(within_percentiles(known, {"min_user_history_length_percentile": "1.0"})) == len(robot)


def test_whether_users_come_back_is_learnt_from_the_newest_events():
    back = [(f"u{n}", f"i{n % 40}", 1000 * step + n) for n in range(200) for step in range(6)]
    onward = [(f"u{n}", f"i{(n + step) % 40}", 1000 * step + n) for n in range(200) for step in range(6)]

    again = {"repeats": "true"}
    settled, roaming = (choose_weights(TrainingData(from_rows(rows), parameters=again)) for rows in (back, onward))

    assert settled["kept_latest"] == 1.0
    assert roaming["kept_latest"] < 1.0
    recipe = UserPersonalization.fit(TrainingData(from_rows(back), parameters=again), settled)
    assert ids(recipe.recommend(Query(history=["i7"]), 1)) == ["i7"]


def test_every_part_of_a_score_is_explained_saved_and_learns_from_events(tmp_path):
    weights = {**FALLBACK, **dict.fromkeys(PARTS, 0.2), "kept_latest": 1.0, "kept": 0.5}
    recipe = UserPersonalization.fit(data_for(NAME), weights)
    asked = Query(history=["item-1-1", "item-1-2", "item-1-1"])
    recipe.save(tmp_path)
    loaded = UserPersonalization.load(tmp_path)
    recipe.update(Event("item-9-9", NOW, ["item-1-1"], first=True))

    assert np.array_equal(loaded.score(asked), UserPersonalization.fit(data_for(NAME), weights).score(asked))
    for item in ("item-1-1", "item-9-9", "item-1-5"):
        total = sum(part.weight for part in recipe.explain(asked, item))
        assert total == pytest.approx(float(recipe.score(asked)[recipe.item_ids.index(item)]), abs=1e-5)
