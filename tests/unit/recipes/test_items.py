"""Lists that are not made for one user: popular, rising, similar, alike in meaning, and given ones put in order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.datasets.catalogue import Catalogue, CatalogueItem
from model.datasets.interactions import from_columns, from_rows
from model.datasets.training_data import TrainingData
from model.recipes.recipe import POPULAR, Event, Query
from model.registry.recipes import RECIPES
from tests.factories.fitted_recipes import data_for, fitted, ids, trained
from tests.factories.shop_stream import START

DAY = 86_400
NOW = START + 7 * DAY


def learnt(name, rows, catalogue=None, **parameters):
    return learnt_of(name, from_rows(rows), catalogue, **parameters)


def learnt_of(name, interactions, catalogue=None, **parameters):
    return fitted(name, TrainingData(interactions, catalogue or Catalogue(), parameters))


def brands():
    """Return rows in which two brands stand beside the same five things, and something else sells best."""
    rows = [
        (f"{brand}{user}", item, user * 10 + place)
        for brand in ("a", "b")
        for user in range(40)
        for place, item in enumerate([f"brand-{brand}", f"thing-{user % 5}", f"thing-{(user + 2) % 5}"])
    ]
    rows += [(f"other{n}", item, n) for n in range(90) for item in ("bestseller", f"accessory-{n % 20}")]
    return rows


def rises(seed, items=800, days=10, per_day=4000):
    """Return events of a long tail, with ten items that rise manifold in the last hours, and which these are."""
    draw = np.random.default_rng(seed)
    rates = draw.pareto(1.1, items) + 0.05
    rates *= per_day / rates.sum()
    usual = np.repeat(np.arange(items), draw.poisson(rates * days))
    rising = draw.choice(items, 10, replace=False)
    more = draw.poisson(np.maximum(rates[rising] / 24, 1) * draw.uniform(8, 40, 10))
    times = [draw.uniform(0, days * DAY, usual.size), *(days * DAY - draw.uniform(0, 4 * 3600, n) for n in more)]
    item_numbers = np.concatenate([usual, np.repeat(rising, more)]).astype(np.int32)
    user_numbers = np.arange(item_numbers.size, dtype=np.int32)
    ids = ([f"u{n}" for n in user_numbers], [f"i{n}" for n in range(items)], ["View"])
    kinds = np.zeros(item_numbers.size, np.int16)
    return from_columns(ids, user_numbers, item_numbers, kinds, START + np.concatenate(times).astype(np.int64)), rising


def average_precision(scores, wanted):
    hits = np.isin(np.argsort(-scores, kind="stable"), wanted)
    return float((np.cumsum(hits) / np.arange(1, hits.size + 1))[hits].mean())


def test_popularity_counts_each_user_once():
    rows = [("a", "often", n) for n in range(9)] + [("a", "wide", 20), ("b", "wide", 21), ("c", "rare", 22)]
    recipe = learnt("aws-popularity-count", rows)

    assert ids(recipe.recommend(Query(), 1)) == ["wide"]
    for _ in range(2):
        recipe.update(Event("rare", 30, [], first=True))
    recipe.update(Event("often", 31, ["often"], first=False))
    assert ids(recipe.recommend(Query(), 3)) == ["rare", "wide", "often"]


def test_of_equally_popular_items_the_one_with_the_latest_interaction_comes_first():
    rows = [("a", "old", 1), ("b", "new", 500), ("a", "both", 2), ("b", "both", 3)]
    recipe = learnt("aws-popularity-count", rows, Catalogue(["unused"], [()], [0]))

    assert ids(recipe.recommend(Query(), 4)) == ["both", "new", "old", "unused"]
    recipe.update(Event("old", 900, ["old"], first=False))
    assert ids(recipe.recommend(Query(), 4)) == ["both", "old", "new", "unused"]


def test_a_use_case_counts_events_of_its_own_type_only():
    recipe = learnt("aws-ecomm-popular-items-by-purchases", [("a", "one", 1), ("b", "one", 2), ("a", "two", 3)])

    for number in range(5):
        recipe.update(Event("two", number, [], first=True, event_type="View"))
    assert ids(recipe.recommend(Query(), 1)) == ["one"]
    for number in range(5):
        recipe.update(Event("two", number, [], first=True, event_type="purchase"))
    assert ids(recipe.recommend(Query(), 1)) == ["two"]


def test_trending_prefers_what_rises_over_what_is_always_much():
    hour = 3600
    steady = [(f"u{n}", "steady", n * hour // 4) for n in range(400)]
    rising = [(f"v{n}", "rising", 99 * hour + n * 60) for n in range(40)]

    recipe = learnt("aws-trending-now", steady + rising)

    assert ids(recipe.recommend(Query(), 2)) == ["rising", "steady"]
    assert ids(recipe.recommend(Query(now=1000 * hour), 2)) == ["steady", "rising"]


def test_two_events_after_none_are_no_trend_beside_two_hundred_after_a_hundred():
    hour = 3600
    usual = [(f"u{n}", "big", n * 72) for n in range(5000)]  # a hundred in two hours, for a hundred hours
    rising = [(f"v{n}", "big", 98 * hour + n * 72) for n in range(100)]
    few = [(f"w{n}", "small", 100 * hour - n) for n in range(2)]
    once = [("x", "once", 100 * hour)]

    answer = learnt("aws-trending-now", usual + rising + few + once).recommend(Query(), 3)

    assert ids(answer) == ["big", "small", "once"]
    assert [entry.reason for entry in answer] == [None, None, POPULAR]  # a single event is no trend


def test_trends_find_planted_rises_better_than_the_ratio_of_rates():
    """Given rates of a long tail and some that rise manifold in the last hours, then the rises come first."""
    found, by_ratio = [], []
    for seed in range(3):
        known, rising = rises(seed)
        recipe = learnt_of("aws-trending-now", known)
        ages = (known.times.max() - known.times) / 7200
        short, long = (np.bincount(known.items, 0.5 ** (ages / length)) for length in (1, 24))
        found.append(average_precision(recipe.score(Query()), rising))
        by_ratio.append(average_precision(short / np.maximum(long, 1e-9), rising))

    assert np.mean(found) > 0.9
    assert np.mean(found) > 1.5 * np.mean(by_ratio)


def test_similar_items_learn_from_live_events():
    recipe = fitted("aws-similar-items")
    assert "item-9-9" not in ids(recipe.recommend(Query(item_id="item-1-1"), 3))

    for moment in range(60):
        recipe.update(Event("item-9-9", moment, ["item-1-1"], first=True))

    assert "item-9-9" in ids(recipe.recommend(Query(item_id="item-1-1"), 2))


@pytest.mark.parametrize("name", ["aws-similar-items", "aws-semantic-similarity", "aws-vod-more-like-x"])
def test_a_cold_item_is_like_those_that_share_its_features(name):
    recipe = fitted(name)
    recipe.add_item(CatalogueItem("cold", ("CATEGORY=shelf 4", "word=carpet"), NOW))

    assert all(item.startswith("item-4-") for item in ids(recipe.recommend(Query(item_id="cold"), 10)))
    recipe.add_item(CatalogueItem("cold", ("CATEGORY=shelf 8", "word=basket"), NOW))
    assert all(item.startswith("item-8-") for item in ids(recipe.recommend(Query(item_id="cold"), 10)))


@pytest.mark.parametrize("name", ["aws-similar-items", "aws-sims", "aws-semantic-similarity"])
def test_an_unknown_item_is_answered_with_popular_ones_and_no_item_is_like_itself(name):
    popular = ids(trained("aws-popularity-count").recommend(Query(), 5))

    answer = ids(trained(name).recommend(Query(item_id="unheard-of"), 25))

    counts = trained("aws-popularity-count").score(Query()).astype(int)  # without the recency part
    places = [trained("aws-popularity-count").item_ids.index(item) for item in answer]
    assert [counts[place] for place in places] == sorted((counts[place] for place in places), reverse=True)
    assert counts[places[0]] == counts[trained("aws-popularity-count").item_ids.index(popular[0])]
    assert "item-1-1" not in ids(trained(name).recommend(Query(item_id="item-1-1"), 500))


def test_items_that_never_co_occur_are_similar_where_the_same_items_co_occur_with_both():
    """Given two brands that different users pair with the same things, then one brand is like the other."""
    recipe = learnt("aws-similar-items", brands())

    answer = {entry.item_id: entry.reason for entry in recipe.recommend(Query(item_id="brand-a"), 100)}

    assert list(answer).index("brand-b") < list(answer).index("bestseller")
    assert answer["brand-b"] is None
    assert answer["bestseller"] == POPULAR
    assert {part.name for part in recipe.explain(Query(item_id="brand-a"), "brand-b")} == {"space:brand-a"}
    assert [part.name for part in recipe.explain(Query(item_id="brand-a"), "bestseller")] == ["popularity"]


def test_sims_use_co_occurrence_only():
    answer = learnt("aws-sims", brands(), min_cointeraction_count="1").recommend(Query(item_id="brand-a"), 100)

    assert {entry.item_id: entry.reason for entry in answer}["brand-b"] == POPULAR


@pytest.mark.parametrize(("apart", "window"), [(1, 10), (20, 30)])
def test_how_far_apart_items_still_belong_together_is_chosen_on_the_newest_events(apart, window):
    draw = np.random.default_rng(7)
    rows = []
    for user in range(300):
        pair = user % 12
        between = [f"noise-{n}" for n in draw.integers(0, 150, apart - 1)]
        rows += [
            (f"u{user}", item, user * 1000 + place)
            for place, item in enumerate([f"first-{pair}", *between, f"then-{pair}"])
        ]
    recipe = RECIPES["aws-similar-items"].recommender

    tuned = recipe.tune(TrainingData(from_rows(rows)))

    assert tuned["window"] == window


def test_the_discount_factor_leaves_no_choice_of_how_popularity_counts_where_it_is_one():
    data = data_for("aws-similar-items")
    recipe = RECIPES["aws-similar-items"].recommender

    assert recipe.tune(replace(data, parameters={"popularity_discount_factor": "1.0"}))["exponent"] == 1.0
    assert recipe.tune(replace(data, parameters={"popularity_discount_factor": "0.0"}))["exponent"] <= 0.5


def test_the_discount_factor_of_sims_holds_popularity_against_items():
    rows = [(f"u{n}", item, n * 10 + k) for n in range(200) for k, item in enumerate(["asked", "hit"])]
    rows += [(f"w{n}", "hit", 9000 + n) for n in range(2000)]
    rows += [(f"x{n}", item, 5000 + n * 10 + k) for n in range(60) for k, item in enumerate(["asked", "niche"])]

    def first(factor):
        recipe = learnt("aws-sims", rows, popularity_discount_factor=factor, min_cointeraction_count="3")
        return ids(recipe.recommend(Query(item_id="asked"), 1))[0]

    assert first("0.0") == "hit"
    assert first("1.0") == "niche"


def test_items_that_met_too_seldom_are_no_neighbours_in_sims():
    rows = [("u", "asked", 1), ("u", "once", 2), *((f"v{n}", "popular", n) for n in range(9))]

    def first(least):
        recipe = learnt("aws-sims", rows, popularity_discount_factor="0.5", min_cointeraction_count=least)
        return ids(recipe.recommend(Query(item_id="asked"), 1))

    assert first("0") == ["once"]
    assert first("2") == ["popular"]


def test_meanings_go_beyond_words_that_two_items_share():
    """Given sofas and couches that share no word but their company, when asked for a sofa, then couches come next."""
    co_occurrence_weight = ("word=cushion", "word=fabric", "word=living")
    features: dict[str, tuple[str, ...]] = {f"sofa-{n}": ("word=sofa", co_occurrence_weight[n % 3]) for n in range(9)}
    features |= {f"couch-{n}": ("word=couch", co_occurrence_weight[n % 3]) for n in range(9)}
    features |= {f"drill-{n}": ("word=drill", f"word={('battery', 'motor', 'steel')[n % 3]}") for n in range(30)}
    features |= {f"tool-{n}": (f"word=thing{n}", f"word=thing{n + 1}", "word=motor") for n in range(120)}
    catalogue = Catalogue(list(features), list(features.values()), [START] * len(features))
    recipe = learnt("aws-semantic-similarity", [], catalogue)

    # A sofa with cushions and a couch of fabric have no word in common.
    likeness = dict(zip(("couch", "drill"), recipe.similarities("sofa-0", ["couch-1", "drill-1"]), strict=True))

    assert likeness["couch"] > likeness["drill"] + 0.05


def test_influence_brings_popular_and_fresh_items_forward_and_needs_no_interactions():
    features: list[tuple[str, ...]] = [("CATEGORY=same", f"word=w{n % 5}") for n in range(40)] + [
        ("CATEGORY=other",)
    ] * 30
    created = [NOW - n * 10 * DAY for n in range(40)] + [NOW] * 30
    catalogue = Catalogue([f"i{n}" for n in range(70)], features, created)
    rows = [(f"u{n}", "i35", START) for n in range(50)]
    recipe = learnt("aws-semantic-similarity", rows, catalogue)

    def first(**influence):
        return ids(recipe.recommend(Query(item_id="i20", now=NOW, influence=influence), 1))[0]

    assert first(POPULARITY=1.0) == "i35"
    assert first(FRESHNESS=1.0) == "i0"
    without = learnt("aws-semantic-similarity", [], catalogue)
    assert len(without.recommend(Query(item_id="i20", influence={"POPULARITY": 0.5}), 10)) == 10


def test_of_items_that_mean_the_same_the_popular_come_first_unless_the_campaign_says_no():
    features: list[tuple[str, ...]] = [*[("CATEGORY=same",)] * 5, *[("CATEGORY=other",)] * 4]
    catalogue = Catalogue([f"i{n}" for n in range(9)], features, [NOW] * 9)
    recipe = learnt("aws-semantic-similarity", [(f"u{n}", "i4", START) for n in range(50)], catalogue)

    assert ids(recipe.recommend(Query(item_id="i0"), 1)) == ["i4"]
    assert ids(recipe.recommend(Query(item_id="i0", influence={"POPULARITY": 0.0}), 1)) == ["i1"]


def test_a_list_is_ranked_whole_and_once_and_unused_items_come_last_without_a_score():
    recipe = fitted("aws-personalized-ranking-v2")
    recipe.add_item(CatalogueItem("unused", ("CATEGORY=shelf 3",)))
    given = ["item-3-4", "none", "item-0-0", "item-3-4", "unused", "item-3-3"]

    ranked = recipe.rank(Query(history=["item-3-3", "item-3-2"]), given)

    assert sorted(ids(ranked)) == sorted(set(given))
    assert ids(ranked)[-2:] == ["none", "unused"]
    assert [entry.score for entry in ranked[-2:]] == [None, None]
    assert sum(entry.score for entry in ranked[:-2]) == pytest.approx(1.0, abs=1e-5)
    assert recipe.rank(Query(), ["none"])[0].item_id == "none"


def test_a_ranking_depends_on_the_user_and_on_the_circumstances():
    recipe = trained("aws-personalized-ranking")
    given = ["item-9-1", "item-9-2", "item-2-1", "item-2-2"]

    by_history = [ids(recipe.rank(Query(history=[item]), given))[0] for item in ("item-9-0", "item-2-0")]
    on_phone = ids(recipe.rank(Query(context={"DEVICE": "phone"}), given))
    on_desktop = ids(recipe.rank(Query(context={"DEVICE": "desktop"}), given))

    assert by_history == ["item-9-1", "item-2-1"]
    assert set(on_phone[:2]) == set(on_desktop[2:]) == {"item-2-1", "item-2-2"}


def test_the_dimensions_that_tuning_chose_are_those_of_the_contents():
    def recipe(dimensions):
        data = replace(data_for("aws-similar-items"), parameters={"item_metadata_hidden_dim": dimensions})
        return RECIPES["aws-similar-items"].recommender.fit(data, {})

    assert not np.array_equal(
        recipe("2").score(Query(item_id="item-1-1")), recipe("60").score(Query(item_id="item-1-1"))
    )
