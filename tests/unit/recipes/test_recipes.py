"""What holds for every recipe that answers with items or actions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.datasets.catalogue import CatalogueItem
from model.recipes.recipe import POPULAR, Event, Query, UnsuitableDataError
from model.registry.recipes import RECIPES
from tests.factories.fitted_recipes import ANSWERING, OF_ITEMS, data_for, fitted, ids, trained
from tests.factories.shop_stream import START

NOW = START + 7 * 86_400


def question(name, **more):
    first, second = trained(name).item_ids[:2]
    asked = Query(history=[first, second], item_id=first, user="user-1", now=NOW, exploration=0.3)
    return replace(asked, user_features=("AGE=45+",), context={"DEVICE": "phone"}, **more)


@pytest.mark.parametrize("name", ANSWERING)
def test_a_saved_recipe_answers_as_before(name, tmp_path):
    recipe = trained(name)
    recipe.save(tmp_path)

    loaded = RECIPES[name].recommender.load(tmp_path)

    assert loaded.recommend(question(name), 30) == recipe.recommend(question(name), 30)
    assert loaded.item_ids == recipe.item_ids


@pytest.mark.parametrize("name", ANSWERING)
def test_the_same_data_give_the_same_answers(name):
    assert fitted(name).recommend(question(name), 30) == trained(name).recommend(question(name), 30)


@pytest.mark.parametrize("name", ANSWERING)
def test_only_allowed_items_are_shown(name):
    recipe = trained(name)
    allowed = np.arange(len(recipe.item_ids)) % 3 == 0

    answer = ids(recipe.recommend(question(name, allowed=allowed), 500))

    assert answer
    assert set(answer) <= {item for item, kept in zip(recipe.item_ids, allowed, strict=True) if kept}
    assert recipe.recommend(question(name, allowed=np.zeros(allowed.size, bool)), 25) == []


@pytest.mark.parametrize("name", ANSWERING)
def test_explanations_sum_to_the_scores(name):
    recipe, asked = trained(name), question(name)
    scores = recipe.score(asked)
    assert scores.dtype == np.float32
    places = [*range(0, len(recipe.item_ids), 7), 0, 1, 0]  # the first two are the history, and one is asked for twice

    explained = recipe.explain_all(asked, [recipe.item_ids[place] for place in places])

    for place, parts in zip(places, explained, strict=True):
        assert sum(part.weight for part in parts) == pytest.approx(float(scores[place]), abs=1e-4)
        sizes = [abs(part.weight) for part in parts]
        assert sizes == sorted(sizes, reverse=True)
        assert len({part.name for part in parts}) == len(parts)


@pytest.mark.parametrize("name", ANSWERING)
@pytest.mark.parametrize("stranger", [False, True])
def test_an_item_is_explained_alone_as_among_others(name, stranger):
    recipe = trained(name)
    asked = Query() if stranger else question(name)
    several = recipe.item_ids[:40:3]

    explained = recipe.explain_all(asked, several)

    for item, parts in zip(several, explained, strict=True):
        alone = {part.name: part.weight for part in recipe.explain(asked, item)}
        assert alone == pytest.approx({part.name: part.weight for part in parts}, abs=1e-5)
    assert recipe.explain_all(asked, []) == []


@pytest.mark.parametrize("name", OF_ITEMS)
def test_what_is_there_for_being_popular_alone_is_explained_by_that(name):
    recipe = trained(name)
    asked = replace(question(name), context={}, user_features=(), item_id="unknown", history=())
    popular = [entry.item_id for entry in recipe.recommend(asked, 50) if entry.reason == POPULAR]

    for parts in recipe.explain_all(asked, popular):
        assert {part.name for part in parts} <= {"popularity", "recent", "people", "trend"}
    assert popular or RECIPES[name].kind == "POPULAR_ITEMS"  # which is what these are asked for


@pytest.mark.parametrize("name", OF_ITEMS)
def test_a_new_item_can_be_answered_with_at_once_and_keeps_others_in_place(name):
    recipe = fitted(name)
    before = list(recipe.item_ids)

    recipe.add_item(CatalogueItem("brand-new", ("CATEGORY=shelf 3",), NOW, {"PRICE": 5.0}))
    recipe.add_item(CatalogueItem("brand-new", ("CATEGORY=shelf 4",), NOW, {"PRICE": 6.0}))

    assert recipe.item_ids == [*before, "brand-new"]
    only = np.zeros(len(recipe.item_ids), bool)
    only[-1] = True
    assert ids(recipe.recommend(question(name, allowed=only), 5)) == ["brand-new"]
    recipe.update(Event("brand-new", NOW, before[:3], first=True, user="p", event_type="View"))
    assert len(recipe.score(replace(question(name), history=["brand-new"], item_id="brand-new"))) == len(before) + 1


@pytest.mark.parametrize("name", ANSWERING)
def test_unknown_history_and_unknown_items_do_no_harm(name):
    recipe = fitted(name)
    before = recipe.recommend(question(name), 20)

    recipe.update(Event("never-seen", NOW - 900_000, ["never-seen-either"], first=True, user="x", event_type="View"))

    assert recipe.recommend(question(name), 20) == before
    assert recipe.recommend(Query(history=["never-seen"], item_id="never-seen"), 5)


def test_too_few_cold_items_fail_the_recipe_for_cold_items():
    data = replace(data_for("aws-hrnn-coldstart"), parameters={"cold_start_max_interactions": "1"})

    with pytest.raises(UnsuitableDataError, match="needs from 100 to 80000"):
        RECIPES["aws-hrnn-coldstart"].algorithm.fit(data, {})


def test_an_item_without_events_does_not_make_all_others_old():
    data = data_for("aws-hrnn-coldstart")
    known = replace(data.interactions, item_ids=[*data.interactions.item_ids, "unused"])
    query = question("aws-hrnn-coldstart")

    with_it = RECIPES["aws-hrnn-coldstart"].recommender.fit(replace(data, interactions=known), {})

    assert len(with_it.recommend(query, 20)) == 20


def test_cold_items_get_a_good_part_of_every_list_of_the_recipe_for_them():
    answer = trained("aws-hrnn-coldstart").recommend(question("aws-hrnn-coldstart"), 20)

    assert sum(entry.reason == "Exploration" for entry in answer) == pytest.approx(8, abs=1)
