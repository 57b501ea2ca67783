"""Answers from candidates: the lists of the whole catalogue, with few exceptions, at a fraction of the cost."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from model.arrays.top_k import softmax, top_k
from model.datasets.catalogue import CatalogueItem
from model.datasets.training_data import TrainingData
from model.recipes.embeddings.nearest_lists import NearestLists
from model.recipes.personalization import candidate_items, candidates
from model.recipes.personalization.score_parts import FALLBACK, PARTS
from model.recipes.personalization.user_personalization import UserPersonalization
from model.recipes.personalization.user_scorer import SHARPNESS
from model.recipes.recipe import EXPLORATION, Event, Query
from tests.factories.fitted_recipes import ids
from tests.factories.shop_stream import START
from tests.load.recipes.generated import shop

ITEMS, USERS, EVENTS, ASKED = 10_500, 3_000, 60_000, 150
LENGTH = 25
WEIGHTS = {**FALLBACK, **dict.fromkeys(PARTS, 0.1), "transitions": 0.3, "space": 0.3, "filter": 0.0, "ridge": 0.0}


def large():
    known, catalogue = shop(ITEMS, USERS, EVENTS)
    return UserPersonalization.fit(TrainingData(known, catalogue), WEIGHTS)


shared = functools.cache(large)


@functools.cache
def queries():
    known, _ = shop(ITEMS, USERS, EVENTS)
    starts = known.starts()
    users = np.random.default_rng(1).permutation(USERS)[:ASKED].tolist()
    histories = (known.items[starts[user] : starts[user + 1]][::-1].tolist() for user in users)
    return [Query(history=[known.item_ids[item] for item in history]) for history in histories if history]


def whole_catalogue(recipe, query, count=LENGTH):
    """Return the ids and the scores of a list that is ranked from the scores of all items."""
    scores = recipe.score(query)
    shares = softmax(np.float32(SHARPNESS) * scores)
    if query.allowed is not None:
        scores[~query.allowed] = -np.inf
    places = top_k(scores, count)
    return [recipe.item_ids[place] for place in places.tolist()], shares[places]


def agreement(answers):
    """Return the share of lists that are those of the whole catalogue, and the mean share of their items in them."""
    lists = [(ids(answer), whole_catalogue(shared(), query)[0]) for query, answer in answers]
    return (
        np.mean([answered == listed for answered, listed in lists]),
        np.mean([len(set(answered) & set(listed)) / len(listed) for answered, listed in lists]),
    )


def test_lists_from_candidates_are_those_of_the_whole_catalogue_with_their_scores():
    answers = [(query, shared().recommend(query, LENGTH)) for query in queries()]

    equal, common = agreement(answers)
    assert equal > 0.97
    assert common > 0.999
    for query, answer in answers:
        assert answer[0].score == pytest.approx(whole_catalogue(shared(), query)[1][0], rel=0.03)


@pytest.mark.parametrize("share", [0.5, 0.02])
def test_a_filter_leaves_a_list_as_long_and_as_good(share):
    allowed = np.random.default_rng(2).random(ITEMS) < share
    asked = [replace(query, allowed=allowed) for query in queries()]

    answers = [(query, shared().recommend(query, LENGTH)) for query in asked]

    assert all(len(answer) == LENGTH for _, answer in answers)
    equal, common = agreement(answers)
    assert equal > 0.95
    assert common > 0.995


def test_few_items_of_a_large_catalogue_are_scored(monkeypatch):
    recipe, sizes = shared(), []
    find = candidate_items.Candidates

    def counted(items, catalogue_size):
        sizes.append(items.size)
        return find(items, catalogue_size)

    monkeypatch.setattr(candidates, "Candidates", counted)
    for query in queries():
        recipe.recommend(query, LENGTH)

    assert len(sizes) == len(queries())
    assert np.median(sizes) < 0.3 * ITEMS


def test_long_lists_and_strangers_get_the_lists_of_the_whole_catalogue():
    recipe, query = shared(), queries()[0]

    assert ids(recipe.recommend(query, 500)) == whole_catalogue(recipe, query, 500)[0]
    assert ids(recipe.recommend(Query(), LENGTH)) == whole_catalogue(recipe, Query())[0]


def test_events_and_new_items_change_lists_from_candidates_at_once():
    recipe, query = large(), queries()[0]
    unpopular = recipe.item_ids[int(recipe.popularity.argmin())]
    recipe.add_item(CatalogueItem("added", ("CATEGORY=shelf 1", "CATEGORY=row 1"), 0))
    for number in range(400):
        recipe.update(Event(unpopular, number, [], first=True, user=f"u{number}"))
        recipe.update(Event("added", number, query.history[:1], first=True, user=f"u{number}"))

    assert unpopular in ids(recipe.recommend(Query(), 10))
    assert "added" in ids(recipe.recommend(query, 3))
    for asked in (Query(), query):
        assert ids(recipe.recommend(asked, LENGTH)) == whole_catalogue(recipe, asked)[0]


def test_of_very_many_new_items_those_near_the_history_are_explored():
    recipe, asked = large(), [replace(query, exploration=1.0, now=START + 1) for query in queries()[:40]]
    for number in range(2_000):
        recipe.add_item(CatalogueItem(f"new-{number}", (f"CATEGORY=shelf {number % 10}",), START))

    near, explored = 0, 0
    for user, query in enumerate(asked):
        listed = recipe.recommend(replace(query, user=str(user)), LENGTH)
        new = [int(entry.item_id.split("-")[1]) for entry in listed if entry.reason == EXPLORATION]
        assert len(new) == 5
        shelf = int(query.history[0].split("-")[1]) // (ITEMS // 10)
        near, explored = near + sum(number % 10 == shelf for number in new), explored + len(new)

    assert near > 0.5 * explored


def test_explanations_of_a_list_from_candidates_sum_to_its_scores():
    recipe, query = shared(), queries()[1]
    listed = ids(recipe.recommend(query, 5))

    scores = recipe.score(query)
    for item, parts in zip(listed, recipe.explain_all(query, listed), strict=True):
        assert sum(part.weight for part in parts) == pytest.approx(float(scores[recipe.item_of[item]]), abs=1e-5)


def test_the_nearest_items_of_a_direction_are_on_its_lists_and_new_ones_are_put_there():
    vectors = np.random.default_rng(3).standard_normal((4_000, 8)).astype(np.float32)
    lists = NearestLists(vectors)
    found = [
        len(set(lists.near(vector).tolist()) & set(top_k(vectors @ vector, 10).tolist())) for vector in vectors[:99]
    ]
    assert np.mean(found) > 9

    lists.put(4_000, 3 * vectors[7])

    assert 4_000 in lists.near(vectors[7])
    assert 4_000 not in lists.near(-vectors[7])
