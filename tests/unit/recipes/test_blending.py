"""The weights of a user's scores are chosen on the newest events, or on random ones without an order of times."""

from __future__ import annotations

import numpy as np
import pytest

from model.datasets.catalogue import Catalogue, CatalogueItem
from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.recipes.hold_out import hold_out
from model.recipes.personalization.blending import choose_weights
from model.recipes.personalization.score_parts import FALLBACK
from model.recipes.personalization.user_personalization import UserPersonalization
from model.recipes.personalization.user_scorer import UserScorer
from model.recipes.recipe import Query

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


def walks(users=300):
    """Draw users who go from each item to the one after it."""
    draw = np.random.default_rng(3)
    begins = draw.integers(0, 200, users).tolist()
    return from_rows(
        [
            (f"u{user}", f"i{(begins[user] + step) % 200}", 1000 * step + user)
            for user in range(users)
            for step in range(8)
        ]
    )


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
    for history, target, _ in questions:
        assert target not in history
        assert any(all((user, item) in left for item in history) and (user, target) not in left for user in range(60))
    assert hold_out(TrainingData(known))[1] == questions


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


def test_the_graph_filter_is_learnt_where_it_finds_more_and_only_there():
    assert choose_weights(TrainingData(tastes()))["filter"] > 0.2
    assert choose_weights(TrainingData(walks()))["filter"] == 0.0
    assert not any(name.startswith("graph") for name in UserScorer.fit(TrainingData(walks()), {}).arrays())


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
