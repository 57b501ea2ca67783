"""The weights of a user's scores are chosen on the newest events, or on random ones without an order of times."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.datasets.catalogue import Catalogue, CatalogueItem
from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.recipes.graph_filter.score_part import SETTINGS
from model.recipes.hold_out import hold_out
from model.recipes.personalization import blending
from model.recipes.personalization.blending import choose_weights
from model.recipes.personalization.score_parts import FALLBACK
from model.recipes.personalization.user_personalization import UserPersonalization
from model.recipes.personalization.user_scorer import UserScorer
from model.recipes.recipe import Event, Query
from tests.factories.training_data import walks

TASTES, ITEMS_OF_TASTE = 200, 4
FILTERED = {**FALLBACK, "transitions": 0.0, "space": 0.0, "popularity": 0.0, "filter": 1.0}


def tastes(timed=False, users=400):
    """Draw users who like items of five tastes each; there are more tastes than the item space has dimensions."""
    draw = np.random.default_rng(3)
    rows = []
    for user in range(users):
        liked = [
            taste * ITEMS_OF_TASTE + item
            for taste in draw.choice(TASTES, 5, replace=False)
            for item in range(ITEMS_OF_TASTE)
        ]
        for moment, item in enumerate(draw.choice(liked, 10, replace=False).tolist()):
            rows.append((f"u{user}", f"i{item:04}", 1000 * moment + user if timed else 0))
    return from_rows(rows)


@pytest.mark.parametrize("newest", [0, 5])
def test_random_events_are_held_out_where_times_give_no_order(newest):
    rows = [(f"u{user}", f"i{item}", newest if item > 3 else 0) for user in range(60) for item in range(10)]
    known = from_rows(rows)

    older, questions, _ = hold_out(TrainingData(known))

    left = {
        (int(user), int(item)) for user, item in zip(older.interactions.users, older.interactions.items, strict=True)
    }
    assert 0.85 < len(left) / len(known) < 0.95
    assert len(questions) == len(known) - len(left)
    for history, _, target, _ in questions:
        assert target not in history
        assert any(all((user, item) in left for item in history) and (user, target) not in left for user in range(60))
    again = hold_out(TrainingData(known))[1]
    assert [(each.history, each.target) for each in again] == [(each.history, each.target) for each in questions]


def test_the_newest_tenth_is_held_out_where_times_give_an_order():
    known = walks()

    older, questions, _ = hold_out(TrainingData(known))

    assert older.interactions.times.max() < np.quantile(known.times, 0.9)
    assert questions


@pytest.mark.parametrize("timed", [True, False])
def test_the_order_of_a_history_counts_only_where_times_give_one(timed):
    known = TrainingData(tastes(timed, users=150))
    recipe = UserPersonalization.fit(known, choose_weights(known))
    history = ["i0001", "i0200", "i0400"]

    forth, back = (recipe.score(Query(history=entry)) for entry in (history, history[::-1]))

    assert np.allclose(forth, back, atol=1e-5) != timed


def test_neighbours_in_a_file_without_times_are_no_order():
    timed = walks()
    known = replace(timed, times=np.zeros_like(timed.times))
    otherwise = known.at(np.lexsort((-known.items, known.users)))

    weights, same = choose_weights(TrainingData(known)), choose_weights(TrainingData(otherwise))

    assert weights == same
    assert (weights["next"], weights["in_order"]) == (0.0, 0.0)
    first, second = (UserPersonalization.fit(TrainingData(data), weights) for data in (known, otherwise))
    asked = Query(history=["i3", "i9"])
    assert np.allclose(first.score(asked), second.score(asked), atol=1e-5)


def test_one_event_of_a_stranger_does_not_decide_a_list_where_times_give_no_order():
    """Given a user of rare items, when a stranger with the same items turns to another one, then scores hardly move."""
    rare = [(f"rare-{number}", f"r{number}", 0) for number in range(6)]
    alike = [(f"pair-{number}", f"r{number}", 0) for number in range(6)]
    known = from_rows([*((f"u{n}", f"i{n % 50 + step}", 0) for n in range(300) for step in range(4)), *rare, *alike])
    weights = {**FALLBACK, "transitions": 0.9, "space": 0.0, "in_order": 0.0, "shrinkage": 20.0, "exponent": 0.25}
    recipe = UserPersonalization.fit(TrainingData(known), weights)
    history = [f"r{number}" for number in range(6)]
    asked = Query(history=history)
    before = recipe.recommend(asked, 1)[0].score or 0.0

    recipe.update(Event("i7", 9, history, first=True, user="stranger"))

    assert (recipe.recommend(asked, 1)[0].score or 0.0) < before + 0.1


def test_the_graph_filter_is_learnt_where_it_finds_more_and_only_there():
    assert choose_weights(TrainingData(tastes()))["filter"] > 0.2
    assert choose_weights(TrainingData(walks()))["filter"] == 0.0
    assert not any(name.startswith("graph") for name in UserScorer.fit(TrainingData(walks()), {}).arrays())


@pytest.mark.parametrize("order", [1, -1])
def test_the_settings_of_the_graph_filter_are_those_that_find_more(monkeypatch, order):
    poor = replace(SETTINGS, item_power=0.5, sharpened_for=40.0)
    monkeypatch.setattr(blending, "FILTER_TRIALS", (SETTINGS, poor)[::order])

    chosen = choose_weights(TrainingData(tastes()))

    assert chosen["filter"] > 0.2
    assert (chosen["item_power"], chosen["ideal_weight"]) == (SETTINGS.item_power, SETTINGS.ideal_weight)


def test_the_graph_filter_recommends_items_of_similar_users_and_none_of_the_history():
    scorer = UserScorer.fit(TrainingData(tastes()), FILTERED)
    history = scorer.positions_of(["i0000", "i0001", "i0000"])

    values = scorer.parts(history, FILTERED).values["filter"]

    assert not values[history].any()
    assert {scorer.item_ids[place] for place in np.argsort(-values)[:2]} == {"i0002", "i0003"}


def test_the_graph_filter_maps_items_without_interactions_from_their_content(tmp_path):
    known = tastes()
    catalogue = Catalogue(
        [*known.item_ids, "cold"],
        [*[(f"TASTE={int(item[1:]) // ITEMS_OF_TASTE}",) for item in known.item_ids], ("TASTE=0",)],
        [0] * (len(known.item_ids) + 1),
    )
    recipe = UserPersonalization.fit(TrainingData(known, catalogue), FILTERED)
    recipe.save(tmp_path)
    loaded = UserPersonalization.load(tmp_path)

    for entry in (recipe, loaded):
        entry.add_item(CatalogueItem("later", ("TASTE=1",)))
        near_first, near_second = (entry.score(Query(history=[item])) for item in ("i0001", "i0005"))
        assert near_first[-2] > near_second[-2]
        assert near_second[-1] > near_first[-1]
        contributions = entry.explain(Query(history=["i0001", "i0009"]), "later")
        assert sum(part.weight for part in contributions) == pytest.approx(
            float(entry.score(Query(history=["i0001", "i0009"]))[-1]), abs=1e-5
        )
    assert np.array_equal(recipe.score(Query(history=["i0001"])), loaded.score(Query(history=["i0001"])))
