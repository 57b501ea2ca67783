"""The graph filter: what the paper's equations give, whole lists by a shortlist, histories, strangers, cold items."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from model.arrays import truncated_svd as directions
from model.datasets.catalogue import CatalogueItem
from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.recipes.graph_filter import graph_filter, sharpened_filter
from model.recipes.graph_filter.graph_filter import GraphFilter
from model.recipes.graph_filter.history_decay import NO_DECAY, newest_questions
from model.recipes.graph_filter.settings import BSPM
from model.recipes.graph_filter.sharpened_filter import DEFAULTS, SharpenedFilter, interaction_matrix
from model.recipes.recipe import POPULAR, Event, Query
from tests.factories.fitted_recipes import ids
from tests.factories.training_data import shop_data, shop_items

DAY = 86_400


@pytest.fixture(scope="module")
def shop():
    return shop_data(users=150)


@pytest.fixture(scope="module")
def recipe(shop):
    return GraphFilter.fit(shop, {})


def tastes(users=30):
    """Return users of half as many lists as they are, short ones and long ones, so that the rank is known."""
    draw = np.random.default_rng(1)
    lists = [draw.choice(40, int(draw.integers(4, 14)), replace=False) for _ in range(users // 2)]
    return from_rows([(f"u{user}", f"i{item}", 0) for user in range(users) for item in lists[user // 2]])


def by_the_papers_steps(interactions, settings):
    """Blur and sharpen user by user as the paper does, with matrices in full."""
    matrix = interaction_matrix(interactions).toarray().astype(np.float64)
    of_item, of_user = matrix.sum(axis=0), matrix.sum(axis=1)
    normalised = matrix / (of_user[:, None] ** settings.person_power * of_item**settings.item_power)
    normalised /= np.linalg.norm(normalised, 2)
    filtered = normalised.T @ normalised
    slow = np.linalg.svd(normalised)[2][: np.linalg.matrix_rank(normalised)].T
    ideal = (matrix / of_item**settings.item_power) @ slow @ slow.T * of_item**settings.item_power
    blurred = matrix @ filtered + settings.ideal_weight * ideal
    slope = -blurred @ filtered
    first = slope
    second = -(blurred + settings.sharpened_for / 2 * first) @ filtered
    third = -(blurred + settings.sharpened_for / 2 * second) @ filtered
    fourth = -(blurred + settings.sharpened_for * third) @ filtered
    return blurred + settings.sharpened_for / 6 * (first + 2 * second + 2 * third + fourth)


@pytest.mark.parametrize("settings", [DEFAULTS, BSPM])
def test_the_closed_form_gives_what_the_papers_steps_give(monkeypatch, settings):
    monkeypatch.setattr(directions, "VECTORS_PER_ROOT", 15 / np.sqrt(30))  # as many as there are tastes
    interactions = tastes()

    scores = SharpenedFilter.fit(interactions, settings).scores(interaction_matrix(interactions))

    assert scores == pytest.approx(by_the_papers_steps(interactions, settings), abs=1e-4)


def test_only_the_strongest_neighbours_of_an_item_are_kept(monkeypatch, shop):
    whole = SharpenedFilter.fit(shop.interactions).arrays()
    monkeypatch.setattr(sharpened_filter, "NEIGHBOURS", 10)

    cut = SharpenedFilter.fit(shop.interactions).arrays()

    for row in range(0, len(shop.interactions.item_ids), 17):
        strongest = np.sort(whole["weights"][whole["starts"][row] : whole["starts"][row + 1]])[::-1]
        kept = np.sort(cut["weights"][cut["starts"][row] : cut["starts"][row + 1]])[::-1]
        assert strongest.size > kept.size
        assert kept[:10] == pytest.approx(strongest[:10])
        assert kept[10:] == pytest.approx(strongest[9])  # ties


def test_many_users_at_once_get_the_scores_that_they_get_one_by_one(shop, recipe):
    known = shop.interactions
    together = SharpenedFilter.fit(known).scores(interaction_matrix(known)[:3])

    starts = known.starts()
    for user in range(3):
        history = [known.item_ids[item] for item in known.items[starts[user] : starts[user + 1]]]
        alone = recipe.score(Query(history=history))
        unseen = [place for place, item in enumerate(known.item_ids) if item not in history]
        assert alone[unseen] == pytest.approx(together[user][unseen], abs=1e-5)


def test_a_shortlist_leaves_lists_as_they_are_without_one(monkeypatch, shop, recipe):
    known = shop.interactions
    starts = known.starts()[:40].tolist()
    questions = [
        Query(history=[known.item_ids[item] for item in known.items[begin:end]])
        for begin, end in itertools.pairwise(starts)
    ]
    whole = [ids(recipe.recommend(entry, 10)) for entry in questions]
    monkeypatch.setattr(graph_filter, "SHORTLIST", 90)  # of 180

    short = [ids(recipe.recommend(entry, 10)) for entry in questions]

    assert np.mean([len(set(entry) & set(other)) for entry, other in zip(whole, short, strict=True)]) > 9.5


def test_a_popular_item_without_neighbours_reaches_the_shortlist(shop):
    users = np.asarray(interaction_matrix(shop.interactions).sum(axis=0)).ravel()

    guessed = SharpenedFilter.fit(shop.interactions).approximate_scores(np.zeros(users.size, np.float32))

    assert np.array_equal(np.argsort(-guessed, kind="stable"), np.argsort(-users, kind="stable"))


def test_a_new_event_changes_the_next_answer_and_another_of_the_same_does_not(recipe):
    first, second = recipe.item_ids[0], recipe.item_ids[90]

    before = recipe.recommend(Query(history=[first]), 10)
    after = recipe.recommend(Query(history=[second, first]), 10)

    assert before != after
    assert recipe.recommend(Query(history=[second, first, second, second]), 10) == after


def test_the_newest_item_leads_where_older_ones_fade(shop):
    recipe = GraphFilter.fit(shop, {"decay": 0.3})
    history = ["item-2-0", *(f"item-8-{place}" for place in range(3))]

    answer = ids(recipe.recommend(Query(history=history), 5))

    even = ids(recipe.with_decay(NO_DECAY).recommend(Query(history=history), 5))
    assert sum(item.startswith("item-2-") for item in answer) > sum(item.startswith("item-2-") for item in even)


@pytest.mark.parametrize("history", [[], ["never-seen"]])
def test_a_new_user_gets_popular_items_with_their_reason(recipe, history):
    fresh = recipe.with_decay(NO_DECAY)
    known = fresh.item_ids[5]
    for _ in range(1000):
        fresh.update(Event(known, 0, [], first=True))

    answer = fresh.recommend(Query(history=history), 3)

    assert answer[0].item_id == known
    assert {entry.reason for entry in answer} == {POPULAR}
    assert {entry.reason for entry in fresh.recommend(Query(history=[known]), 3)} == {None}


def test_items_without_interactions_are_mapped_from_their_content(shop):
    with_cold_item = TrainingData(shop.interactions, shop_items(cold=1), shop.parameters, shop.users)
    recipe = GraphFilter.fit(with_cold_item, {})
    recipe.add_item(CatalogueItem("later", ("CATEGORY=shelf 7",)))

    place = {item: recipe.item_ids.index(item) for item in ("cold-0", "later")}
    for_first = recipe.score(Query(history=[f"item-0-{number}" for number in range(4)]))
    for_seventh = recipe.score(Query(history=[f"item-7-{number}" for number in range(4)]))

    assert for_first[place["cold-0"]] > for_first[place["later"]]
    assert for_seventh[place["later"]] > for_seventh[place["cold-0"]]
    assert ids(recipe.recommend(Query(history=["later"]), 3))


def test_items_of_the_history_come_last(recipe):
    history = [f"item-3-{number}" for number in range(4)]

    assert not set(history) & set(ids(recipe.recommend(Query(history=history), 8)))


def test_older_items_fade_where_users_change_their_minds_and_do_not_where_events_have_no_order():
    draw = np.random.default_rng(4)
    rows = []
    for user in range(150):
        # Each day brings another shelf; what comes next lies on the newest.
        for day, shelf in enumerate(draw.permutation(12)[:6]):
            items = draw.choice(12, 4, replace=False)
            rows += [(f"u{user}", f"i{shelf}-{item}", day * DAY + place) for place, item in enumerate(items)]
    ordered = from_rows(rows)

    assert GraphFilter.tune(TrainingData(ordered))["decay"] < NO_DECAY
    assert GraphFilter.tune(TrainingData(from_rows([(*row[:2], 0) for row in rows])))["decay"] == NO_DECAY


def test_questions_ask_for_the_first_item_that_is_new_to_the_user():
    rows = [("a", "xy"[number % 2], number) for number in range(19)]
    rows += [("a", "x", 19), ("a", "z", 20), ("once", "x", 3), ("at once", "x", 4), ("at once", "y", 4)]
    rows += [("nothing new", "x", 5), ("nothing new", "x", 6), ("two", "y", 7), ("two", "x", 8)]

    found = newest_questions(from_rows(rows))

    assert found is not None
    older, questions = found
    assert sorted(questions) == [(["x", *"yx" * 9], "z"), (["y"], "x")]
    assert len(older) == len(rows) - 3


def test_ten_thousand_events_of_one_user_are_answered_by_the_newest(recipe, monkeypatch):
    monkeypatch.setattr(graph_filter, "MAX_HISTORY", 5)
    newest, seen = recipe.item_ids[:5], np.arange(5)

    assert recipe.recommend(Query(history=newest + recipe.item_ids[5:] * 60, seen=seen), 5) == recipe.recommend(
        Query(history=newest, seen=seen), 5
    )
