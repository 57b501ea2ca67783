"""Next best actions: a likelihood where enough is known, what is over is not offered, and value decides ties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.datasets.catalogue import Catalogue, CatalogueItem
from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.recipes.actions.action_evidence import MIN_ANSWERS, find_offers
from model.recipes.actions.next_best_action import NextBestAction
from model.recipes.recipe import Event, Query
from tests.factories.fitted_recipes import fitted, ids, trained
from tests.factories.training_data import answers

NAME = "aws-next-best-action"
DAY = 86_400


def catalogue(**numbers):
    size = max(len(values) for values in numbers.values())
    return Catalogue([f"a{n}" for n in range(size)], [()] * size, [0] * size, numbers)


def rows_of(action, taken, declined, *, start=0, kind="Not taken"):
    yes = [(f"{action}-y{n}", action, start + n, "Taken") for n in range(taken)]
    return yes + [(f"{action}-n{n}", action, start + n, kind) for n in range(declined)]


def learnt(rows, actions=None):
    return NextBestAction.fit(TrainingData(from_rows(rows), actions or Catalogue()), {})


def test_an_action_has_a_likelihood_from_fifty_taken_and_fifty_not():
    rows = [
        *rows_of("enough", MIN_ANSWERS, MIN_ANSWERS, kind="VIEWED"),
        *rows_of("no-taker", MIN_ANSWERS - 1, 500),
        *rows_of("no-decliner", 500, MIN_ANSWERS - 1),
    ]

    recipe = learnt(rows)
    likely = dict(zip(recipe.item_ids, recipe.propensity(Query()).tolist(), strict=True))

    assert 0.3 < likely["enough"] < 0.7
    assert likely["no-taker"] == likely["no-decliner"] == 0.0


def test_answers_older_than_six_weeks_before_the_newest_do_not_count_for_it():
    old, new = rows_of("old", 60, 60), rows_of("new", 60, 60, start=43 * DAY)

    likely = learnt(old + new).propensity(Query()).tolist()

    assert likely[0] == 0.0
    assert likely[1] > 0.0


def test_without_any_answers_all_actions_are_offered_with_nothing_promised():
    recipe = learnt([], catalogue(VALUE=[1.0, 9.0, 3.0]))

    answer = recipe.recommend(Query(user="u", now=5), 5)

    assert sorted(ids(answer)) == ["a0", "a1", "a2"]
    assert {entry.score for entry in answer} == {0.0}


def test_users_are_offered_what_users_like_them_take():
    recipe = trained(NAME)

    young = ids(recipe.recommend(Query(user="new", user_features=("AGE=18-24",)), 3))
    old = ids(recipe.recommend(Query(user="new", user_features=("AGE=45+",)), 3))

    assert set(young) == {"action-0", "action-2", "action-4"}
    assert set(old) == {"action-1", "action-3", "action-5"}


def test_scores_are_likelihoods_and_fall():
    answer = trained(NAME).recommend(Query(user="new", user_features=("AGE=45+",)), 6)

    scores = [entry.score for entry in answer]
    assert all(0 < score < 1 for score in scores)
    assert scores[0] > 0.5 > scores[-1]
    steps = [int(score * 100 + 1e-6) for score in scores]
    assert steps == sorted(steps, reverse=True)


def test_of_equally_likely_actions_the_one_of_greater_value_comes_first():
    rows = [*rows_of("a0", 80, 80), *rows_of("a1", 80, 80), *rows_of("a2", 80, 80)]
    recipe = learnt(rows, catalogue(VALUE=[2.0, 10.0, 5.0]))

    assert ids(recipe.recommend(Query(), 3)) == ["a1", "a2", "a0"]


@pytest.mark.parametrize("column", ["EXPIRATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP"])
def test_an_action_is_offered_until_it_expires(column):
    recipe = learnt([*rows_of("a0", 80, 80), *rows_of("a1", 80, 80)], catalogue(**{column: [1000.0, np.nan]}))

    assert set(ids(recipe.recommend(Query(now=999), 5))) == {"a0", "a1"}
    assert ids(recipe.recommend(Query(now=1000), 5)) == ["a1"]
    recipe.add_item(CatalogueItem("a0", numbers={column: 5000.0}))
    assert set(ids(recipe.recommend(Query(now=1000), 5))) == {"a0", "a1"}


@pytest.mark.parametrize(("kind", "rests"), [("Taken", True), ("NOT_TAKEN", True), ("Viewed", False)])
def test_an_answered_action_rests_for_its_repeat_frequency(kind, rests):
    recipe = learnt([*rows_of("a0", 80, 80), *rows_of("a1", 80, 80)], catalogue(REPEAT_FREQUENCY=[7.0, np.nan]))

    for action in ("a0", "a1"):
        recipe.update(Event(action, 1000, [], first=True, user="me", event_type=kind))

    offered = ids(recipe.recommend(Query(user="me", now=1000 + 6 * DAY), 5))
    assert ("a0" not in offered) == rests
    assert "a1" in offered
    assert "a0" in ids(recipe.recommend(Query(user="me", now=1000 + 7 * DAY), 5))
    assert "a0" in ids(recipe.recommend(Query(user="you", now=1000), 5))


def test_answers_change_what_the_user_is_offered_next_and_are_kept_on_disk(tmp_path):
    recipe = fitted(NAME)
    recipe.save(tmp_path)
    before = float(recipe.propensity(Query(user="user-3")).sum())

    for number in range(20):
        recipe.update(Event("action-1", number, [], first=True, user="user-3", event_type="Not taken"))

    assert float(recipe.propensity(Query(user="user-3")).sum()) < before
    loaded = NextBestAction.load(tmp_path)
    assert float(loaded.propensity(Query(user="user-3")).sum()) == pytest.approx(before)


def test_an_untried_action_gets_the_last_place_and_another_one_each_day():
    recipe = fitted(NAME)
    for number in range(3):
        recipe.add_item(CatalogueItem(f"new-{number}"))

    answers_by_day = [recipe.recommend(Query(user="p", now=day * DAY), 5) for day in range(9)]

    last = [entry[-1] for entry in answers_by_day]
    assert {entry.item_id for entry in last} == {"new-0", "new-1", "new-2"}
    assert {entry.score for entry in last} == {0.0}
    assert all(entry.score > 0 for answer in answers_by_day for entry in answer[:-1])


def test_an_offer_that_is_taken_within_the_period_was_not_declined():
    rows = [
        ("u", "a", 0, "Viewed"),
        ("u", "a", 10 * DAY, "TAKEN"),
        ("v", "a", 0, "Viewed"),
        ("v", "a", 20 * DAY, "Taken"),
    ]

    offers = find_offers(from_rows(rows), ["a"], 14 * DAY)

    assert [(int(user), float(taken)) for user, taken in zip(offers.users, offers.taken, strict=True)] == [
        (0, 1.0),
        (1, 0.0),
        (1, 1.0),
    ]


def test_who_took_one_action_is_likelier_to_take_what_such_users_take():
    rows = []
    for user in range(400):
        first = user % 2 == 0
        rows.append((f"u{user}", "first", user, "Taken" if first else "Not taken"))
        likely = (user // 2) % 10 < (8 if first else 2)
        rows.append((f"u{user}", "second", 1000 + user, "Taken" if likely else "Not taken"))
        rows.append((f"u{user}", "third", 2000 + user, "Taken" if user % 3 else "Not taken"))
    recipe = learnt(rows)
    place = recipe.item_ids.index("second")

    recipe.update(Event("first", 5000, [], first=True, user="did", event_type="Taken"))
    recipe.update(Event("first", 5000, [], first=True, user="not", event_type="Not taken"))

    did, did_not = (float(recipe.propensity(Query(user=entry))[place]) for entry in ("did", "not"))
    assert did > did_not + 0.2


def test_features_known_at_training_need_the_question_to_name_them():
    data = answers()
    without = NextBestAction.fit(replace(data, users=Catalogue()), {})

    assert not np.allclose(trained(NAME).propensity(Query(user_features=("AGE=45+",))), without.propensity(Query()))
