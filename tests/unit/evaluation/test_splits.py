"""Splits: what is asked for is never learnt from, and each question knows what came before it and no more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.datasets.catalogue import Catalogue
from model.datasets.interactions import ContextColumn, Interactions, from_rows
from model.evaluation.splits import (
    UnsplittableError,
    by_time,
    given_test_set,
    hold_out_users,
    leave_last_out,
    next_event_questions,
    next_events,
)

ROWS = [
    ("anna", "a", 1),
    ("anna", "b", 2),
    ("anna", "c", 9),
    ("anna", "c", 10),
    ("bert", "a", 3),
    ("carl", "d", 9),
    ("carl", "a", 10),
]


def described(questions):
    return [(question.user, list(question.history), question.wanted, question.moment) for question in questions]


def pairs(interactions):
    return sorted(
        (interactions.user_ids[user], interactions.item_ids[item], time)
        for user, item, time in zip(
            interactions.users.tolist(), interactions.items.tolist(), interactions.times.tolist(), strict=True
        )
    )


def test_the_last_event_of_each_user_with_two_is_held_out():
    split = leave_last_out(from_rows(ROWS))

    assert described(split.questions) == [("anna", ["c", "b", "a"], ("c",), 10), ("carl", ["d"], ("a",), 10)]
    assert pairs(split.train) == sorted(set(ROWS) - {("anna", "c", 10), ("carl", "a", 10)})


def test_a_second_split_of_what_is_learnt_from_makes_a_validation_set():
    inner = leave_last_out(leave_last_out(from_rows(ROWS)).train)

    assert described(inner.questions) == [("anna", ["b", "a"], ("c",), 9)]


def test_by_time_asks_each_user_once_for_all_that_is_newer_than_the_cut():
    split = by_time(from_rows(ROWS), share=0.5)

    assert described(split.questions) == [("anna", ["b", "a"], ("c",), 9), ("carl", [], ("d", "a"), 9)]
    assert pairs(split.train) == [("anna", "a", 1), ("anna", "b", 2), ("bert", "a", 3)]


def test_next_events_know_the_newer_events_before_them_though_the_model_does_not():
    split = next_events(from_rows(ROWS), share=0.5)

    assert described(split.questions) == [
        ("anna", ["b", "a"], ("c",), 9),
        ("anna", ["c", "b", "a"], ("c",), 10),
        ("carl", ["d"], ("a",), 10),
    ]
    assert split.train.times.max() < 9


def test_of_held_out_users_nothing_is_learnt_and_the_newest_tenth_is_wanted():
    rows = [(f"user-{n}", f"item-{place}", place) for n in range(20) for place in range(30)]
    split = hold_out_users(from_rows(rows), share=0.25)

    asked = {question.user for question in split.questions}
    assert len(asked) == 5
    assert asked.isdisjoint(user for user, _, _ in pairs(split.train))
    assert split.questions[0].wanted == ("item-27", "item-28", "item-29")
    assert split.questions[0].history[:2] == ["item-26", "item-25"]
    assert split.questions[0].history[-1] == "item-0"


def test_every_event_of_a_test_file_but_the_first_of_a_session_is_asked_for():
    sessions = from_rows([("s1", "a", 1), ("s1", "b", 2), ("s1", "a", 3), ("s2", "z", 5)])

    assert described(next_event_questions(sessions)) == [
        ("s1", ["a"], ("b",), 2),
        ("s1", ["b", "a"], ("a",), 3),
    ]


def test_a_published_test_set_is_asked_for_with_the_whole_training_set_as_history():
    split = given_test_set(from_rows(ROWS), {"anna": ["x", "y", "x"], "new": ["a"], "bert": []})

    assert described(split.questions) == [("anna", ["c", "c", "b", "a"], ("x", "y"), 10), ("new", [], ("a",), 0)]


def test_questions_carry_the_circumstances_of_the_first_event_to_find_and_what_is_known_of_the_user():
    known = from_rows([("anna", "a", 1), ("anna", "b", 2), ("bert", "a", 1), ("bert", "c", 2)])
    column = ContextColumn(["desktop", "phone"], np.array([0, 1, 0, -1], np.int32))
    with_context = Interactions(
        known.user_ids,
        known.item_ids,
        known.event_types,
        known.users,
        known.items,
        known.kinds,
        known.times,
        known.weights,
        {"DEVICE": column},
    )
    split = leave_last_out(with_context).with_users(Catalogue(["bert"], [("AGE=45+",)], [0]))

    assert [question.context for question in split.questions] == [{"DEVICE": "phone"}, {}]
    assert [question.features for question in split.questions] == [(), ("AGE=45+",)]


def test_a_sample_of_the_questions_is_the_same_every_time_and_keeps_their_order():
    split = next_event_questions(from_rows([("one", f"item-{n}", n) for n in range(1000)]))
    asked = next_events(from_rows([("one", f"item-{n}", n) for n in range(1000)]), 0.5)

    few = asked.sample(20)
    moments = [question.moment for question in few.questions]
    assert len(moments) == 20
    assert moments == sorted(moments)
    assert moments == [question.moment for question in asked.sample(20).questions]
    assert len(split) == 999


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: by_time(from_rows([("anna", "a", 5), ("anna", "b", 5)])), "have the time 5"),
        (lambda: by_time(from_rows([])), "no interactions"),
        (lambda: by_time(from_rows(ROWS), 1.5), "between 0 and 1"),
        (lambda: leave_last_out(from_rows([("anna", "a", 5), ("bert", "b", 5)])), "none of 2 users has two"),
        (lambda: hold_out_users(from_rows([("anna", "a", 5), ("anna", "b", 6)])), "at least one user must stay"),
    ],
)
def test_what_cannot_be_split_is_refused_with_the_reason(make, words):
    with pytest.raises(UnsplittableError, match=words):
        make()


@given(
    st.lists(
        st.tuples(st.sampled_from("uvwxyz"), st.sampled_from("abcdefgh"), st.integers(0, 30)), min_size=5, max_size=60
    ),
    st.sampled_from([leave_last_out, by_time, next_events, hold_out_users]),
)
def test_no_split_learns_from_the_time_it_asks_about(rows, split_by):
    known = from_rows(rows)
    try:
        split = split_by(known)
    except UnsplittableError:
        return
    learnt = pairs(split.train)
    for question in split.questions:
        assert question.wanted
        own = [time for user, _, time in learnt if user == question.user]
        assert all(time <= question.moment for time in own)
        if split_by is by_time:
            assert all(time < question.moment for _, _, time in learnt)
        mine = [item for user, item, _ in pairs(known) if user == question.user]
        assert set(question.history) | set(question.wanted) <= set(mine)
