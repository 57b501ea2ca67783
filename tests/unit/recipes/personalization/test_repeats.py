"""Lists show items that are new to the user, however long the history, unless query or solution asks for repeats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.recipes.personalization.blending import choose_weights
from model.recipes.recipe import Query
from model.registry.recipes import RECIPES
from tests.factories.fitted_recipes import ids, trained

PERSONAL = "aws-user-personalization-v2"
FOR_USERS = (PERSONAL, "aws-hrnn-coldstart", "rivulet-graph-filter")


def after_a_long_history(name, **more):
    """Return a trained recipe, and the query of a user who interacted with 120 items, twenty of them lately."""
    recipe = trained(name)
    seen = np.random.default_rng(3).permutation(len(recipe.item_ids))[:120]
    latest = [recipe.item_ids[place] for place in seen[:20].tolist()]
    return recipe, Query(history=latest, seen=np.concatenate([seen, seen[:5]]), **more)


@pytest.mark.parametrize("name", FOR_USERS)
def test_items_that_were_seen_long_ago_follow_all_others(name):
    recipe, asked = after_a_long_history(name, exploration=1.0, user="u")
    new = {item for place, item in enumerate(recipe.item_ids) if place not in set(asked.seen.tolist())}

    answer = ids(recipe.recommend(asked, len(recipe.item_ids)))

    assert set(answer[: len(new)]) == new
    assert len(answer) == len(recipe.item_ids)


@pytest.mark.parametrize("name", FOR_USERS)
def test_a_query_may_ask_for_repeats(name):
    recipe, asked = after_a_long_history(name, repeats=True)

    assert recipe.score(asked)[asked.seen].min() > -1
    assert recipe.recommend(asked, 180) != recipe.recommend(replace(asked, repeats=None), 180)


@pytest.mark.parametrize("name", FOR_USERS)
@pytest.mark.parametrize("repeats", [True, False])
def test_the_scores_of_items_seen_long_ago_are_explained(name, repeats):
    recipe, asked = after_a_long_history(name, repeats=repeats)
    scores = recipe.score(asked)
    places = [*asked.seen[[0, 60, 110]].tolist(), int(scores.argmax())]

    for place, parts in zip(
        places, recipe.explain_all(asked, [recipe.item_ids[place] for place in places]), strict=True
    ):
        assert sum(part.weight for part in parts) == pytest.approx(float(scores[place]), abs=1e-4)


def of_returning_users():
    """Return events of users who go through three items over and over, and now and then to the next one."""
    rows = [
        (f"u{user}", f"i{(3 * user + (step + user) // 9 * 3 + step % 3) % 60}", 1000 * step + user)
        for user in range(120)
        for step in range(30)
    ]
    return TrainingData(from_rows(rows))


def test_a_solution_that_asks_for_repeats_shows_what_users_return_to(tmp_path):
    data = of_returning_users()
    named = RECIPES[PERSONAL]

    def answer(given, **more):
        recipe = named.recommender.fit(given, choose_weights(given))
        recipe.save(tmp_path)
        history = ["i5", "i4", "i3", "i5", "i4", "i3"]
        found = ids(named.recommender.load(tmp_path).recommend(Query(history=history, **more), 3))
        assert found == ids(recipe.recommend(Query(history=history, **more), 3))
        return found

    again = replace(data, parameters={"repeats": "true"})
    assert answer(again)[0] == "i3"
    assert not {"i3", "i4", "i5"} & set(answer(again, repeats=False))
    assert not {"i3", "i4", "i5"} & set(answer(data))
    assert {"i3", "i4", "i5"} & set(answer(data, repeats=True))


def test_a_list_of_given_items_keeps_those_that_were_seen():
    recipe = trained("aws-personalized-ranking-v2")

    ranked = recipe.rank(Query(history=["item-1-1", "item-1-2"]), ["item-1-1", "item-7-3", "item-1-3"])

    assert {entry.item_id for entry in ranked} == {"item-1-1", "item-7-3", "item-1-3"}
    assert ranked[-1].item_id == "item-7-3"
