"""Segments of users: for an item, for attributes, within what a filter leaves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.recipes.segments.segment_recipe import attribute_of
from model.recipes.segments.user_segments import FALLBACK, UserSegments, split_in_time
from model.registry.recipes import RECIPES
from tests.factories.training_data import shop_data

BY_ITEM, BY_ATTRIBUTE = "aws-item-affinity", "aws-item-attribute-affinity"
DATA = shop_data(users=120)


def fitted(name, data=DATA):
    algorithm = RECIPES[name].algorithm
    assert issubclass(algorithm, UserSegments)
    return algorithm.fit(data, FALLBACK)


def share_of_shelf(user, shelf):
    known = DATA.interactions
    mine = known.items[known.users == known.user_ids.index(user)]
    return np.mean([known.item_ids[item].startswith(f"item-{shelf}-") for item in mine.tolist()])


@pytest.mark.parametrize(("name", "wanted"), [(BY_ITEM, "item-5-3"), (BY_ATTRIBUTE, ["CATEGORY=shelf 5"])])
def test_users_who_prefer_a_shelf_are_the_segment_for_it(name, wanted):
    recipe = fitted(name)

    users = recipe.segment(wanted, 10)

    assert len(users) == len(set(users)) == 10
    # Three times as much of the history as everybody's mean.
    mean = np.mean([share_of_shelf(user, 5) for user in recipe.user_ids])
    assert np.mean([share_of_shelf(user, 5) for user in users]) > 3 * mean


@pytest.mark.parametrize(("name", "wanted"), [(BY_ITEM, "item-5-3"), (BY_ATTRIBUTE, ["CATEGORY=shelf 5"])])
def test_a_filter_leaves_users_out_and_a_saved_recipe_answers_as_before(name, wanted, tmp_path):
    recipe = fitted(name)
    allowed = np.arange(len(recipe.user_ids)) % 2 == 0

    users = recipe.segment(wanted, 200, allowed)

    assert set(users) == {user for user, kept in zip(recipe.user_ids, allowed, strict=True) if kept}
    recipe.save(tmp_path)
    assert type(recipe).load(tmp_path).segment(wanted, 200, allowed) == users


def test_an_item_must_have_all_of_the_attributes():
    recipe = fitted(BY_ATTRIBUTE)

    items = recipe.items_of(["CATEGORY=shelf 5", "CATEGORY=shelf 5"])

    assert len(items) == 15
    with pytest.raises(LookupError, match="no item has all of"):
        recipe.segment(["CATEGORY=shelf 5", "CATEGORY=shelf 6"], 5)
    with pytest.raises(LookupError, match="no item has CATEGORY=attic"):
        recipe.segment(["CATEGORY=attic"], 5)
    with pytest.raises(LookupError, match="no attribute at all"):
        recipe.segment([], 5)


def test_large_whole_numbers_are_different_attributes():
    items = DATA.catalogue.item_ids
    codes: dict[str, list[float]] = {"CODE": [2**53 + place % 2 for place in range(len(items))]}
    recipe = fitted(BY_ATTRIBUTE, replace(DATA, catalogue=replace(DATA.catalogue, numbers=codes)))

    for place, value in enumerate([2.0**53, 2**53 + 1]):
        found = recipe.items_of([attribute_of("CODE", value)])
        assert sorted(recipe.item_ids[item] for item in found) == sorted(items[place::2])


def test_an_unknown_item_is_named():
    with pytest.raises(LookupError, match="item-99-1 is unknown"):
        fitted(BY_ITEM).segment("item-99-1", 5)


def test_the_newest_fifth_of_each_users_interactions_is_held_out():
    older, newer = split_in_time(DATA.interactions)

    assert len(older) + len(newer) == len(DATA.interactions)
    for user in range(0, 120, 17):
        mine, held = older.times[older.users == user], newer.times[newer.users == user]
        assert held.size == (mine.size + held.size) // 5
        assert mine.max() <= held.min()
