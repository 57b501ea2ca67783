"""Answers the questions of a split with lists, from a recipe or from a model that scores all items in batches."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

import numpy as np

from model.arrays.top_k import NEVER, top_k
from model.evaluation.splits import History
from model.recipes.recipe import Query, Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from model.evaluation.splits import EvaluationQuestion, Split

BATCH = 512  # users scored at once: 80 MB of scores at 41,000 items
NOTHING = -1  # fills the positions beyond the end of a shorter list


@runtime_checkable
class BatchScorer(Protocol):
    """A model that scores all items for many users at once, by the users' numbers in its training interactions."""

    def scores(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return scores of shape (users, items of the interactions); the caller may change them in place."""
        ...


Recommender = Recipe | BatchScorer


@dataclass(frozen=True)
class Lists:
    """The answers to the questions of a split.

    Attributes
    ----------
    places : int32 array of shape (questions, depth)
        Positions in `item_ids`, best first; `NOTHING` where an answer is shorter.
    milliseconds : float array of shape (questions,)
        Duration of each answer; in a batch, the batch's duration divided by its questions.
    """

    item_ids: list[str]
    places: NDArray[np.int32]
    milliseconds: NDArray[np.float64]


def query_of(
    question: EvaluationQuestion,
    seen: NDArray[np.int64] | None = None,
    allowed: NDArray[np.bool_] | None = None,
    *,
    repeats: bool | None = None,
) -> Query:
    """Return the query of a question; item-to-item recipes get the latest item of the history.

    Parameters
    ----------
    seen : int array, optional
        The positions in the recipe of the items of the history.
    allowed : bool array of shape (items of the recipe,), optional
    repeats : bool, optional
        Whether to list items of the history; by default, as the recipe was trained.
    """
    return Query(
        history=question.history,
        item_id=question.history[0] if len(question.history) else None,
        user=question.user,
        now=question.moment,
        allowed=allowed,
        context=question.context,
        user_features=question.features,
        seen=seen,
        repeats=repeats,
    )


def full_lists(
    recommender: Recommender, split: Split, depth: int, *, hide_seen: bool, repeats: bool | None = None
) -> Lists:
    """Rank the whole catalogue for each question; a batch scorer gets the users' numbers in `split.train`.

    Parameters
    ----------
    hide_seen : bool
        Whether to filter items of the history out of the lists.
    repeats : bool, optional
        Whether a recipe lists items of the history where they are not filtered; by default, as it was trained.
    """
    if not isinstance(recommender, Recipe):
        return _batched(recommender, split, depth, hide_seen=hide_seen)
    locate = locator(split, recommender.item_ids)
    place_of = {item: place for place, item in enumerate(recommender.item_ids)}
    lists = np.full((len(split.questions), depth), NOTHING, np.int32)
    took = np.zeros(len(split.questions))
    for number, question in enumerate(split.questions):
        allowed, seen = None, locate(question.history)
        if hide_seen:
            allowed = np.ones(len(recommender.item_ids), np.bool_)
            allowed[seen] = False
        query = query_of(question, seen, allowed, repeats=repeats)
        start = time.perf_counter()
        answer = recommender.recommend(query, depth)
        took[number] = (time.perf_counter() - start) * 1000
        lists[number, : len(answer)] = [place_of[entry.item_id] for entry in answer]
    return Lists(recommender.item_ids, lists, took)


def sampled_lists(
    recommender: Recommender, split: Split, depth: int, negatives: int, seed: int, *, repeats: bool | None = None
) -> Lists:
    """Rank the wanted items of each question among sampled items that are neither seen nor wanted.

    The protocol of NCF (He et al., 2017, 99 negatives). It predicts the ranking of a whole catalogue badly and can
    even reverse the order of models (Krichene and Rendle, 2020), so its metrics are never compared with others.

    Parameters
    ----------
    repeats : bool, optional
        Whether a recipe ranks items of the history as others; by default, as it was trained.
    seed : int
        The same seed samples the same items for all models with the same catalogue.

    Returns
    -------
    Lists
        At equal scores, wanted items are ranked last.
    """
    item_ids = recommender.item_ids if isinstance(recommender, Recipe) else split.train.item_ids
    locate = locator(split, item_ids)
    random = np.random.default_rng(seed)
    lists = np.full((len(split.questions), depth), NOTHING, np.int32)
    took = np.zeros(len(split.questions))
    for number, (scores, milliseconds, seen) in enumerate(_scored(recommender, split, locate, repeats)):
        wanted = locate(split.questions[number].wanted)
        drawn = _drawn(random, len(item_ids), np.concatenate([seen, wanted]), negatives)
        candidates = np.concatenate([drawn, wanted])
        chosen = candidates[top_k(scores[candidates], depth)]
        lists[number, : chosen.size] = chosen
        took[number] = milliseconds
    return Lists(item_ids, lists, took)


def locator(split: Split, item_ids: list[str]) -> Callable[[Sequence[str]], NDArray[np.int64]]:
    """Return a function that maps items to their positions in `item_ids`; other items are left out."""
    place_of = {item: place for place, item in enumerate(item_ids)}
    known = split.train.item_ids
    # Histories hold numbers of the split's items, so they need no look-up by id.
    table = np.array([place_of.get(item, NOTHING) for item in known], np.int64)

    def locate(items: Sequence[str]) -> NDArray[np.int64]:
        if isinstance(items, History) and items.item_ids is known:
            found: NDArray[np.int64] = table[items.places]
            return np.compress(found != NOTHING, found)
        return np.array([place_of[item] for item in items if item in place_of], np.int64)

    return locate


def _batched(scorer: BatchScorer, split: Split, depth: int, *, hide_seen: bool) -> Lists:
    item_ids = split.train.item_ids
    lists = np.full((len(split.questions), depth), NOTHING, np.int32)
    took = np.zeros(len(split.questions))
    for number, (scores, milliseconds, seen) in enumerate(_scored(scorer, split, locator(split, item_ids))):
        if hide_seen:
            scores[seen] = NEVER
        start = time.perf_counter()
        answer = top_k(scores, depth)
        took[number] = milliseconds + (time.perf_counter() - start) * 1000
        lists[number, : answer.size] = answer
    return Lists(item_ids, lists, took)


def _scored(
    recommender: Recommender,
    split: Split,
    locate: Callable[[Sequence[str]], NDArray[np.int64]],
    repeats: bool | None = None,
) -> Iterator[tuple[NDArray[np.float32], float, NDArray[np.int64]]]:
    """Yield for each question the scores of all items, their duration in milliseconds, and the seen items."""
    if isinstance(recommender, Recipe):
        for question in split.questions:
            seen = locate(question.history)
            query = query_of(question, seen, repeats=repeats)
            start = time.perf_counter()
            scores = recommender.score(query)
            yield scores, (time.perf_counter() - start) * 1000, seen
        return
    number_of = {user: number for number, user in enumerate(split.train.user_ids)}
    users = np.array([number_of.get(question.user, NOTHING) for question in split.questions], np.int32)
    if (users == NOTHING).any():
        stranger = split.questions[int((users == NOTHING).argmax())].user
        raise ValueError(f"{stranger} is not a user of the training data; a batch scorer scores no others")
    for begin in range(0, users.size, BATCH):
        asked = users[begin : begin + BATCH]
        start = time.perf_counter()
        together = recommender.scores(asked)
        each = (time.perf_counter() - start) * 1000 / asked.size
        for row, question in zip(together, split.questions[begin : begin + BATCH], strict=True):
            yield cast("NDArray[np.float32]", row), each, locate(question.history)


def _drawn(random: np.random.Generator, size: int, without: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Sample up to `count` distinct positions below `size` that are not among `without`."""
    banned = np.unique(without)
    if size - banned.size <= count:
        return np.setdiff1d(np.arange(size), banned)
    found = np.empty(0, np.int64)
    while found.size < count:
        more = random.integers(0, size, 2 * count)
        merged = np.concatenate([found, more[~np.isin(more, banned)]])
        _, first = np.unique(merged, return_index=True)
        found = merged[np.sort(first)]
    return found[:count]
