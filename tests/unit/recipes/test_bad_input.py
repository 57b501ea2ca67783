"""Bad input over all recipes: a clear refusal or a sensible answer, and popular items with their reason."""

from __future__ import annotations

import copy
import functools
import itertools
from dataclasses import replace

import numpy as np
import pytest

from model.arrays.top_k import NEVER
from model.datasets.catalogue import Catalogue, CatalogueItem
from model.datasets.training_data import TrainingData
from model.recipes.personalization import cold_start
from model.recipes.recipe import EXPLORATION, POPULAR, Event, Query, UnsuitableDataError
from model.recipes.segments.segment_recipe import SegmentRecipe
from model.recipes.segments.user_segments import UserSegments
from model.registry.recipes import RECIPES
from tests.factories.bad_data import CASES, LATEST, ODD_IDS, START, answered, catalogue, of_one_type, of_one_user
from tests.factories.fitted_recipes import ANSWERING, NETWORKS, OF_ITEMS, ids, trained
from tests.factories.networks import network_of

pytestmark = pytest.mark.filterwarnings("error")  # of numpy: what is not a number must not come about on the way

SEGMENTS = [name for name, named in RECIPES.items() if issubclass(named.algorithm, SegmentRecipe)]
FALLING_BACK = [name for name in OF_ITEMS if RECIPES[name].kind != "POPULAR_ITEMS"]
ONE_OF_EACH = list({RECIPES[name].algorithm: name for name in (*ANSWERING, *SEGMENTS)}.values())
UNINFORMATIVE = {"nothing", "one event", "no features"}
REFUSED = {
    ("aws-semantic-similarity", "no item has a text or a category"): UNINFORMATIVE,
    ("aws-hrnn-coldstart", "there are 0 cold items"): {"nothing", "no events"},
}


@pytest.fixture(autouse=True)
def few_cold_items(monkeypatch):
    """Let one cold item do for the recipe that needs a hundred of them."""
    monkeypatch.setattr(cold_start, "MIN_COLD", 1)


def learnt(name, data, *, tuned=True):
    """Return a recipe that has learnt from data, as a training has it learn."""
    named = replace(RECIPES[name], required_events=())
    kind = (RECIPES[name].required_events or ("View",))[0]
    given = answered(data, "Taken") if named.recommends_actions else of_one_type(data, kind)
    if not named.makes_segments and issubclass(named.algorithm, cold_start.ColdStart):
        given = replace(given, parameters={cold_start.MAX_INTERACTIONS: "1000", cold_start.MAX_DAYS: "1e9"})
    prepared = named.prepare(given)
    return named.algorithm.fit(prepared, named.algorithm.tune(prepared) if tuned else {})


def learnt_or_refused(name, case):
    """Return a recipe; None where the data are refused, and rightly so."""
    for (recipe, words), cases in REFUSED.items():
        if recipe == name and case in cases:
            with pytest.raises(UnsuitableDataError, match=words):
                learnt(name, CASES[case])
            return None
    return learnt(name, CASES[case])


def questions(recipe):
    """Yield odd queries and usual ones."""
    known = recipe.item_ids
    first, last = (known[0], known[-1]) if known else ("none", "none")
    usual = Query(history=known[:3], item_id=first, user="user-0", now=START)
    yield Query()
    yield Query(item_id="unheard-of", history=["unheard-of", *ODD_IDS])
    yield replace(usual, user_features=("AGE=1", "AGE=7"), context={"DEVICE": "phone"})
    yield replace(usual, history=[last], item_id=last, now=0)
    yield replace(usual, history=[first] * 100, now=LATEST)
    yield replace(usual, exploration=1.0, explored_age_days=0.0)
    yield Query(item_id=first, user=ODD_IDS[3], exploration=1.0, explored_age_days=1e9)
    yield replace(usual, influence={"POPULARITY": 1.0, "FRESHNESS": 1.0})
    yield replace(usual, exploration=1.0, allowed=np.zeros(len(known), np.bool_))
    yield replace(usual, exploration=1.0, allowed=np.arange(len(known)) == len(known) - 1)


def check_answer(recipe, asked, count, *, is_sorted=True):
    """Check that an answer is as full as can be, without doubles, finite, sorted, and agrees with the scores."""
    scores, answer = recipe.score(asked), recipe.recommend(asked, count)
    place_of = {item: place for place, item in enumerate(recipe.item_ids)}
    shown = scores > NEVER if asked.allowed is None else asked.allowed & (scores > NEVER)
    scores_in_answer = [entry.score for entry in answer if entry.score is not None]

    assert scores.shape == (len(recipe.item_ids),)
    assert not np.isnan(scores).any()
    assert not np.isposinf(scores).any()
    assert len(set(ids(answer))) == len(answer) == min(max(0, count), int(shown.sum()))
    assert all(shown[place_of[entry.item_id]] for entry in answer)
    assert np.isfinite(scores_in_answer).all()
    if is_sorted:
        ranked = [float(scores[place_of[entry.item_id]]) for entry in answer if entry.reason != EXPLORATION]
        assert ranked == sorted(ranked, reverse=True)
        assert scores_in_answer == sorted(scores_in_answer, reverse=True)


def check_explanations(recipe, asked):
    """Check that explanations sum to the scores."""
    scores = recipe.score(asked)
    shown = np.flatnonzero(scores > NEVER)[:10].tolist()
    for place, parts in zip(shown, recipe.explain_all(asked, [recipe.item_ids[place] for place in shown]), strict=True):
        assert sum(part.weight for part in parts) == pytest.approx(float(scores[place]), abs=1e-4, rel=1e-4)


def check(recipe, directory, *, is_sorted=True):
    """Check a recipe before and after saving, and after updates with odd items and events."""
    recipe.save(directory)
    loaded = type(recipe).load(directory)
    for asked in questions(recipe):
        check_answer(recipe, asked, 25, is_sorted=is_sorted)
        assert loaded.recommend(asked, 25) == recipe.recommend(asked, 25)
    for asked in itertools.islice(questions(recipe), 1, 4):
        check_explanations(recipe, asked)
    update_oddly(loaded)
    for asked in questions(loaded):
        check_answer(loaded, asked, 25, is_sorted=is_sorted)


def update_oddly(recipe):
    """Update a recipe with items and events that no shop has."""
    known = list(recipe.item_ids)
    for item in ("new", "new", *ODD_IDS):
        recipe.add_item(CatalogueItem(item, ("CATEGORY=c1", "A=unheard of"), LATEST, {"PRICE": float("inf")}))
    recipe.add_item(CatalogueItem("bare", (), 0, {"PRICE": float("nan")}))
    for time in (0, START, LATEST, -1):
        for item in ("new", "unheard-of", *known[:2]):
            recipe.update(Event(item, time, ["new", "unheard-of", item, *known], first=True, user=" ", event_type=""))
    assert recipe.item_ids[: len(known)] == known
    assert len(set(recipe.item_ids)) == len(recipe.item_ids)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ANSWERING)
def test_bad_data_are_refused_or_answered_sensibly(name, case, tmp_path):
    recipe = learnt_or_refused(name, case)

    if recipe is not None:
        check(recipe, tmp_path, is_sorted=not RECIPES[name].recommends_actions)


@pytest.mark.parametrize("case", sorted({*CASES} - {"nothing", "no events"}))
@pytest.mark.parametrize("name", NETWORKS)
def test_what_a_network_learnt_of_bad_data_is_answered_sensibly(name, case, tmp_path):
    check(network_of(name, CASES[case]), tmp_path)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", SEGMENTS)
def test_segments_of_bad_data_hold_everybody_at_most_once(name, case, tmp_path):
    recipe = learnt(name, CASES[case])
    recipe.save(tmp_path)
    loaded = type(recipe).load(tmp_path)

    for item in range(min(3, len(recipe.item_ids))):
        segment = recipe.ranked(np.array([item]), 20).tolist()
        assert len(set(segment)) == len(segment) == min(20, len(recipe.user_ids))
        assert loaded.ranked(np.array([item]), 20).tolist() == segment
        assert recipe.ranked(np.array([item]), 0).size == 0
    with pytest.raises(LookupError, match=r"unheard-of"):
        recipe.segment("unheard-of", 5)


@pytest.mark.parametrize("name", ANSWERING)
def test_a_recipe_with_odd_updates_can_be_saved_again(name, tmp_path):
    recipe = copy.deepcopy(trained(name))
    update_oddly(recipe)
    recipe.save(tmp_path)

    loaded = type(recipe).load(tmp_path)

    assert loaded.item_ids == recipe.item_ids
    for asked in questions(loaded):
        check_answer(loaded, asked, 25, is_sorted=not RECIPES[name].recommends_actions)


@pytest.mark.parametrize("name", ANSWERING)
@pytest.mark.parametrize("count", [-1, 0, 1, 10_000])
def test_any_number_of_items_may_be_wanted_after_any_history(name, count):
    recipe = trained(name)
    history = (recipe.item_ids * 100)[:10_000]

    check_answer(recipe, Query(history, recipe.item_ids[3], "p"), count, is_sorted=not RECIPES[name].recommends_actions)
    check_answer(recipe, Query([], None, "p"), count, is_sorted=not RECIPES[name].recommends_actions)


@functools.cache
def one_user_of_many_events():
    """Return a recipe trained on a hundred thousand events of one user."""
    return TrainingData(of_one_user(100_000, 1000), catalogue([f"item-{place}" for place in range(1000)]))


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_hundred_thousand_events_of_one_user_are_learnt_from(name):
    data = one_user_of_many_events()
    recipe = learnt(name, data, tuned=False)

    if isinstance(recipe, UserSegments):
        assert recipe.ranked(np.array([0]), 5).tolist() == [0]
        return
    history = [data.interactions.item_ids[item] for item in data.interactions.items[::-1].tolist()]
    check_answer(recipe, Query(history, history[0], "user-0"), 25, is_sorted=not RECIPES[name].recommends_actions)


@pytest.mark.parametrize("name", [*ANSWERING, *SEGMENTS])
@pytest.mark.parametrize("whose", ["catalogue", "users"])
def test_an_id_that_stands_there_twice_is_refused(name, whose):
    twice = Catalogue(["a", "b", "a"], [()] * 3, [0] * 3)

    with pytest.raises(UnsuitableDataError, match="there are 2 rows of the id 'a'"):
        learnt(name, replace(CASES["no features"], **{whose: twice}))


@pytest.mark.parametrize("name", FALLING_BACK)
def test_popular_items_carry_their_reason(name):
    """Given a new user, or a history of unknown items, then every item has the reason `Popular item`."""
    recipe = copy.deepcopy(trained(name))
    recipe.add_item(CatalogueItem("silent"))

    for asked in (Query(), Query(["unheard-of"], "unheard-of"), Query(["silent"], "silent")):
        assert {entry.reason for entry in recipe.recommend(asked, 25)} - {EXPLORATION} == {POPULAR}


@pytest.mark.parametrize("name", FALLING_BACK)
def test_items_that_a_history_contributes_to_are_not_labelled_popular(name):
    answer = trained(name).recommend(Query(["item-1-1", "item-1-2"], "item-1-1"), 5)

    assert {entry.reason for entry in answer} <= {None, EXPLORATION}


@pytest.mark.parametrize("name", [name for name in FALLING_BACK if RECIPES[name].kind == "PERSONALIZED_RANKING"])
def test_a_ranking_by_what_is_popular_says_so_and_items_without_a_score_say_nothing(name):
    recipe = copy.deepcopy(trained(name))
    recipe.add_item(CatalogueItem("silent"))
    given = ["item-1-1", "silent", "item-2-2", "unheard-of"]

    stranger = {entry.item_id: entry.reason for entry in recipe.rank(Query(), given)}
    known = {entry.item_id: entry.reason for entry in recipe.rank(Query(["item-1-2"]), given)}

    assert stranger == {"item-1-1": POPULAR, "item-2-2": POPULAR, "silent": None, "unheard-of": None}
    assert known["item-1-1"] is None


def test_what_is_trending_when_nothing_moves_is_what_is_popular_and_says_so():
    recipe = copy.deepcopy(trained("aws-trending-now"))
    for moment in range(50):
        recipe.update(Event("item-1-1", START + 7 * 86_400 + moment, [], first=True))

    assert [entry.reason for entry in recipe.recommend(Query(), 2)] == [None, POPULAR]
    assert {entry.reason for entry in recipe.recommend(Query(now=LATEST), 5)} == {POPULAR}
