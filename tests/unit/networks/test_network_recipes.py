"""Recipes of networks: what they answer without what trained them."""

from __future__ import annotations

import numpy as np
import pytest

from model.datasets.catalogue import CatalogueItem
from model.recipes.recipe import POPULAR, Event, Query
from tests.factories.networks import ITEMS, lightgcn_recipe, neumf_recipe

BOTH = pytest.mark.parametrize("make", [lightgcn_recipe, neumf_recipe])
SHELF = ("item-1", "item-4")  # of the second shelf: item-7 and item-10 stand there, too


def test_the_next_event_changes_the_next_answer():
    recipe = lightgcn_recipe()

    before = recipe.recommend(Query(history=SHELF), 2)
    after = recipe.recommend(Query(history=["item-2", "item-5", "item-8", "item-2", *SHELF]), 1)

    assert {entry.item_id for entry in before} == {"item-7", "item-10"}
    assert [entry.item_id for entry in after] == ["item-11"]


def test_of_two_items_the_newer_one_counts_more():
    recipe = lightgcn_recipe()

    scores = recipe.score(Query(history=["item-1", "item-2"]))

    assert scores[4] > scores[5] > scores[3]


@BOTH
def test_items_of_the_history_do_not_come_first(make):
    recipe = make()
    unlowered = recipe.recommend(Query(history=["item-3"]), ITEMS)[0].item_id

    again = recipe.recommend(Query(history=[unlowered]), ITEMS)

    assert again[0].item_id != unlowered


@BOTH
def test_shares_sum_to_one_and_fall_along_the_list(make):
    answer = make().recommend(Query(history=SHELF), ITEMS + 1)
    shares = [entry.score for entry in answer]

    assert sum(shares) == pytest.approx(1, abs=1e-5)
    assert shares == sorted(shares, reverse=True)
    assert all(entry.reason is None for entry in answer)


@BOTH
@pytest.mark.parametrize("history", [(), ("unknown",)])
def test_a_new_user_gets_popular_items_with_their_reason(make, history):
    recipe = make()
    for number in range(3):
        recipe.update(Event("item-6", 200 + number, [], first=True))

    answer = recipe.recommend(Query(history=history), 3)

    assert answer[0].item_id == "item-6"
    assert {entry.reason for entry in answer} == {POPULAR}


@BOTH
@pytest.mark.parametrize("history", [(), SHELF, ("item-9",), ("item-9", "item-9", "unknown", "item-2")])
def test_an_explanation_sums_to_the_score_and_names_the_history(make, history):
    recipe = make()
    query = Query(history=history)
    scores = recipe.score(query)

    for place, item in enumerate(recipe.item_ids):
        parts = recipe.explain(query, item)
        assert sum(part.weight for part in parts) == pytest.approx(float(scores[place]), abs=1e-4)
        assert {part.name for part in parts} <= {
            *(f"item:{entry}" for entry in history),
            "network",
            "seen",
            "popularity",
        }
        sizes = [abs(part.weight) for part in parts]
        assert sizes == sorted(sizes, reverse=True)


@BOTH
def test_a_saved_recipe_answers_as_before(make, tmp_path):
    recipe = make()
    recipe.save(tmp_path)

    loaded = type(recipe).load(tmp_path)

    assert loaded.recommend(Query(history=SHELF), 20) == recipe.recommend(Query(history=SHELF), 20)
    assert loaded.report == recipe.report


@BOTH
def test_a_new_item_stands_where_its_content_says(make):
    recipe = make()

    recipe.add_item(CatalogueItem("new", ("SHELF=1",)))
    recipe.add_item(CatalogueItem("new", ("SHELF=2",)))

    assert recipe.item_ids[-2:] == ["item-12", "new"]
    assert recipe.score(Query(history=["new"])).shape == (ITEMS + 2,)
    only = np.zeros(ITEMS + 2, bool)
    only[-1] = True
    assert [entry.item_id for entry in recipe.recommend(Query(history=SHELF, allowed=only), 5)] == ["new"]


def test_a_new_item_is_found_beside_those_that_are_like_it():
    recipe = lightgcn_recipe()

    recipe.add_item(CatalogueItem("like", ("SHELF=1",)))
    recipe.add_item(CatalogueItem("unlike", ("SHELF=2",)))

    scores = recipe.score(Query(history=SHELF))
    assert scores[recipe.item_ids.index("like")] > scores[recipe.item_ids.index("unlike")]


@BOTH
def test_an_unknown_item_changes_nothing(make):
    recipe = make()
    before = recipe.recommend(Query(history=SHELF), 20)

    recipe.update(Event("unknown", 300, [], first=True))

    assert recipe.recommend(Query(history=[*SHELF, "unknown"]), 20) == before
