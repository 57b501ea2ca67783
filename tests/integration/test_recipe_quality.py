"""The recipes on real data are as good as they have been: figures that a change must not lower beyond the noise.

Each threshold lies below the figure of the day it was set, by about twice the standard error of so many questions.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.datasets.interactions import Interactions, from_columns
from model.datasets.training_data import TrainingData
from model.evaluation.evaluate import Result, ask_for_new_items, evaluate, seen_share
from model.evaluation.lists import full_lists
from model.evaluation.splits import Split, leave_last_out, next_event_questions, next_events
from model.recipes.recipe import REPEATS, Recipe
from model.registry.recipes import RECIPES
from tests.factories.data_sets.gowalla import gowalla
from tests.factories.data_sets.shared_data import shared

PERSONAL = "aws-user-personalization-v2"
QUESTIONS = 6000
MAX_SEEN = 0.02  # share of items that the user has seen in the first ten places, where nothing filters them out
ONE_IN = 8  # users of Gowalla


def interactions(users, items, times) -> Interactions:
    """Make interactions of columns of numbers."""
    user_ids, user_of = np.unique(users, return_inverse=True)
    things, item_of = np.unique(items, return_inverse=True)
    ids = ([str(user) for user in user_ids.tolist()], [str(thing) for thing in things.tolist()], ["View"])
    kinds = np.zeros(len(users), np.int16)
    return from_columns(ids, user_of.astype(np.int32), item_of.astype(np.int32), kinds, times.astype(np.int64))


def clicks(name):
    """Read sessions; the clicks of one second keep their order in milliseconds."""
    rows = np.loadtxt(shared("yoochoose-100k") / f"yoochoose-clicks-100k_{name}.txt", skiprows=1)
    return rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), rows[:, 2] * 1000


def next_click() -> Split:
    """Ask for every click but the first of each test session, as session-rec does."""
    train, test = interactions(*clicks("train_full")), interactions(*clicks("test"))
    return Split(train, next_event_questions(test), "next click").sample(QUESTIONS)


def last_review() -> Split:
    """Return the last item of each reviewer as the target; the file holds the order, not the time."""
    rows = np.loadtxt(shared("beauty-sas") / "beauty.txt", dtype=np.int64)
    return leave_last_out(interactions(rows[:, 0], rows[:, 1], np.arange(len(rows)))).sample(QUESTIONS)


def next_film() -> Split:
    """Ask for each of the newest tenth of the ratings, given all that the user rated before it."""
    rows = np.loadtxt(shared("ml-latest-small") / "ratings.csv", delimiter=",", skiprows=1)
    users, items = rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64)
    return next_events(interactions(users, items, rows[:, 3]), 0.1).sample(QUESTIONS)


def next_places() -> Split:
    """Ask some users for the places that LightGCN's split keeps from them; no check-in has a time."""
    whole = gowalla()
    train = whole.train.where(whole.train.users % ONE_IN == 0).without_unused()
    users = set(train.user_ids)
    return replace(whole, train=train, questions=[question for question in whole.questions if question.user in users])


def new_click() -> Split:
    """Ask for the clicks on items that are new to the session."""
    split = next_click()
    return replace(split, questions=ask_for_new_items(split.questions))


def judged(split: Split, *, repeats: bool) -> tuple[Result, Recipe]:
    """Train the recipe as the engine does and judge it."""
    data = RECIPES[PERSONAL].prepare(TrainingData(split.train, parameters={REPEATS: str(repeats).lower()}))
    algorithm = RECIPES[PERSONAL].recommender
    recipe = algorithm.fit(data, algorithm.tune(data))
    return evaluate(recipe, split, (10, 20), hide_seen=not repeats), recipe


@pytest.mark.parametrize(
    ("make_split", "bounds"),
    [
        (next_click, {"hr@20": 0.680, "mrr@20": 0.355}),
        (new_click, {"hr@20": 0.538, "mrr@20": 0.252}),
        (last_review, {"hr@10": 0.0495, "ndcg@10": 0.0320}),
        (next_film, {"hr@10": 0.090, "ndcg@10": 0.050}),
        (next_places, {"recall@20": 0.121, "ndcg@20": 0.101}),  # without the graph filter 0.113 and 0.093
    ],
)
def test_the_next_item_is_found_and_lists_hold_what_is_new(make_split, bounds):
    split, repeats = make_split(), make_split is next_click

    result, recipe = judged(split, repeats=repeats)

    for metric, bound in bounds.items():
        assert result.mean(metric) > bound
    if not repeats:
        unfiltered = full_lists(recipe, split, 10, hide_seen=False)
        assert seen_share(unfiltered, split, 10) <= MAX_SEEN
