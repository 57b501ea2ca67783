"""Splits: what a recipe may learn from, and the questions that are put to it afterwards.

Each function returns the interactions to train on, with the numbers of users and items as they were, and questions
whose right answers are not among them. A split of `split.train` gives a validation set in the same manner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, overload

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from model.datasets.catalogue import Catalogue
    from model.datasets.interactions import Interactions

SEED = 20261121


class UnsplittableError(ValueError):
    """The interactions cannot be split in this manner; the message says why, and what would do."""


class NothingToAskError(ValueError):
    """No question is left; the message says why, and what would do."""


class History(Sequence[str]):
    """The items of a stretch of one user's interactions, newest first, read when asked for.

    A user with millions of events gives millions of questions, each of which has nearly all of them as history:
    written out they would not fit into memory.

    Attributes
    ----------
    item_ids : list of str
        What the numbers in `places` stand for.
    places : int32 array of shape (events,)
        Newest first.
    """

    def __init__(self, interactions: Interactions, begin: int, end: int) -> None:
        self.item_ids = interactions.item_ids
        self.places: NDArray[np.int32] = interactions.items[begin:end][::-1]

    def __len__(self) -> int:
        return int(self.places.size)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> list[str]: ...

    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self.item_ids[item] for item in self.places[place].tolist()]
        return self.item_ids[int(self.places[place])]

    def __iter__(self) -> Iterator[str]:
        return (self.item_ids[item] for item in self.places.tolist())


@dataclass(frozen=True, slots=True)
class Question:
    """What is known of a user at a moment, and what they did next.

    Attributes
    ----------
    history : sequence of str
        Items, newest first; empty for a stranger.
    wanted : tuple of str
        The items to find, each once, in the order of time.
    moment : int
        Epoch seconds at which the question is put.
    features : tuple of str
        Of the user, such as ("AGE_GROUP=25-34",).
    context : mapping of str to str
        Circumstances of the first event to find, such as {"DEVICE": "phone"}.
    """

    user: str
    history: Sequence[str]
    wanted: tuple[str, ...]
    moment: int = 0
    features: tuple[str, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Split:
    """What to learn from and what to be asked.

    Attributes
    ----------
    name : str
        How it was made, in words for a table.
    """

    train: Interactions
    questions: list[Question]
    name: str = "given"

    def at_most(self, count: int, seed: int = SEED) -> Split:
        """Keep a sample of the questions, drawn alike from all, in their order."""
        if len(self.questions) <= count:
            return self
        drawn = np.random.default_rng(seed).choice(len(self.questions), count, replace=False)
        return replace(self, questions=[self.questions[place] for place in np.sort(drawn).tolist()])

    def with_users(self, users: Catalogue) -> Split:
        """Tell the questions what is known of the users who ask."""
        known = dict(zip(users.item_ids, users.features, strict=True))
        told = [replace(one, features=known.get(one.user, ())) for one in self.questions]
        return replace(self, questions=told)


def leave_last_out(interactions: Interactions) -> Split:
    """Ask for the last event of each user who has two or more; all else is learnt from.

    The protocol of most papers on sequences. What others did later than a question is learnt from too, so figures are
    a little better than they will be in service; `by_time` has no such leak.

    Raises
    ------
    UnsplittableError
        No user has two events.
    """
    starts = interactions.starts()
    asked = np.flatnonzero(np.diff(starts) >= 2)
    if not asked.size:
        raise UnsplittableError(
            f"none of {len(interactions.user_ids)} people has two events, so that one could be left out; "
            "split by time instead"
        )
    last = starts[asked + 1] - 1
    kept = np.ones(len(interactions), np.bool_)
    kept[last] = False
    spans = zip(starts[asked].tolist(), last.tolist(), (last + 1).tolist(), strict=True)
    return Split(interactions.where(kept), _questions(interactions, spans), "leave the last out")


def by_time(interactions: Interactions, share: float = 0.1) -> Split:
    """Learn from the oldest events and ask each user of the newest ones for all items that they came to.

    Parameters
    ----------
    share : float
        Of the events that are kept for questions, between 0 and 1.

    Returns
    -------
    Split
        Whoever has no older event is asked with an empty history.

    Raises
    ------
    UnsplittableError
        All events carry one time, or there are none.
    """
    cut, older = _cut(interactions, share)
    starts = interactions.starts()
    counts = np.bincount(interactions.users[older], minlength=len(interactions.user_ids))
    first = starts[:-1] + counts
    asked = np.flatnonzero(first < starts[1:])
    spans = zip(starts[asked].tolist(), first[asked].tolist(), starts[asked + 1].tolist(), strict=True)
    name = f"by time, newest {share:.0%} of the events"
    return Split(interactions.where(older), _questions(interactions, spans, lambda _: cut), name)


def next_events(interactions: Interactions, share: float = 0.1) -> Split:
    """Learn from the oldest events and ask for each of the newest ones, given all that the user did before it.

    The model is not told of what happened after the cut, but each question knows it: a test of how a recipe reacts
    to events without being trained again.

    Parameters
    ----------
    share : float
        Of the events that are kept for questions, between 0 and 1.

    Returns
    -------
    Split
        A user's first event is no question.

    Raises
    ------
    UnsplittableError
        All events carry one time, or there are none.
    """
    _, older = _cut(interactions, share)
    asked = following(interactions, np.flatnonzero(~older))
    return Split(interactions.where(older), asked, f"next event, newest {share:.0%} of the events")


def hold_out_users(interactions: Interactions, share: float = 0.1, seed: int = SEED) -> Split:
    """Learn from some users and ask the others for the newest tenth of their events, given the rest of them.

    As Amazon Personalize evaluates (developer guide, "Evaluating a solution version with metrics").

    Parameters
    ----------
    share : float
        Of the users who are not learnt from, between 0 and 1.

    Raises
    ------
    UnsplittableError
        Nobody would be left to learn from, or nobody who is held out has two events.
    """
    count = len(interactions.user_ids)
    out = np.zeros(count, np.bool_)
    out[np.random.default_rng(seed).permutation(count)[: max(1, round(count * _checked(share)))]] = True
    starts = interactions.starts()
    lengths = np.diff(starts)
    asked = np.flatnonzero(out & (lengths >= 2))
    if out.all() or not asked.size:
        raise UnsplittableError(
            f"of {count} people, {int(out.sum())} would be held out and {asked.size} of those have two events; "
            "some must be left to learn from and some to ask"
        )
    newest = starts[asked + 1] - np.maximum(1, lengths[asked] // 10)
    spans = zip(starts[asked].tolist(), newest.tolist(), starts[asked + 1].tolist(), strict=True)
    name = f"hold {share:.0%} of the people out"
    return Split(interactions.where(~out[interactions.users]), _questions(interactions, spans), name)


def following(interactions: Interactions, places: NDArray[np.int64] | None = None) -> list[Question]:
    """Make a question of events, each with all earlier events of the user as history.

    Parameters
    ----------
    interactions : Interactions
        Such as the sessions of a test file, which a `Split` puts beside the interactions of a training file.
    places : integer array, optional
        Of the events; all where it is missing.

    Returns
    -------
    list of Question
        A user's first event is no question.
    """
    places = np.arange(len(interactions)) if places is None else places
    begins = interactions.starts()[interactions.users[places]]
    asked = places > begins
    begins, places = begins[asked], places[asked]
    spans = zip(begins.tolist(), places.tolist(), (places + 1).tolist(), strict=True)
    return _questions(interactions, spans)


def answered(train: Interactions, wanted: Mapping[str, Sequence[str]]) -> Split:
    """Make a split of a training set and a test set that somebody else has made, such as LightGCN's of Gowalla.

    Parameters
    ----------
    wanted : mapping of sequences of str
        The items to find by the id of the user, who is asked with all of their interactions in `train`.

    Returns
    -------
    Split
        Whoever has nothing to find is not asked.
    """
    number_of = {user: place for place, user in enumerate(train.user_ids)}
    starts = train.starts()
    questions = []
    for user, items in wanted.items():
        if items:
            number = number_of.get(user)
            begin, end = (0, 0) if number is None else (int(starts[number]), int(starts[number + 1]))
            moment = int(train.times[end - 1]) if end > begin else 0
            questions.append(Question(user, History(train, begin, end), tuple(dict.fromkeys(items)), moment))
    return Split(train, questions)


def _checked(share: float) -> float:
    if not 0 < share < 1:
        raise UnsplittableError(f"a share of {share} cannot be held out; give one between 0 and 1, such as 0.1")
    return share


def _cut(interactions: Interactions, share: float) -> tuple[int, NDArray[np.bool_]]:
    """Return the first moment that is held out, and which interactions lie before it."""
    if not len(interactions):
        raise UnsplittableError("there are no interactions to split")
    cut = int(np.quantile(interactions.times, 1 - _checked(share), method="lower"))
    older: NDArray[np.bool_] = interactions.times < cut
    if not older.any():
        raise UnsplittableError(
            f"so many of {len(interactions)} events carry the time {cut} that none is older than the newest "
            f"{share:.0%}; leave the last event of each person out instead"
        )
    return cut, older


def _questions(
    known: Interactions, spans: Iterable[tuple[int, int, int]], moment: Callable[[int], int] | None = None
) -> list[Question]:
    """Make a question of each (begin, first to find, end); it is put at the time of the first event to find."""
    asked: list[Question] = []
    for begin, newest, end in spans:
        wanted = tuple(known.item_ids[item] for item in dict.fromkeys(known.items[newest:end].tolist()))
        codes = {name: int(column.codes[newest]) for name, column in known.context.items()}
        context = {name: known.context[name].values[code] for name, code in codes.items() if code >= 0}
        asked.append(
            Question(
                known.user_ids[int(known.users[newest])],
                History(known, begin, newest),
                wanted,
                int(known.times[newest]) if moment is None else moment(newest),
                (),
                context,
            )
        )
    return asked
